"""Notices as rows of the operations log: the place where sending them to the publisher will begin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from vibedata.alerts.alert_rows import notice_row
from vibedata.alerts.noise import Notice
from vibedata.ports.alerts import AlertRows


class LoggedNotices:
    """See `ports.Notices`."""

    def __init__(self, rows: AlertRows, instance_id: str, clock: Callable[[], datetime]) -> None:
        self._rows, self._instance_id, self._clock = rows, instance_id, clock

    def open(self, notice: Notice) -> None:
        """See `ports.Notices.open`."""
        self._rows.deliver([notice_row("open", notice, self._instance_id, self._clock())])

    def close(self, notice: Notice) -> None:
        """See `ports.Notices.close`."""
        self._rows.deliver([notice_row("close", notice, self._instance_id, self._clock())])
