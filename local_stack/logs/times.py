"""Times and spans as the two APIs write them; Python 3.10 reads neither `Z` nor seven digits."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"P(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)

MAX_SECONDS = 100 * 365 * 86_400  # so far back no workspace remembers


def parse_time(text: str) -> datetime | None:
    """Return the moment, aware, UTC (also when no zone is given); None when it is none."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    micro = int(((fraction or "") + "000000")[:6])
    try:
        day_start = datetime(int(year), int(month), int(day), tzinfo=timezone.utc)
        return day_start.replace(
            hour=int(hour or 0), minute=int(minute or 0), second=int(second or 0), microsecond=micro
        ) - _offset(zone)
    except (ValueError, OverflowError):
        return None


def format_time(moment: datetime) -> str:
    """Return `2026-01-31T12:00:00.123456Z`; the text sorts as the time does."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_timespan(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Return what a query's `timespan` means (`PT1H`, `start/end`, `start/PT1H`); None: unreadable."""
    first, _, second = text.partition("/")
    if not second:
        length = _duration(first)
        return (now - length, now) if length is not None else None
    start = parse_time(first)
    length = _duration(second)
    end = start + length if start and length is not None else parse_time(second)
    return (start, end) if start and end else None


def _duration(text: str) -> timedelta | None:
    found = _DURATION.fullmatch(text)
    if not found or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    length = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    return timedelta(seconds=length) if length < MAX_SECONDS else None


def _offset(zone: str | None) -> timedelta:
    if not zone or zone.upper() == "Z":
        return timedelta()
    span = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return span if zone[0] == "+" else -span


def format_span(span: timedelta) -> str:
    """Return a timespan as Kusto writes it: `1.02:03:04.5000000`."""
    sign, whole = ("-", -span) if span < timedelta() else ("", span)
    hours, rest = divmod(whole.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{whole.days}." if whole.days else ""
    fraction = f".{whole.microseconds * 10:07d}" if whole.microseconds else ""
    return f"{sign}{days}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"
