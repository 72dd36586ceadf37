"""What is begun ahead: its answer once, afterwards a fresh one each time, so that trying again asks again."""

from __future__ import annotations

import threading

import pytest

from vibedata.parallel import Ahead


def test_it_runs_before_it_is_asked_and_only_once() -> None:
    began, calls = threading.Event(), []

    def work() -> int:
        calls.append(1)
        began.set()
        return len(calls)

    ahead = Ahead(work)
    assert began.wait(60)
    assert ahead() == 1
    assert len(calls) == 1


def test_asked_again_it_works_again() -> None:
    answers = iter([1, 2, 3])
    ahead = Ahead(lambda: next(answers))
    assert [ahead(), ahead(), ahead()] == [1, 2, 3]


def test_an_error_is_raised_when_asked_and_the_next_call_tries_again() -> None:
    outcomes = iter([OSError("no route"), "there"])

    def work() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    ahead = Ahead(work)
    with pytest.raises(OSError, match="no route"):
        ahead()
    assert ahead() == "there"
