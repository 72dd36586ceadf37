"""Reads the operations log: what happened since a time, or in one operation, and what happens next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from vibedata.errors import BadInput
from vibedata.ports import OperationsReader

POLL_SECONDS = 2.0
LATE = timedelta(minutes=10)  # rows arrive late (ingestion, spool): a following reader looks back this far
MAX_AGE = timedelta(days=730)  # no workspace keeps rows for longer
_AGE = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z|[+-]\d{2}:\d{2})?",
    re.IGNORECASE,
)

Row = dict[str, Any]


def read_logs(
    *,
    reader: OperationsReader,
    clock: Callable[[], datetime],
    pause: Callable[[float], None],
    since: str = "1h",
    operation_id: str | None = None,
    follow: bool = False,
) -> Iterator[list[Row]]:
    """Return the rows since then (`30m`, `1h` or an ISO time) in one batch, each event once, oldest first.

    With `follow`, batches of new rows come after it, for as long as the caller asks for more.
    Raises BadInput (since-invalid), and what the port raises.
    """
    start = start_of(since, clock())
    return _batches(reader, start, operation_id, clock, pause if follow else None)


def _batches(
    reader: OperationsReader,
    start: datetime,
    operation_id: str | None,
    clock: Callable[[], datetime],
    pause: Callable[[float], None] | None,
) -> Iterator[list[Row]]:
    seen: dict[str, str] = {}
    while True:
        rows = reader.rows(since=start, operation_id=operation_id)
        fresh = [row for row in rows if seen.get(row["EventId"]) != row["TimeGenerated"]]
        seen = {row["EventId"]: row["TimeGenerated"] for row in rows}
        yield fresh
        if pause is None:
            return
        start = max(start, clock() - LATE)
        pause(POLL_SECONDS)


def start_of(since: str, now: datetime) -> datetime:
    """Return the moment that `since` means: an age before `now`, or an ISO 8601 time (UTC without a zone).

    Raises BadInput (since-invalid).
    """
    age = _AGE.fullmatch(since)
    moment = now - timedelta(**{_UNITS[age[2]]: int(age[1])}) if age else _moment(since)
    if moment is None or moment < now - MAX_AGE:
        raise BadInput(
            "since-invalid",
            f"{since!r} is neither an age nor a time of the last two years.",
            hint="Give an age like 30m, 1h or 2d, or an ISO 8601 time like 2026-01-31T12:00:00Z.",
        )
    return moment


def _moment(text: str) -> datetime | None:
    """Read an ISO time; `fromisoformat` of Python 3.10 takes neither `Z` nor seven digits."""
    found = _TIME.fullmatch(text)
    if not found:
        return None
    day, minute, second, fraction, zone = found.groups()
    offset = "+00:00" if zone in (None, "Z", "z") else zone
    micro = ((fraction or "") + "000000")[:6]
    try:
        moment = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}.{micro}{offset}")
        return moment.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
