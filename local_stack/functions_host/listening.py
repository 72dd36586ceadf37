"""The app's address: a port on loopback, the certificate of the stack's CA, and the keys that open it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
from dataclasses import asdict
from pathlib import Path

from local_stack.core.addresses import LOOPBACK
from local_stack.core.files import write_private
from local_stack.core.tls import Tls
from local_stack.functions_host.errors import HostError
from local_stack.functions_host.keys import Keys

_RANGE = range(20_000, 32_000)
_BACKLOG = 1024
_FILE = "functions_host.json"


def bound(port: int, directory: Path | None) -> socket.socket:
    """Return a listening socket: at the port, at the last one in this directory, or at a free one. Raises HostError."""
    if port:
        try:
            return _listen(port)
        except OSError as error:
            raise HostError(f"Port {port} cannot be used ({error.strerror}); give --port another.") from error
    last = _last(directory)
    for number in [*([last] if last else []), *random.SystemRandom().sample(_RANGE, 200)]:
        with contextlib.suppress(OSError):
            return _listen(number)
    raise HostError("No free port was found on loopback.")


def certificate(directory: Path | None) -> list[str]:
    """Return certificate and key files for loopback by the stack's CA; none without a stack."""
    if directory is None:
        return []
    return [str(file.absolute()) for file in Tls(directory / "keys").leaf_files("functions-host")]


def kept_keys(directory: Path | None) -> Keys:
    """Return the keys in a stack's directory, made at the first call; fresh ones without a directory."""
    if directory is None:
        return Keys()
    file = directory / "keys" / "functions.json"
    if not file.exists():
        write_private(file, json.dumps(asdict(Keys())).encode())
    return Keys(**json.loads(file.read_text("ascii")))


def tell(directory: Path | None, url: str) -> None:
    """Write down where the app answers, for whoever calls it."""
    if directory:
        write_private(directory / _FILE, json.dumps({"pid": os.getpid(), "url": url}).encode())


def _last(directory: Path | None) -> int:
    try:
        told = json.loads((directory / _FILE).read_text("ascii")) if directory else {}
        return int(str(told.get("url", ":0")).rpartition(":")[2])
    except (OSError, ValueError):
        return 0


def _listen(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((LOOPBACK, port))
        made.listen(_BACKLOG)
    except OSError:
        made.close()
        raise
    return made
