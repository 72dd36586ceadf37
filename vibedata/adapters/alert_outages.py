"""Outages as rows of the operations log: one an hour for each reason, however many alerts and workers it hinders.

Workers agree on the row's EventId, and each writes it once; nothing is kept anywhere, because what would keep it may
be what is down.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from vibedata.alerts.outage import hour_of, outage_row
from vibedata.errors import VibedataError
from vibedata.ports.alerts import AlertRows

AGAIN = timedelta(minutes=10)  # after a try that failed


class LoggedOutages:
    """See `ports.Outages`."""

    def __init__(self, rows: AlertRows, instance_id: str, clock: Callable[[], datetime]) -> None:
        self._rows, self._instance_id, self._clock = rows, instance_id, clock
        self._next: dict[str, datetime] = {}
        self._guard = threading.Lock()

    def tell(self, why: VibedataError) -> None:
        """See `ports.Outages.tell`."""
        now = self._clock()
        with self._guard:
            if now < self._next.get(why.code, now):
                return
            self._next[why.code] = now + AGAIN  # before the row is sent: others do not wait for it
        self._rows.deliver([outage_row(why, self._instance_id, now)])
        with self._guard:
            self._next[why.code] = hour_of(now) + timedelta(hours=1)
