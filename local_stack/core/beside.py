"""The functions host that runs beside a stack: found by what it wrote down, and ended before the stack is."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path

from local_stack.core.errors import StackError

FILE = "functions_host.json"
_MODULE = "local_stack.functions_host"
_STOP_SECONDS = 60.0


def functions_host(directory: Path) -> tuple[int, str] | None:
    """Return process id and address of the functions host beside the stack in this directory; None: none runs."""
    try:
        told = json.loads((directory / FILE).read_text("ascii"))
        process, url = int(told["pid"]), str(told["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (process, url) if _is_host(process) else None


def stop_functions_host(directory: Path) -> bool:
    """Stop it and wait for its end; say whether one ran. Raises StackError."""
    found = functions_host(directory)
    if found is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(found[0], signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _is_host(found[0]):
        if time.monotonic() > deadline:
            raise StackError(f"The functions host, process {found[0]}, does not end: `kill -9 {found[0]}`.")
        time.sleep(0.05)
    return True


def _is_host(process: int) -> bool:
    """Say whether that process runs, and is a functions host: its number may be another's by now."""
    with contextlib.suppress(
        ChildProcessError, OSError
    ):  # our own child is there until its end was asked for
        os.waitpid(process, os.WNOHANG)
    try:
        os.kill(process, 0)
    except OSError:
        return False
    if not Path("/proc/self/cmdline").exists():
        return True
    try:
        return _MODULE.encode() in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return False
