"""A wire that breaks: passes bytes on between a client and a registry, counts them, and resets when told to."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field

_RESET = struct.pack("ii", 1, 0)


@dataclass
class Wire:
    """Listens on loopback between `__enter__` and `__exit__`.

    `cuts_down` and `cuts_up`: after so many bytes to the client, or to the registry, on one connection, that
    connection is reset; each is used once. `gently`: it only ends, so that what was passed on has arrived.
    """

    upstream: str
    cuts_down: list[int] = field(default_factory=list)
    cuts_up: list[int] = field(default_factory=list)
    gently: bool = False
    down: int = 0
    up: int = 0

    def __enter__(self) -> Wire:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        name, _, port = self.upstream.partition(":")
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection((name, int(port)))
            for one, other, way in ((client, server, "up"), (server, client, "down")):
                threading.Thread(target=self._pass_on, args=(one, other, way), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, way: str) -> None:
        passed, cuts = 0, getattr(self, f"cuts_{way}")
        with contextlib.suppress(OSError):
            while piece := one.recv(1 << 14):
                passed += len(piece)
                with self._lock:
                    setattr(self, way, getattr(self, way) + len(piece))
                    is_cut = bool(cuts) and passed >= cuts[0]
                    if is_cut:
                        cuts.pop(0)
                if is_cut and not self.gently:
                    return _reset(one, other)
                other.sendall(piece)
                if is_cut:
                    break
            other.shutdown(socket.SHUT_WR)
        return None


def _reset(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.shutdown(socket.SHUT_RD)
            end.close()
