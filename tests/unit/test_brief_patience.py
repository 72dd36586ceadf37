"""The patience of one invocation: however calls fail or drag on, it ends far below what a function may take."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.ticking import Ticking
from vibedata.brief_patience import MAX_ASKED_SECONDS, SECONDS, BriefPatience
from vibedata.errors import Blocked, Transient, VibedataError


def busy(retry_after: float | None = None) -> Transient:
    return Transient("azure-busy", "busy", hint="wait", retry_after=retry_after)


class Call:
    """Takes long, raises the errors it was given, in order, then answers."""

    def __init__(self, time: Ticking, seconds: float, *errors: VibedataError) -> None:
        self.time, self.seconds, self.errors, self.calls = time, seconds, list(errors), 0

    def __call__(self) -> str:
        self.calls += 1
        self.time.now += self.seconds
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


@pytest.fixture
def time() -> Ticking:
    return Ticking()


@pytest.fixture
def patience(time: Ticking) -> BriefPatience:
    return BriefPatience(time.sleep, time.monotonic)


def test_it_is_far_below_what_a_function_may_take() -> None:
    """The tables' last tries, an upload with the wait for it, and a notice may follow."""
    assert json.loads(Path("host.json").read_text("utf-8"))["functionTimeout"] == "00:10:00"
    assert SECONDS + 2 * 160 + 60 < 600


def test_a_call_is_made_again_as_the_registry_says(time: Ticking, patience: BriefPatience) -> None:
    assert patience.call(Call(time, 0.0, *[busy()] * 3)) == "answer"
    assert time.slept == [2.0] * 3
    with pytest.raises(Transient, match="azure-busy"):
        patience.call(Call(time, 0.0, *[busy()] * 4))
    patience.told(1, 7.0)
    with pytest.raises(Transient, match="azure-busy"):
        patience.call(call := Call(time, 0.0, *[busy()] * 2))
    assert (call.calls, time.slept[6:]) == (2, [7.0])


def test_a_short_wait_that_is_asked_for_is_waited(time: Ticking, patience: BriefPatience) -> None:
    assert patience.call(Call(time, 0.0, busy(MAX_ASKED_SECONDS), busy(1.0))) == "answer"
    assert time.slept == [MAX_ASKED_SECONDS, 2.0]


@pytest.mark.parametrize("asked", [MAX_ASKED_SECONDS + 1, 60.0, 240.0, 1e9, float("inf")])
def test_a_long_one_is_left_to_the_queue(time: Ticking, patience: BriefPatience, asked: float) -> None:
    with pytest.raises(Transient) as caught:
        patience.call(call := Call(time, 0.0, busy(asked)))
    assert (caught.value.retry_after, call.calls, time.slept) == (asked, 1, [])


def test_what_somebody_must_mend_is_raised_at_once(time: Ticking, patience: BriefPatience) -> None:
    with pytest.raises(Blocked):
        patience.call(call := Call(time, 0.0, Blocked("role-missing", "no role", hint="assign it")))
    assert (call.calls, time.slept) == (1, [])


def test_all_calls_share_one_end(time: Ticking, patience: BriefPatience) -> None:
    made = 0
    with pytest.raises(Transient, match="alert-took-too-long"):
        for _ in range(100):
            patience.call(Call(time, 9.0, busy()))
            made += 1
    assert made == 6
    assert time.now <= SECONDS + 9.0


def test_no_try_begins_after_the_end_and_the_true_cause_is_told(
    time: Ticking, patience: BriefPatience
) -> None:
    with pytest.raises(Transient, match="azure-busy"):
        patience.call(call := Call(time, 70.0, *[busy()] * 9))
    assert call.calls == 2
    assert time.slept == [2.0]


def test_what_spares_the_next_one_work_is_called_once_however_late(
    time: Ticking, patience: BriefPatience
) -> None:
    time.now = SECONDS
    assert patience.finish(Call(time, 1.0)) == "answer"
    with pytest.raises(Transient, match="azure-busy"):
        patience.finish(call := Call(time, 1.0, *[busy()] * 9))
    assert (call.calls, time.slept) == (1, [])


@pytest.mark.parametrize("ask", [lambda one: one.check(), lambda one: one.sleep(0.1)])
def test_nothing_begins_after_the_end(
    time: Ticking, patience: BriefPatience, ask: Callable[[BriefPatience], None]
) -> None:
    ask(patience)
    time.now = SECONDS - 0.05
    patience.check()
    time.now = SECONDS
    with pytest.raises(Transient, match="alert-took-too-long"):
        ask(patience)
