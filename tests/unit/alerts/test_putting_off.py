"""For how long an alert is put off: from a minute to some ten, never all at once, and a day at most."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibedata.alerts import delivery, putting_off
from vibedata.alerts.putting_off import LASTS, MAX_TIMES, PutOff, following, is_due, pause

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
EARLIER = PutOff(NOW - timedelta(hours=3), 20)


@pytest.mark.parametrize(("most", "first"), [(10, 8), (5, 3), (3, 1), (2, 1), (1, 1)])
def test_the_host_tries_nearly_as_often_as_it_may_before(most: int, first: int) -> None:
    assert [is_due(None, tries, most) for tries in (first - 1, first, most)] == [False, True, True]


@pytest.mark.parametrize("before", [None, EARLIER])
@pytest.mark.parametrize("most", [1, 2, 3, 5, 10])
def test_what_comes_back_at_every_try_leaves_few_copies(before: PutOff | None, most: int) -> None:
    tries = range(1, most + 1)
    assert sum(is_due(before, one, most) for one in tries) <= 2
    assert sum(is_due(before, one, most, 240.0) for one in tries) <= 3
    assert is_due(before, most, most)


@pytest.mark.parametrize(("asked", "due"), [(0.0, False), (30.0, False), (31.0, True), (1e9, True)])
def test_who_asks_for_more_than_the_host_waits_is_obeyed_at_once(asked: float, due: bool) -> None:
    assert is_due(None, 1, 10, asked) is due
    assert not is_due(None, 2, 10, asked)


def test_the_host_waits_as_long_as_its_file_says() -> None:
    queues = json.loads(Path("host.json").read_text("utf-8"))["extensions"]["queues"]
    assert queues["visibilityTimeout"] == f"00:00:{putting_off.HOST_PAUSE_SECONDS:02.0f}"


@pytest.mark.parametrize(("most", "first"), [(10, 2), (3, 1), (1, 1)])
def test_what_has_been_put_off_is_tried_twice(most: int, first: int) -> None:
    assert [is_due(EARLIER, tries, most) for tries in (first - 1, first, most)] == [False, True, True]


def test_it_grows_and_stays() -> None:
    middles = [pause(PutOff(NOW, times), 60.0, 0.5) for times in (1, 2, 3, 4, 5, 140)]
    assert middles == [60, 120, 300, 600, 600, 600]


@given(st.integers(1, MAX_TIMES), st.floats(0, 1))
def test_it_is_spread_around_the_step(times: int, share: float) -> None:
    step = pause(PutOff(NOW, times), 60.0, 0.5)
    assert step * 0.5 <= pause(PutOff(NOW, times), 60.0, share) <= step * 1.5


def test_who_asks_to_wait_is_obeyed_within_reason() -> None:
    assert pause(PutOff(NOW, 1), 60.0, 0.5, 90.0) == 90
    assert pause(PutOff(NOW, 4), 60.0, 0.5, 90.0) == 600
    assert pause(PutOff(NOW, 4), 60.0, 0.5, 1e9) == 3600


def test_since_when_stays_and_the_times_are_counted() -> None:
    first = following(None, NOW)
    assert first == PutOff(NOW, 1)
    assert following(first, NOW + timedelta(hours=1)) == PutOff(NOW, 2)


def test_a_day_is_the_end_and_so_is_a_day_that_lies_ahead() -> None:
    almost = LASTS - timedelta(seconds=1)
    for way in (1, -1):
        assert following(PutOff(NOW - way * almost, 5), NOW)
        assert following(PutOff(NOW - way * LASTS, 5), NOW) is None
    assert following(PutOff(NOW, MAX_TIMES), NOW) is None


def test_what_a_message_needs_is_kept_for_much_longer() -> None:
    """Its delivery, by which a second message of it is known, and the body that it claims."""
    longest = putting_off.LASTS + timedelta(seconds=putting_off.MAX_ASKED_SECONDS)
    assert 10 * longest < min(delivery.KEPT, delivery.KEPT_CLAIMED)
