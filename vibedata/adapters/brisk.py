"""How intake calls: with little patience, because whoever delivers waits for the answer and comes again.

An action group waits for seconds only. So a call that stumbles is made again a few times within three seconds, and
then whoever delivers is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, TypeVar

from vibedata import retry

T = TypeVar("T")

BRISK: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 10}  # seconds; of each call of an SDK
PATIENCE = retry.Policy(attempts=3, seconds=3.0, delay=0.2, factor=2.0)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def briskly(
    call: Callable[[], T],
    *,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], datetime] = _now,
) -> T:
    """Call until it answers, for three seconds. Raises what it raises, Transient after that."""
    return retry.call_with_retry(call, PATIENCE, sleep=sleep, now=now)
