"""What calls briskly is told within seconds, however long the other side stays down: counted, not measured."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from vibedata.adapters.brisk import BRISK, briskly
from vibedata.errors import Transient

START = datetime(2026, 3, 1, tzinfo=timezone.utc)


class Clock:
    """A clock that only sleeping, and a call that takes its time, move."""

    def __init__(self, call_seconds: float, retry_after: float | None = None) -> None:
        self.now, self.slept, self.calls = START, list[float](), 0
        self._call_seconds, self._retry_after = call_seconds, retry_after

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def fail(self) -> None:
        self.calls += 1
        self.now += timedelta(seconds=self._call_seconds)
        raise Transient("azure-busy", "Busy.", hint="Wait.", retry_after=self._retry_after)


@pytest.mark.parametrize("retry_after", [None, 1.0, 60.0])
@pytest.mark.parametrize("call_seconds", [0.0, 1.0, 15.0])
def test_four_calls_and_three_seconds_of_pauses_are_the_most(
    call_seconds: float, retry_after: float | None
) -> None:
    clock = Clock(call_seconds, retry_after)
    with pytest.raises(Transient):
        briskly(clock.fail, sleep=clock.sleep, now=lambda: clock.now)
    assert clock.calls <= 4
    assert sum(clock.slept) <= 3.0


def test_a_call_itself_takes_fifteen_seconds_at_most() -> None:
    assert BRISK["connection_timeout"] + BRISK["read_timeout"] <= 15
