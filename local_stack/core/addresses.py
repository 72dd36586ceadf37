"""Which service listens where. Ports are chosen once and kept, because their URLs end up in resources and settings.

They lie below the ephemeral range, so that an outgoing connection cannot have taken one when the stack restarts.
"""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator

from local_stack.core.errors import StackError
from local_stack.core.store import Store

_RANGE = range(20_000, 32_000)
_BLOCK = 400  # ports
LOOPBACK = "127.0.0.1"


class Addresses:
    """Durable ports on loopback, by listener name."""

    def __init__(self, store: Store) -> None:
        self._kept = store.collection("core", "ports")
        self._held: dict[str, socket.socket] = {}

    def port(self, name: str, host: str = LOOPBACK) -> int:
        """Return the port kept for `name`; the first call chooses a free one and holds it until it is bound."""
        if name not in self._kept:
            self._choose(name, host)
        return int(self._kept[name]["port"])

    def url(self, name: str) -> str:
        """Return `https://127.0.0.1:PORT` (http for a listener without TLS)."""
        port = self.port(name)
        entry = self._kept[name]
        return f"{entry['scheme']}://{entry['host']}:{port}"

    def all(self) -> dict[str, str]:
        """Return every known listener and its URL."""
        return {name: self.url(name) for name in self._kept}

    def bind(
        self, name: str, host: str = LOOPBACK, *, port: int | None = None, tls: bool = True
    ) -> socket.socket:
        """Return a socket bound to the port kept for `name` (or to `port`, which is then kept).

        Raises StackError when another process has the port.
        """
        if port is not None:
            self._kept[name] = {"host": host, "port": port, "scheme": "https"}
        number = self.port(name, host)
        self._kept[name] = {"host": host, "port": number, "scheme": "https" if tls else "http"}
        held = self._held.pop(name, None)
        return held or _bound(name, host, number)

    def release(self, name: str) -> int:
        """Return the port kept for `name`, free for a child process to bind."""
        number = self.port(name)
        held = self._held.pop(name, None)
        if held:
            held.close()
        _bound(name, LOOPBACK, number).close()
        return number

    def forget(self, name: str) -> None:
        """Give up the port of a listener that will not come back."""
        self._kept.pop(name, None)
        held = self._held.pop(name, None)
        if held:
            held.close()

    def close(self) -> None:
        """Let go of the ports that were chosen and never bound."""
        while self._held:
            self._held.popitem()[1].close()

    def _choose(self, name: str, host: str) -> None:
        taken = {entry["port"] for entry in self._kept.values()}
        for number in _candidates():
            if number in taken:
                continue
            try:
                self._held[name] = _bound(name, host, number)
            except StackError:
                continue
            self._kept[name] = {"host": host, "port": number, "scheme": "https"}
            return
        raise StackError(
            f"No free port for {name} between {_RANGE.start} and {_RANGE.stop}; stop other stacks."
        )


def _candidates() -> Iterator[int]:
    """Yield ports in the order in which they are tried: first those of this process's own block.

    A stack that is down for a moment holds none of its ports; another process that starts one takes them less often.
    """
    start = os.getpid() * _BLOCK % len(_RANGE)
    yield from random.SystemRandom().sample(_RANGE[start : start + _BLOCK], _BLOCK)
    yield from random.SystemRandom().sample(_RANGE, 500)


def _bound(name: str, host: str, number: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, number))
        bound.listen(256)  # at once: two sockets may share a port that nobody listens on
    except OSError as error:
        bound.close()
        raise StackError(
            f"Port {number} of {host}, kept for {name}, cannot be used ({error.strerror}). Stop what has it "
            f"(`ss -ltnp 'sport = :{number}'`), or remove the stack's directory to choose new ports."
        ) from error
    bound.setblocking(False)
    return bound
