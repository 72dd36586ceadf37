"""When posts are wanted: what the service asks of one caller holds for all of them, for a bounded time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from vibedata.adapters.operations_ingestion import Pace
from vibedata.retry import LONGEST_RETRY_AFTER_SECONDS


class Waits:
    """Notes how long it was to wait, and cuts it short."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return True


def test_nobody_waits_unasked() -> None:
    waits = Waits()
    assert Pace(waits).admits(0.0, deadline=0.0), "a first post is tried however late it is"
    assert waits.seconds == []


@pytest.mark.parametrize("asked", [1e9, float("inf")])
def test_an_absurd_time_is_bounded(asked: float) -> None:
    waits = Waits()
    pace = Pace(waits)
    pace.hold_back(asked)
    assert not pace.admits(0.0, time.monotonic() + 1e9)
    assert waits.seconds == [pytest.approx(LONGEST_RETRY_AFTER_SECONDS, abs=50)]


def test_a_longer_time_stands_and_a_pause_of_ones_own_counts() -> None:
    waits = Waits()
    pace = Pace(waits)
    pace.hold_back(100)
    pace.hold_back(0)
    pace.hold_back(50)
    later = time.monotonic() + 1e9
    assert not pace.admits(2.0, later)
    assert not pace.admits(200.0, later)
    assert waits.seconds == [pytest.approx(100, abs=50), pytest.approx(200, abs=50)]


def test_who_cannot_wait_so_long_does_not_wait_at_all() -> None:
    waits = Waits()
    pace = Pace(waits)
    pace.hold_back(100)
    assert not pace.admits(0.0, time.monotonic() + 20)
    assert waits.seconds == []


def test_a_time_that_is_put_off_meanwhile_is_waited_for_too() -> None:
    pace = Pace(threading.Event().wait)
    pace.hold_back(0.2)
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        waiting = pool.submit(pace.admits, 0.0, began + 30)
        time.sleep(0.05)
        pace.hold_back(0.5)
        assert waiting.result(60)
        assert time.monotonic() - began >= 0.5


def test_all_who_wait_are_cut_short_at_once() -> None:
    closing = threading.Event()
    pace = Pace(closing.wait)
    pace.hold_back(100)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(pace.admits, 0.0, time.monotonic() + 200) for _ in range(3)]
        closing.set()
        assert [one.result(60) for one in waiting] == [False] * 3
