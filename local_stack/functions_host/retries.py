"""The retry policy of a function (`@app.retry`): only Event Hub and timer triggers honour it, as in Azure."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_stack.functions_host.errors import HostError
from local_stack.functions_host.spans import seconds_of

HONOURED_BY = ("eventHubTrigger", "timerTrigger")
_JITTER = 0.2


@dataclass(frozen=True)
class Retry:
    """How often (-1: without end) and how many seconds between two tries."""

    most: int
    shortest: float
    longest: float

    def delay(self, tried: int) -> float:
        """Return the seconds to wait after so many tries (1 or more)."""
        if self.shortest == self.longest:
            return self.shortest
        delta = random.uniform(1 - _JITTER, 1 + _JITTER) * (2 ** min(tried, 40) - 1)  # noqa: S311 - jitter
        return min(self.shortest + float(delta) * self.shortest, self.longest)

    def allows(self, tried: int) -> bool:
        """Tell whether one more try may follow so many."""
        return self.most < 0 or tried <= self.most


def parse(settings: Mapping[str, Any] | None, function: str) -> Retry | None:
    """Return what a decorator's settings say. Raises HostError naming the function."""
    if not settings:
        return None
    try:
        most = int(settings["max_retry_count"])
        if settings.get("strategy") == "fixed_delay":
            delay = seconds_of(settings["delay_interval"])
            return Retry(most, delay, delay)
        if settings.get("strategy") == "exponential_backoff":
            return Retry(
                most, seconds_of(settings["minimum_interval"]), seconds_of(settings["maximum_interval"])
            )
    except (KeyError, ValueError, TypeError) as error:
        raise HostError(f"The retry policy of {function} is wrong: {error}.") from error
    raise HostError(f"The retry policy of {function} must be fixed_delay or exponential_backoff.")
