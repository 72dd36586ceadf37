"""The ledger: which logical events were sent, computed from the documents alone, without the suite's code.

Two documents tell of the same logical event when they agree in lower(alertId), condition, the time when it was
resolved, else fired, and eventDataId; documents of the older schemas when they are the same.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.samples import essentials


def identity(document: dict[str, Any]) -> tuple[str, ...]:
    """Return what makes a document the logical event that it tells of."""
    told = essentials(document)
    if not told:
        return ("legacy", hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest())
    context = document["data"].get("alertContext")
    event = context.get("eventDataId") if isinstance(context, dict) else None
    when = told.get("resolvedDateTime") or told["firedDateTime"]
    return (str(told["alertId"]).lower(), str(told.get("monitorCondition") or ""), when, str(event or ""))


def delivery_key(event: tuple[str, ...]) -> str | None:
    """Return the key under which an event of the common schema is to be found, as docs/alerts.md defines it."""
    return None if event[0] == "legacy" else hashlib.sha256("|".join(event).encode()).hexdigest()


def incident_key(event: tuple[str, ...]) -> str:
    """Return what an alert's incident is found under: its id, as of its subscription."""
    scope, place, name = event[0].rpartition("/providers/microsoft.alertsmanagement/")
    return "/".join(scope.split("/")[:3]) + place + name


@dataclass
class Ledger:
    """Every logical event by its number, and how often it was delivered; one line of `file` for each delivery."""

    file: Path
    events: dict[int, tuple[str, ...]] = field(default_factory=dict)
    deliveries: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lines = self.file.open("w", encoding="utf-8")

    def sent(self, number: int, event: tuple[str, ...]) -> None:
        """Note that the action group has accepted a delivery of an event, and its receiver too."""
        if self.events.setdefault(number, event) != event:
            raise ValueError(f"event {number} is {self.events[number]} and {event}: the generator is wrong")
        self.deliveries[number] += 1
        self._lines.write(json.dumps([number, *event]) + "\n")

    def close(self) -> None:
        """Write what is buffered."""
        self._lines.close()
