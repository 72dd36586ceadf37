"""Reads the times that Azure Monitor writes: ISO 8601 with 0 to 9 digits of fraction, US and RFC 1123 formats.

`datetime.fromisoformat` will not do: Python 3.10 refuses `Z` and every fraction but 3 and 6 digits. A time
without an offset is UTC; `3/4/2019` is March 4th, because what writes so is .NET's en-US.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone
from typing import Any

MAX_CHARS = 64

_OFFSET = r"\s*(?P<offset>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
_ISO = re.compile(
    rf"(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})(?:(?:T|\s+){_CLOCK}{_OFFSET})?",
    re.IGNORECASE,
)
_US = re.compile(
    rf"(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/(?P<year>\d{{4}})(?:\s+{_CLOCK}(?:\s*(?P<half>[AP])M)?{_OFFSET})?",
    re.IGNORECASE,
)
_RFC1123 = re.compile(
    rf"(?:[A-Z]{{3}},\s*)?(?P<day>\d{{1,2}})\s+(?P<name>[A-Z]{{3}})\s+(?P<year>\d{{4}})\s+{_CLOCK}{_OFFSET}",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DOTNET = re.compile(r"/Date\((?P<ms>-?\d{1,15})(?:[+-]\d{4})?\)/")
_SECONDS = range(10**9, 10**11)  # 2001 to 5138, as seconds
_MILLISECONDS = range(10**12, 10**14)
_YEARS = range(1970, 3000)  # .NET writes the year 1 or 9999 where it has no time at all


def parse(value: Any) -> datetime | None:
    """Return the time in UTC, or None for what is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _of_epoch(value)
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > MAX_CHARS:
        return None
    try:
        moment = _of_text(text)
    except (ValueError, OverflowError, TypeError):
        return None
    return moment if moment and moment.year in _YEARS else None


def _of_text(text: str) -> datetime | None:
    if ticks := _DOTNET.fullmatch(text):
        return _of_epoch(int(ticks["ms"]), unit=1000)
    match = _ISO.fullmatch(text) or _US.fullmatch(text) or _RFC1123.fullmatch(text)
    return _of_match(match) if match else None


def _of_match(match: re.Match[str]) -> datetime:
    part = match.groupdict()
    fraction = (part["fraction"] or "").ljust(6, "0")[:6]
    local = datetime(
        int(part["year"]),
        int(part.get("month") or _MONTHS.index(part["name"].lower()) + 1),
        int(part["day"]),
        _hour(int(part["hour"] or 0), part.get("half") or ""),
        int(part["minute"] or 0),
        int(part["second"] or 0),
        int(fraction),
    )
    return _utc(local.replace(tzinfo=_zone(part["offset"] or "")))


def _hour(hour: int, half: str) -> int:
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if half.upper() == "P" else 0)


def _zone(offset: str) -> timezone:
    if not offset.startswith(("+", "-")):
        return timezone.utc
    digits = offset[1:].replace(":", "")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-delta if offset[0] == "-" else delta)


def _utc(moment: datetime) -> datetime:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc)


def _of_epoch(number: int | float, unit: int | None = None) -> datetime | None:
    if not math.isfinite(number):
        return None
    scale = unit or (1 if int(number) in _SECONDS else 1000 if int(number) in _MILLISECONDS else None)
    if scale is None:
        return None
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=number / scale)
