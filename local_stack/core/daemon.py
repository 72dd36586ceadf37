"""Runs a stack in a process of its own: in the foreground, or detached and waited for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_stack.core.errors import StackError
from local_stack.core.lock import holder, running
from local_stack.core.stack import Stack

_START_SECONDS = 90.0
_STOP_SECONDS = 30.0


def run_foreground(directory: Path, accounts: tuple[str, ...], ready: Callable[[], None]) -> None:
    """Run until SIGTERM, SIGINT or the control listener's stop. Raises StackError."""
    asyncio.run(_run(directory, accounts, ready))


def start_detached(directory: Path, accounts: tuple[str, ...]) -> dict[str, Any]:
    """Start a stack that outlives this process and wait until it answers. Raises StackError with its last words."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    output = directory / "stack.out"
    command = [sys.executable, "-m", "local_stack", "up", "--foreground", "--directory", str(directory)]
    command += [word for name in accounts for word in ("--account", name)]
    with output.open("w") as file:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        facts = running(directory)
        if facts:
            return facts
        if child.poll() is not None:
            raise StackError(_last_words(output))
        time.sleep(0.05)
    child.terminate()
    raise StackError(f"The stack did not start within {_START_SECONDS:.0f} seconds. {_last_words(output)}")


def stop(directory: Path) -> bool:
    """Stop the stack in this directory and wait for its end; say whether one was running. Raises StackError."""
    process = holder(directory)
    if process is None:
        return False
    os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while holder(directory) == process:
        if time.monotonic() > deadline:
            log = directory / "stack.log"
            raise StackError(f"Process {process} does not end; see {log}, or `kill -9 {process}`.")
        time.sleep(0.05)
    while _is_there(process) and time.monotonic() < deadline:  # let go of the directory, it has yet to end
        time.sleep(0.01)
    return True


def _is_there(process: int) -> bool:
    with contextlib.suppress(ChildProcessError):  # our own child is there until its end was asked for
        os.waitpid(process, os.WNOHANG)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def _run(directory: Path, accounts: tuple[str, ...], ready: Callable[[], None]) -> None:
    stack = Stack(directory, reserve_accounts=accounts)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stack.ctx.stop_requested.set)
    await stack.start()
    try:
        ready()
        await stack.ctx.stop_requested.wait()
    finally:
        await stack.stop()


def _last_words(output: Path) -> str:
    lines = output.read_text("utf-8", errors="replace").strip().splitlines()
    return lines[-1].removeprefix("local_stack: ") if lines else f"It said nothing; see {output}."
