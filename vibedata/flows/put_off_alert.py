"""Put an alert off that cannot be processed now: sent to its queue again, to be seen in some minutes.

Sent first, acknowledged then, by whoever calls. A process that dies between the two leaves a second message of the
same delivery, which the processor knows by its key.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from vibedata.alerts import putting_off
from vibedata.alerts.message import Message
from vibedata.alerts.putting_off import PutOff
from vibedata.errors import Blocked, Transient, VibedataError
from vibedata.ports.alerts import AlertQueue, Outages


@dataclass(frozen=True)
class Later:
    """That a message was put off, and for how many seconds this time."""

    put_off: PutOff
    seconds: float


def run(
    message: Message,
    why: Transient | Blocked,
    *,
    tries: int,
    most: int,
    queue: AlertQueue,
    outages: Outages,
    clock: Callable[[], datetime],
    first_seconds: float,
    share: Callable[[], float] = random.random,
) -> Later | None:
    """Put a message off that was taken `tries` times, of at most `most`; None when it is not to be, or no longer.

    Raises Transient, Blocked (the queue takes nothing either).
    """
    asked = (why.retry_after or 0.0) if isinstance(why, Transient) else 0.0
    if not putting_off.is_due(message.put_off, tries, most, asked):
        return None
    put_off = putting_off.following(message.put_off, clock())
    if put_off is None:
        return None
    seconds = putting_off.pause(put_off, first_seconds, share(), asked)
    queue.send(replace(message, put_off=put_off), after=seconds)
    with contextlib.suppress(VibedataError):  # the alert is safe; the log may be down with the rest
        outages.tell(why)
    return Later(put_off, seconds)
