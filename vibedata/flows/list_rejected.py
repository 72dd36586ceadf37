"""List the bodies that intake took for no alert and keeps. Reads only."""

from __future__ import annotations

from datetime import datetime, timezone
from heapq import nlargest
from itertools import count, islice

from vibedata.alerts import kept
from vibedata.ports import Summary
from vibedata.ports.alerts import KeptBodies

VERB = "list_rejected"
MAX_LISTED = 100
MAX_LOOKED_AT = 100_000
NEVER = datetime.fromtimestamp(0, timezone.utc)


def run(*, bodies: KeptBodies) -> Summary:
    """Return the newest bodies, newest first, and how many there are (of very many, so many were looked at)."""
    counted = count()
    found = (one for one, _ in zip(islice(bodies.rejected(), MAX_LOOKED_AT), counted, strict=False))
    newest = nlargest(MAX_LISTED, found, key=lambda one: (one.at or NEVER, one.path))
    number = next(counted)
    data = {"rejected": [kept.as_dict(one) for one in newest], "count": number}
    return Summary(VERB, {}, _told(number, len(newest)), data)


def _told(number: int, shown: int) -> str:
    many = f"{number} or more" if number == MAX_LOOKED_AT else str(number)
    newest = f" The newest {shown} are shown." if shown < number else ""
    told = f"{many} kept of what was sent and was no alert.{newest}"
    if not shown:
        return told
    return f"{told} `vibedata alerts poison show NAME` shows one; mended, `vibedata alerts replay FILE` takes it."
