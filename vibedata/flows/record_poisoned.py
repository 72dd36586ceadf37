"""Record a poisoned message: keep it, write one row that says why, and only then let go of it.

When storage or the log refuse, the message stays on `alerts-poison` and comes again, but no more often than the host
tries any message: then it is stranded there (see `record_stranded`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from vibedata.alerts.poison import Poisoned
from vibedata.poisoning import PoisonRecorder
from vibedata.ports.alerts import AlertClaims, AlertRows, PoisonedAlerts


def run(
    raw: bytes,
    *,
    poisoned: PoisonedAlerts,
    claims: AlertClaims,
    rows: AlertRows,
    clock: Callable[[], datetime],
    instance_id: str,
    dequeue_count: int | None = None,
) -> Poisoned:
    """Keep a message that the processor gave up, and write its row. Raises Transient, Blocked."""
    return PoisonRecorder(poisoned, claims, rows, clock, instance_id).record(raw, dequeue_count)
