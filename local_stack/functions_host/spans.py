"""Time spans as host.json and bindings write them: .NET's `[d.]hh:mm:ss[.fffffff]`."""

from __future__ import annotations

import re

_SPAN = re.compile(r"(?:(\d{1,8})\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,7})?")
_HOURS, _SIXTY = 24, 60


def seconds_of(text: object) -> float:
    """Return the seconds of a span. Raises ValueError."""
    match = _SPAN.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is no time span like 00:00:30")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
    if hours >= _HOURS or minutes >= _SIXTY or seconds >= _SIXTY:
        raise ValueError(f"{text!r} is no time span: hours go to 23, minutes and seconds to 59")
    whole = ((days * _HOURS + hours) * _SIXTY + minutes) * _SIXTY + seconds
    return whole + float(match.group(5) or 0)
