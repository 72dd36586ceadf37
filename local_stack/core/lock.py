"""One stack per directory. The lock ends with the process, however that ends, so nothing stale is left to clear."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from local_stack.core.errors import StackError
from local_stack.core.files import write_private

_LOCK = "stack.lock"
_RUNNING = "running.json"


class DirectoryLock:
    """Held while a stack runs in the directory."""

    def __init__(self, directory: Path) -> None:
        self._running = directory / _RUNNING
        self._file = (directory / _LOCK).open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise StackError(
                f"A stack is already running in {directory}. Use it, or stop it: "
                f"`python -m local_stack down --directory {directory}`."
            ) from error
        self._running.unlink(missing_ok=True)
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let others start a stack here."""
        self._running.unlink(missing_ok=True)
        self._file.close()


def tell_running(directory: Path, addresses: dict[str, str]) -> None:
    """Write down who runs here and where it answers, for the command line."""
    facts = {"pid": os.getpid(), "addresses": addresses}
    write_private(directory / _RUNNING, json.dumps(facts, indent=1).encode())


def running(directory: Path) -> dict[str, Any] | None:
    """Return what the running stack wrote down; None when none runs, or it has not finished starting."""
    try:
        file = (directory / _LOCK).open("r+")
    except FileNotFoundError:
        return None
    with file:
        if not _is_locked(file.fileno()):
            return None
        try:
            facts: dict[str, Any] = json.loads((directory / _RUNNING).read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return facts


def holder(directory: Path) -> int | None:
    """Return the process that has this directory, even if it is still starting or ending."""
    try:
        with (directory / _LOCK).open("r+") as file:
            return int(file.read()) if _is_locked(file.fileno()) else None
    except (FileNotFoundError, ValueError):
        return None


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
