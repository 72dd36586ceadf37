"""Rows on the worker's own disk until they are delivered, so that a killed process loses none.

One file per process, mode 0600, held by a lock while its process lives. Whoever gets the lock of a file may
deliver and delete it: its writer is gone. A directory that cannot be used turns the journal off, for it must
never stop the work.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

PIECE_BYTES = 4 * 1024 * 1024  # of what a process left, delivered at a time
MAX_FILES = 100


class Journal:
    """The rows of this process that are not delivered yet."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: int | None = None
        self._path: Path | None = None
        self._broken = False

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines to this process's file, creating it at the first call."""
        try:
            file = self._open()
            if file is not None:
                start = [b""] if self._broken else []  # ends a line that was cut short
                _write(file, b"\n".join((*start, *lines, b"")))
        except OSError:
            self._broken = True

    def replace(self, lines: Sequence[bytes]) -> None:
        """Hold exactly these lines from here on; none: the file goes away.

        They are in a file of their own before the one that has them among others goes: whoever dies, or finds the
        disk full, loses none.
        """
        if self._file is None or not lines:
            self.close()
            return
        before = Journal(self._directory)
        before._file, before._path = self._file, self._path
        self._file, self._path, self._broken = None, None, False
        self.append(lines)
        if self._broken:
            self.close()
            self._file, self._path = before._file, before._path
        else:
            before.close()

    def close(self) -> None:
        """Delete the file: all of it is delivered."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        if self._file is not None:
            os.close(self._file)
        self._file = self._path = None

    def abandon(self) -> None:
        """Let go of the file as it is: a later process takes it over."""
        if self._file is not None:
            os.close(self._file)
        self._file = self._path = None

    def leftovers(self) -> Iterator[Leftover]:
        """Yield what processes that are gone have left: at most 100 files, oldest first, each held."""
        try:
            paths = sorted(path for path in self._directory.iterdir() if path.suffix == ".jsonl")
        except OSError:
            return
        for path in paths[:MAX_FILES]:
            if path == self._path:
                continue
            with contextlib.suppress(OSError), Leftover(path) as leftover:
                yield leftover

    def _open(self) -> int | None:
        if self._file is None and not self._broken:
            self._make_directory()
            stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S")
            self._path = self._directory / f"{stamp}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(self._path, flags, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self._file

    def _make_directory(self) -> None:
        """Make the directory, and the one above it, but no home for an engine that has none here."""
        self._directory.parent.mkdir(exist_ok=True)
        if not self._directory.exists():
            self._directory.mkdir(exist_ok=True)
            self._directory.chmod(0o2770)  # root's Run Commands and the jobs' user share it by group


class Leftover:
    """The journal of a process that is gone. Raises OSError while it lives, or when the file is not ours."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def __enter__(self) -> Leftover:
        self._file = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def pieces(self) -> Iterator[list[bytes]]:
        """Yield the whole lines, some MB at a time; what a dying process cut short is left out.

        Who asks for the next piece has delivered the last, which is blanked: a later process goes on there.
        """
        start = 0
        with os.fdopen(os.dup(self._file), "rb") as file:
            while lines := file.readlines(PIECE_BYTES):
                yield [line for line in map(bytes.strip, lines) if _whole(line)]
                size = sum(map(len, lines))
                with contextlib.suppress(OSError):
                    os.pwrite(self._file, b" " * (size - 1) + b"\n", start)
                start += size

    def delete(self) -> None:
        """Remove the file: its rows have arrived."""
        self._path.unlink(missing_ok=True)


def _write(file: int, content: bytes) -> None:
    if os.write(file, content) < len(content):
        raise OSError(errno.ENOSPC, "only a part of it was written")


def _whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
