"""What is kept of a delivery once its row is in the operations log, so that its repetition writes nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

# Longer than the 30 days for which Azure keeps alert instances: reconciliation asks for none that is forgotten here.
KEPT = timedelta(days=45)
# Of an incident that is open and could be closed. A rule without state opens one each time it fires, and closes none.
KEPT_OPEN = timedelta(days=400)
# Of a body that is claimed. Its message waits on its queue without end, so nothing shorter than the longest will do.
KEPT_CLAIMED = timedelta(days=400)
KEPT_REJECTED = timedelta(days=400)  # what was no alert, and what was given up: for whoever looks into it
PARTITIONS = 256


@dataclass(frozen=True)
class Delivery:
    """One delivery that is done."""

    key: str
    event_id: str
    incident: str
    origin: str
    recorded_at: datetime


def place(key: str) -> tuple[str, str]:
    """Return partition and row of a key: 256 partitions by the first byte of its SHA-256."""
    digest = hashlib.sha256(key.encode(errors="replace")).hexdigest()
    return digest[:2], digest


def partitions(share: int, shares: int) -> list[str]:
    """Return the partitions of one of so many equal shares."""
    return [f"{number:02x}" for number in range(PARTITIONS) if number % shares == share % shares]
