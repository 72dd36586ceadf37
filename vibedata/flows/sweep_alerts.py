"""Sweep the alerts: deliver rows that wait in the spool, sum up limited rules, delete what has been kept long enough.

Runs every few minutes, each time over an equal share of the partitions, so that a run is short and all have had
their turn within hours; which share follows from the time, so there is nothing to remember.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from vibedata.alerts import alert_rows, delivery
from vibedata.alerts.noise import Limits
from vibedata.ports.alerts import AlertClaims, AlertRows, Deliveries, Incidents, RejectedAlerts

EVERY = timedelta(minutes=5)
SHARES = 32
AT_MOST = 2000  # rows of a table deleted in one run
DRAIN_SECONDS = 120.0
LATE = timedelta(minutes=10)  # how long after a window deliveries of it may still come
FORGOTTEN = timedelta(days=1)
EVERY_TIME = timedelta(
    hours=1
)  # after its end a window is counted in each run, then once an hour: it may be large
RUNS_AN_HOUR = timedelta(hours=1) // EVERY
LIMITS = Limits()


@dataclass(frozen=True)
class Swept:
    """What a run did: batches of rows delivered, windows summed up, rows deleted, bodies deleted."""

    drained: int
    summed_up: int
    deliveries: int
    incidents: int
    claims: int
    rejected: int


def run(
    *,
    deliveries: Deliveries,
    incidents: Incidents,
    claims: AlertClaims,
    rejected: RejectedAlerts,
    rows: AlertRows,
    clock: Callable[[], datetime],
    instance_id: str,
    limits: Limits = LIMITS,
    everything: bool = False,
) -> Swept:
    """Sweep the share whose turn it is, or everything. Raises Transient, Blocked; running again goes on."""
    now = clock()
    turn = int(now.timestamp() // EVERY.total_seconds())
    partitions = delivery.partitions(0, 1) if everything else delivery.partitions(turn, SHARES)
    blobs_too = everything or turn % SHARES == 0  # they are listed whole: once in each round is enough
    return Swept(
        drained=rows.drain(DRAIN_SECONDS),
        summed_up=_sum_up(
            incidents, rows, now, instance_id, limits, seldom=everything or turn % RUNS_AN_HOUR == 0
        ),
        deliveries=deliveries.expire(now, partitions, AT_MOST),
        incidents=incidents.expire(now, partitions, AT_MOST),
        claims=claims.expire(now - delivery.KEPT_CLAIMED) if blobs_too else 0,
        rejected=rejected.expire(now - delivery.KEPT_REJECTED) if blobs_too else 0,
    )


def _sum_up(
    incidents: Incidents, rows: AlertRows, now: datetime, instance_id: str, limits: Limits, *, seldom: bool
) -> int:
    """Write the row of each window that has ended and has more in it than its row tells; forget old ones.

    One in which something was counted lately is not forgotten, however long ago it ended: a backlog is worked off.
    """
    written = 0
    for limited, told in incidents.limited(now - LATE):
        if not seldom and told and limited.end < now - LATE - EVERY_TIME:
            continue
        count = incidents.counted(limited)
        if count > told:  # fewer: a run that forgets it died half way
            rows.deliver([alert_rows.limit_row(limited, count, limits.notices, instance_id, now)])
            incidents.limited_told(limited, count)
            written += 1
        elif limited.end < now - FORGOTTEN:
            incidents.forget_limited(limited)
    return written
