from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from vibedata.errors import BadInput, Blocked, Transient, VibedataError
from vibedata.retry import Patience, call_with_retry, network, propagation


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self.at


class Script:
    """Raises the errors it was given, in order, then answers."""

    def __init__(self, *errors: VibedataError) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def busy(retry_after: float | None = None) -> Transient:
    return Transient("azure-busy", "busy", hint="wait", retry_after=retry_after)


def role(code: str = "role-missing") -> Blocked:
    return Blocked(code, "no role", hint="assign it")


@pytest.fixture
def time() -> Time:
    return Time()


def run(script: Script, policies, time: Time) -> str:
    return call_with_retry(script, policies, sleep=time.sleep, now=time.now)


def test_an_answer_is_returned_without_waiting(time: Time) -> None:
    assert run(Script(), network(), time) == "answer"
    assert time.slept == []


def test_network_tries_again_three_times_two_seconds_apart(time: Time) -> None:
    script = Script(*[busy()] * 9)
    with pytest.raises(Transient):
        run(script, network(), time)
    assert (script.calls, time.slept) == (4, [2.0, 2.0, 2.0])


def test_no_further_attempts_means_one_call(time: Time) -> None:
    script = Script(busy())
    with pytest.raises(Transient):
        run(script, network(attempts=0), time)
    assert (script.calls, time.slept) == (1, [])


def test_network_numbers_come_from_the_policy(time: Time) -> None:
    script = Script(*[busy()] * 4)
    assert run(script, network(attempts=4, delay_seconds=7), time) == "answer"
    assert time.slept == [7.0] * 4


def test_a_manifest_counts_until_the_registry_is_known(time: Time) -> None:
    untold = Patience(None, propagation(60), time.sleep, time.now)
    assert untold.until_told(0, 9).network == network(0, 9)
    told = Patience(network(1, 5), propagation(60), time.sleep, time.now).until_told(0, 9)
    assert told.call(Script(busy(), role())) == "answer"
    assert time.slept == [5.0, 1.0]


def test_a_longer_retry_after_is_obeyed(time: Time) -> None:
    assert run(Script(busy(45.0), busy(0.5)), network(), time) == "answer"
    assert time.slept == [45.0, 2.0]


def test_a_retry_after_beyond_all_patience_is_raised_at_once(time: Time) -> None:
    script = Script(busy(3600.0))
    with pytest.raises(Transient):
        run(script, network(), time)
    assert (script.calls, time.slept) == (1, [])


def test_bad_input_is_never_tried_again(time: Time) -> None:
    script = Script(BadInput("nope", "wrong", hint="fix"))
    with pytest.raises(BadInput):
        run(script, [network(), propagation(60)], time)
    assert script.calls == 1


class Body:
    """What a call carries."""


@pytest.mark.parametrize(
    "errors",
    [[busy], [busy] * 8, [busy] * 9, [lambda: role("other")], [busy, lambda: role("other")]],
    ids=["once", "to the last", "given up", "another error", "another error later"],
)
def test_a_call_that_was_tried_again_keeps_nothing_alive(
    time: Time, errors: list[Callable[[], VibedataError]]
) -> None:
    """Not until the collector's next look at everything: in a storm of failures that is a lot of bodies."""
    script, body = Script(*(make() for make in errors)), Body()
    kept = weakref.ref(body)
    patience = Patience(network(attempts=8), propagation(60), time.sleep, time.now)
    gc.disable()
    try:
        with contextlib.suppress(VibedataError):
            patience.call(lambda body=body: (body, script())[1])
        del body
        assert kept() is None
    finally:
        gc.enable()


def test_another_blocked_is_never_tried_again(time: Time) -> None:
    script = Script(Blocked("lease-held", "held", hint="wait"))
    with pytest.raises(Blocked):
        run(script, [network(), propagation(60)], time)
    assert script.calls == 1


def test_a_missing_role_is_waited_for_with_backoff(time: Time) -> None:
    assert run(Script(*[role()] * 4), propagation(600), time) == "answer"
    assert time.slept == [1.0, 2.0, 4.0, 8.0]


def test_a_missing_role_is_given_up_after_the_limit_with_one_last_try(time: Time) -> None:
    script = Script(*[role()] * 50)
    with pytest.raises(Blocked, match="role-missing"):
        run(script, propagation(10), time)
    assert time.slept == [1.0, 2.0, 4.0, 3.0]
    assert script.calls == 5


def test_backoff_stops_growing(time: Time) -> None:
    with pytest.raises(Blocked):
        run(Script(*[role()] * 100), propagation(600), time)
    assert max(time.slept) == 30.0
    assert sum(time.slept) == 600.0


def test_each_class_has_a_budget_of_its_own(time: Time) -> None:
    script = Script(busy(), role(), role(), busy(), role())
    assert run(script, [network(), propagation(60)], time) == "answer"
    assert time.slept == [2.0, 1.0, 2.0, 2.0, 4.0]


def test_network_alone_leaves_a_missing_role_alone(time: Time) -> None:
    script = Script(role())
    with pytest.raises(Blocked):
        run(script, network(), time)
    assert script.calls == 1
