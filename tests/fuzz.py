"""`make fuzz`: the properties of tests/unit/alerts/test_sturdiness.py with a budget of seconds, ever new examples.

Prints how many were tried; at the first that fails, hypothesis prints it shrunk, and this ends with 1.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, seed, settings

from tests.unit.alerts import test_sturdiness as sturdiness
from tests.unit.alerts.mutations import mutants

DEFAULT_SECONDS = 60
ROUND = 250
PROPERTIES: list[tuple[Callable[[Any], None], Any]] = [
    (sturdiness.check_any, mutants(changes=8)),
    (sturdiness.check_kept, mutants(changes=5, below="data")),
    (sturdiness.check_same_delivery, mutants(changes=5, below="data.alertContext.", keep=sturdiness.KEYED)),
]


def main(seconds: float) -> int:
    """Fuzz for `seconds` and return 0; a failure is raised by hypothesis."""
    began, tried, start = time.monotonic(), 0, time.time_ns()
    for number in count():
        check, strategy = PROPERTIES[number % len(PROPERTIES)]
        tried += run(check, strategy, start + number)
        if time.monotonic() - began >= seconds:
            print(f"fuzz: {tried} examples in {time.monotonic() - began:.0f} s, nothing found (seed {start})")
            return 0
    return 1


def run(check: Callable[[Any], None], strategy: Any, number: int) -> int:
    """Run one round of a property and return the number of its examples."""
    tried = []

    def counted(mutant: Any) -> None:
        tried.append(1)
        check(mutant)

    options = settings(
        max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    seed(number)(options(given(strategy)(counted)))()
    return len(tried)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_SECONDS))
