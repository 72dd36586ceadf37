"""The component registry as a busy process reads it: once in a while, not for every alert."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from vibedata.ports.alerts import RegistryRows
from vibedata.registry import Row

SECONDS = (
    30.0  # a component that is new is known that late; an alert of one is rarely the first thing it sends
)


class RememberedRows:
    """Rows of a registry that are read again when they are old. Safe to use from several threads."""

    def __init__(
        self,
        registry: RegistryRows,
        *,
        seconds: float = SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._seconds, self._monotonic = registry, seconds, monotonic
        self._known: dict[str, tuple[float, Sequence[Row]]] = {}
        self._lock = threading.Lock()

    def read(self, prefix: str = "") -> Sequence[Row]:
        """Return the rows under `prefix`, at most half a minute old. Raises as the registry does."""
        with self._lock:  # held while reading: others wait for the answer instead of asking too
            known = self._known.get(prefix)
            if known is None or self._monotonic() - known[0] >= self._seconds:
                known = self._monotonic(), self._registry.read(prefix)
                self._known[prefix] = known
        return known[1]
