"""When an alert that cannot be processed now is put off instead of given up, and for how long.

What hinders it may last for hours (the tables, the registry, a role that was taken away); the host's own tries last
for minutes. So a message that has been tried nearly as often as the host allows goes to the end of its queue, unseen
for a while, with a note of since when. A message that ends its worker never gets here, and is given up as ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

STEPS = (1, 2, 5, 10)  # how long, in first pauses; the last stays
LASTS = timedelta(hours=24)  # since it was first put off; then it is given up
SPARE_TRIES = 2  # for a queue that takes nothing at the moment, or a worker that dies
TRIES_AGAIN = 2  # of one that has been put off: what hinders it is known to last
MAX_TIMES = 100_000
MAX_ASKED_SECONDS = 3600.0  # of what the other side asks to wait
HOST_PAUSE_SECONDS = 30.0  # between the host's tries (`visibilityTimeout`): too few for who asks for more


@dataclass(frozen=True)
class PutOff:
    """Since when a message has been put off, and how many times."""

    since: datetime
    times: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, the time in UTC."""
        return {"since": self.since.astimezone(timezone.utc).isoformat(), "times": self.times}


def is_due(before: PutOff | None, tries: int, most: int, asked_seconds: float = 0.0) -> bool:
    """Say whether a message that was taken so many times, of at most `most`, is to be put off.

    At three tries at most, the last one among them: one that comes back all the same, because it could not be
    acknowledged, would leave a copy of itself at each.
    """
    enough = most - SPARE_TRIES
    due = max(1, enough if before is None else min(enough, TRIES_AGAIN))
    is_too_early = tries == 1 and asked_seconds > HOST_PAUSE_SECONDS
    return tries == due or tries >= most or is_too_early


def following(before: PutOff | None, now: datetime) -> PutOff | None:
    """Return what is noted of a message that is put off now; None when it has been for long enough."""
    if before is None:
        return PutOff(now, 1)
    is_over = abs(now - before.since) >= LASTS or before.times >= MAX_TIMES
    return None if is_over else PutOff(before.since, before.times + 1)


def pause(put_off: PutOff, first_seconds: float, share: float, asked_seconds: float = 0.0) -> float:
    """Return for how many seconds: half to one and a half of the step, so that thousands do not return at once.

    `share`: which part of that, between 0 and 1; `asked_seconds`: what the other side wants at least.
    """
    step = STEPS[min(put_off.times, len(STEPS)) - 1]
    return max(first_seconds * step * (0.5 + share), min(asked_seconds, MAX_ASKED_SECONDS))
