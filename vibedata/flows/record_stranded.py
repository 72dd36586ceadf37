"""Record what is stranded on `alerts-poison`, and take it away.

The Functions host tries a message of a poison queue as often as any other and then leaves it there for good; one that
is not base64 it cannot hand over at all. Both would lie there, unseen, until they expire.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from vibedata.poisoning import PoisonRecorder
from vibedata.ports.alerts import AlertClaims, AlertRows, PoisonedAlerts, StrandedMessages

STRANDED = timedelta(
    hours=1
)  # a host that is well has taken it within seconds; should both record it, they write the same


def run(
    *,
    stranded: StrandedMessages,
    poisoned: PoisonedAlerts,
    claims: AlertClaims,
    rows: AlertRows,
    clock: Callable[[], datetime],
    instance_id: str,
) -> int:
    """Record what has lain there for too long; return how many. Raises Transient, Blocked."""
    recorder = PoisonRecorder(poisoned, claims, rows, clock, instance_id)
    recorded = 0
    for one in stranded.older(clock() - STRANDED):
        recorder.record(one.raw, one.dequeue_count)
        stranded.done(one)
        recorded += 1
    return recorded
