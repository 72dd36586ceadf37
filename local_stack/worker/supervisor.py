"""Runs one command in a session of its own and ends all of it when the stack goes away, however it goes.

Started as `python -I -S supervisor.py UID GID COMMAND...` (-1: keep the user). Standard input is the leash:
the stack never writes to it, and the kernel closes it when the stack ends or lets go. Standard library only.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading


def main(uid: int, gid: int, command: list[str]) -> int:
    """Return the command's exit code, as a shell would report it."""
    drop = {} if uid < 0 else {"user": uid, "group": gid, "extra_groups": []}
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **drop)  # type: ignore[call-overload]
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 126 if isinstance(error, PermissionError) else 127
    threading.Thread(target=_hold_leash, args=(child.pid,), daemon=True).start()
    code = int(child.wait())
    _end(child.pid)  # what the command left running in its session
    return code if code >= 0 else 128 - code


def _hold_leash(pid: int) -> None:
    while os.read(0, 4096):
        pass
    _end(pid)


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
