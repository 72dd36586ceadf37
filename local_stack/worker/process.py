"""Starts one process of a virtual machine and feeds what it writes to sinks while it runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SUPERVISOR = Path(__file__).with_name("supervisor.py")
CHUNK = 64 * 1024

Sink = Callable[[bytes], None]


@dataclass(frozen=True)
class User:
    """A user of this machine; the default is the stack's own."""

    uid: int = -1
    gid: int = -1
    name: str = ""


@dataclass(frozen=True)
class Command:
    """What to run: a whole environment, nothing is inherited."""

    argv: Sequence[str]
    directory: Path
    environment: Mapping[str, str]
    user: User = User()


class Tail:
    """A sink that keeps the last `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = b""

    def __call__(self, data: bytes) -> None:
        self._kept = (self._kept + data)[-self._limit :]

    @property
    def text(self) -> str:
        """What was kept, as text; a character that was cut in two is replaced."""
        return self._kept.decode("utf-8", "replace")


class Lines:
    """A sink that hands on whole lines, at most `limit` bytes of each."""

    def __init__(self, hand_on: Callable[[str], None], limit: int) -> None:
        self._hand_on = hand_on
        self._limit = limit
        self._open = b""

    def __call__(self, data: bytes) -> None:
        *whole, rest = (self._open + data).split(b"\n")
        for line in whole:
            self._give(line)
        self._open = rest[: self._limit]

    def close(self) -> None:
        """Hand on a last line that did not end."""
        if self._open:
            self._give(self._open)
            self._open = b""

    def _give(self, line: bytes) -> None:
        self._hand_on(line[: self._limit].removesuffix(b"\r").decode("utf-8", "replace"))


async def run(
    python: Path, command: Command, *, stdout: Sink, stderr: Sink, timeout: float | None = None
) -> int | None:
    """Run a command to its end and return its exit code; None when `timeout` seconds ended it.

    When the caller is cancelled, or the whole stack dies, so do the process and all that it started.
    """
    user = command.user
    process = await asyncio.create_subprocess_exec(
        str(python),
        "-I",
        "-S",
        str(SUPERVISOR),
        str(user.uid),
        str(user.gid),
        *command.argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=command.directory,
        env=dict(command.environment),
        start_new_session=True,
    )
    try:
        return await asyncio.wait_for(_finish(process, stdout, stderr), timeout)
    except asyncio.TimeoutError:
        return None
    finally:
        await _let_go(process)


async def _finish(process: asyncio.subprocess.Process, stdout: Sink, stderr: Sink) -> int:
    await asyncio.gather(_pump(process.stdout, stdout), _pump(process.stderr, stderr))
    return await process.wait()


async def _pump(reader: asyncio.StreamReader | None, sink: Sink) -> None:
    while reader and (data := await reader.read(CHUNK)):
        sink(data)


async def _let_go(process: asyncio.subprocess.Process) -> None:
    if process.stdin:
        process.stdin.close()
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.shield(process.wait()), 5)
    if process.returncode is None:
        process.kill()
