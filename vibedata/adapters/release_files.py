"""What a release is packed from: a git checkout of this repository, read and never written."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from vibedata.errors import BadInput
from vibedata.ports import Commit

LOCK = "requirements-worker.txt"
ENGINE = ("vibedata", "oci")
ENGINE_SUFFIXES = {".py", ".json"}
MAX_FILE_BYTES = 16 * 1024 * 1024
GIT_SECONDS = 30


class Checkout:
    """The repository at `root`; `release` is the folder of release.json and components/, relative to it."""

    def __init__(self, root: Path, release: str = "demo/release") -> None:
        self._root = root
        self._release = release

    def commit(self) -> Commit:
        """Return the commit that is checked out. Raises BadInput (release-commit-unknown)."""
        commit, seconds = self._git("log", "-1", "--format=%H %ct").split()
        changed = self._git("status", "--porcelain", "-z", "--untracked-files=all", "--", *self._inputs())
        paths = (self._root / entry[3:] for entry in changed.split("\0") if entry[2:3] == " ")
        newest = max((int(path.stat().st_mtime) for path in paths if path.is_file()), default=0)
        return Commit(commit, datetime.fromtimestamp(max(int(seconds), newest), timezone.utc))

    def description(self) -> dict[str, Any]:
        """Return release.json. Raises BadInput (release-source-missing, release-source-refused)."""
        path = self._root / self._release / "release.json"
        try:
            document = json.loads(_read(path))
        except (ValueError, RecursionError) as error:
            raise _refused(path, f"is no JSON: {error}") from error
        if not isinstance(document, dict):
            raise _refused(path, "holds no object")
        return document

    def engine(self) -> dict[str, bytes]:
        """Return all Python and JSON files of the engine's packages."""
        found = (path for package in ENGINE for path in (self._root / package).rglob("*"))
        files = [p for p in found if p.suffix in ENGINE_SUFFIXES and "__pycache__" not in p.parts]
        return self._files(self._root, files)

    def lock(self) -> str:
        """Return the lock of the worker's distributions."""
        return _read(self._root / LOCK).decode("utf-8")

    def runbook(self, verb: str) -> bytes:
        """Return a runbook's script."""
        return _read(self._root / "runbooks" / f"{verb}.py")

    def component(self, name: str) -> dict[str, bytes]:
        """Return every file below components/<name>."""
        folder = self._root / self._release / "components" / name
        files = self._files(folder, (path for path in folder.rglob("*") if path.is_file()))
        if not files:
            raise _missing(folder)
        return files

    def _files(self, root: Path, paths: Iterable[Path]) -> dict[str, bytes]:
        return {path.relative_to(root).as_posix(): _read(path) for path in sorted(paths)}

    def _inputs(self) -> tuple[str, ...]:
        return (*ENGINE, "runbooks", self._release, LOCK)

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self._root), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            told = (getattr(error, "stderr", None) or str(error).encode()).decode("utf-8", "replace").strip()
            raise BadInput(
                "release-commit-unknown",
                f"git does not say which commit {self._root} is: {told[:200]}",
                hint="Pack in a git checkout with at least one commit, or give commit, serial and time.",
            ) from error
        return done.stdout.decode("utf-8", "surrogateescape")


def _read(path: Path) -> bytes:
    try:
        if path.is_symlink() or not path.is_file():
            raise _missing(path)
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _refused(path, f"is larger than {MAX_FILE_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from error


def _missing(path: Path) -> BadInput:
    return BadInput(
        "release-source-missing",
        f"{path} is not there.",
        hint="docs/release.md says which files a release is packed from.",
    )


def _refused(path: Path, why: str) -> BadInput:
    return BadInput(
        "release-source-refused",
        f"{path} {why}.",
        hint="Mend the file; docs/release.md says what belongs in it.",
    )
