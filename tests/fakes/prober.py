"""A prober whose world is told what to answer."""

from __future__ import annotations

import threading
from datetime import datetime, timezone

from vibedata.health import HEALTHY, OK, UNHEALTHY, Outcome
from vibedata.probing import Probe

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=timezone.utc)


class FakeProber:
    """Everything is healthy but what `say` has made otherwise; `asked` lists every question."""

    def __init__(self) -> None:
        self.asked: list[Probe] = []
        self._said: dict[str, list[tuple[str, str, str]]] = {}
        self._lock = threading.Lock()

    def say(self, component: str, reason: str, *, status: str = UNHEALTHY, times: int | None = None) -> None:
        """Answer so for every probe of a component: `times` times, or until `clear`."""
        told = (status, reason, f"{component} says {reason}.")
        self._said[component] = [told] * (times or 10_000)

    def clear(self, component: str) -> None:
        self._said.pop(component, None)

    def probe(self, probe: Probe) -> Outcome:
        with self._lock:
            self.asked.append(probe)
            said = self._said.get(probe.component)
            status, reason, message = said.pop(0) if said else (HEALTHY, OK, "Fine.")
        return Outcome(probe.type, status, reason, message, NOW, 3)
