"""Wheels for a bundle: kept in a cache folder, fetched by pip when one is missing, believed only by hash.

pip chooses among an index's files for another interpreter than its own; it reads markers as its own, though,
so the lock's markers are decided before it is asked, and it gets one plain list.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from vibedata.bundle import Locked, Target, Wheel, canonical_name
from vibedata.errors import Failed, Transient

MAX_WHEEL_BYTES = 256 * 1024 * 1024
MAX_FILES = 50_000
FETCH_SECONDS = 600
_LINK = 0o120000
_ROOTS = ("purelib", "platlib")


class WheelCache:
    """Wheels in `directory/<target>/`; `python` has pip, which gets `environ` (None: this process's own)."""

    def __init__(
        self, directory: Path, python: str = sys.executable, environ: Mapping[str, str] | None = None
    ) -> None:
        self._directory = directory
        self._python = python
        self._environ = environ

    def fetch(self, target: Target, locked: Sequence[Locked]) -> list[Wheel]:
        """Return the locked wheels. Raises Transient (wheels-unavailable), Failed (wheel-refused)."""
        folder = self._directory / target.name
        folder.mkdir(parents=True, exist_ok=True)
        missing = [row for row in locked if row not in _present(folder, locked)]
        if missing:
            self._download(target, missing, folder)
        paths = _present(folder, locked)
        lacking = [f"{row.name} {row.version}" for row in locked if row not in paths]
        if lacking:
            raise _refused(", ".join(lacking), "was fetched, but its hash is not in the lock")
        return [Wheel(row.name, row.version, read_wheel(paths[row])) for row in locked]

    def _download(self, target: Target, missing: Sequence[Locked], folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as scratch:
            wanted = Path(scratch, "wanted.txt")
            wanted.write_text("".join(_requirement(row) for row in missing), "utf-8")
            self._pip(target, wanted, Path(scratch))
            for wheel in Path(scratch).glob("*.whl"):
                wheel.replace(folder / wheel.name)

    def _pip(self, target: Target, wanted: Path, destination: Path) -> None:
        command = [self._python, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--require-hashes", "--disable-pip-version-check", "--no-input"]
        command += [
            "--implementation",
            "cp",
            "--abi",
            f"cp3{target.minor}",
            "--python-version",
            target.python,
        ]
        for platform in target.platforms:
            command += ["--platform", platform]
        command += ["--requirement", str(wanted), "--dest", str(destination)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False, env=self._environ
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _unavailable(target, str(error)) from error
        if done.returncode:
            raise _unavailable(target, _complaint(done.stderr))


def read_wheel(path: Path, limit: int = MAX_WHEEL_BYTES) -> dict[str, bytes]:
    """Return a wheel's files by their path in an installed tree; scripts, headers and data are left out.

    Raises Failed (wheel-refused) for names that leave the tree, links, and more than `limit` bytes.
    """
    files: dict[str, bytes] = {}
    left = limit
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MAX_FILES:
                raise _refused(path.name, f"has more than {MAX_FILES} files")
            for member in members:
                name = _installed_name(path, member)
                if name is None:
                    continue
                with archive.open(member) as content:
                    files[name] = content.read(left + 1)
                left -= len(files[name])
                if left < 0:
                    raise _refused(path.name, f"unpacks to more than {limit} bytes")
    except (zipfile.BadZipFile, OSError, NotImplementedError, EOFError) as error:
        raise _refused(path.name, f"is no readable wheel: {error}") from error
    return files


def _installed_name(path: Path, member: zipfile.ZipInfo) -> str | None:
    name = member.filename
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\\" in name or ".." in parts or ":" in parts[0]:
        raise _refused(path.name, f"has a file that leaves the tree: {name[:80]!r}")
    if (member.external_attr >> 16) & 0o170000 == _LINK:
        raise _refused(path.name, f"has a link: {name[:80]!r}")
    if member.is_dir() or name.endswith(".pyc"):
        return None
    if parts[0].endswith(".data"):
        return "/".join(parts[2:]) if len(parts) > 2 and parts[1] in _ROOTS else None
    return "/".join(parts)


def _present(folder: Path, locked: Sequence[Locked]) -> dict[Locked, Path]:
    """Return the cached wheel of each locked distribution whose hash the lock names."""
    wanted = {(row.name, row.version): row for row in locked}
    found: dict[Locked, Path] = {}
    for path in sorted(folder.glob("*.whl")):
        name, version = path.name.split("-")[:2]
        row = wanted.get((canonical_name(name), version.replace("_", "+")))
        if row and row not in found and _digest(path) in row.hashes:
            found[row] = path
    return found


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        shutil.copyfileobj(file, _Into(digest), 1 << 20)
    return f"sha256:{digest.hexdigest()}"


class _Into:
    def __init__(self, digest: hashlib._Hash) -> None:
        self.write = digest.update


def _requirement(row: Locked) -> str:
    return (
        " ".join([f"{row.name}=={row.version}", *(f"--hash={digest}" for digest in sorted(row.hashes))])
        + "\n"
    )


def _complaint(stderr: str) -> str:
    lines = stderr.splitlines()
    errors = [line for line in lines if line.startswith("ERROR")]
    network = [line for line in lines if "Retrying" in line or "Could not fetch URL" in line]
    return " ".join([*network[-1:], (errors or lines or ["pip says nothing"])[-1]])[:500]


def _unavailable(target: Target, why: str) -> Transient:
    return Transient(
        "wheels-unavailable",
        f"The wheels of the bundle for {target.name} could not be fetched: {why}",
        hint="Check pip's index and the network; what is in the cache folder needs neither. "
        "A shell of the local stack trusts its CA alone: pack in another one.",
    )


def _refused(what: str, why: str) -> Failed:
    return Failed(
        "wheel-refused",
        f"{what} {why}.",
        hint="Remove it from the cache folder and pack again; if it comes back, do not trust the index.",
    )
