"""The benchmarks' frame: which ratio a figure is, and that sides really take turns. No test here looks at a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from bench import figures
from bench.__main__ import show
from bench.measure import OURS, Case, Goal, Limit, Run, Sample, measure


def told(times: list[float], **facts: float) -> Run:
    """Return a side that takes these times, one per round."""
    left = iter(times)
    return lambda: Sample(next(left), facts)


def case(sides: Mapping[str, Run], **given: Any) -> Case:
    @contextmanager
    def opened() -> Iterator[Mapping[str, Run]]:
        yield sides

    return Case("copying", "copy something", opened, **{"warm_ups": 0, **given})


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    sides = {OURS: told([1.0, 20.0, 1.0, 1.0, 3.0]), "peer": told([2.0, 40.0, 4.0, 2.0, 2.0])}
    (figure,) = measure(case(sides, goals=[Goal("peer", at_most=0.5)]), 5).figures()
    assert (figure.value, figure.low, figure.high) == (0.5, 0.25, 1.5)
    assert figure.is_met


def test_at_least_says_how_many_times_as_fast_we_are() -> None:
    sides = {OURS: told([0.5] * 5), "peer": told([1.5] * 5)}
    goals = [Goal("peer", at_least=4), Goal("peer", at_least=3)]
    first, second = measure(case(sides, goals=goals), 5).figures()
    assert (first.value, first.is_met) == (3.0, False)
    assert (second.value, second.is_met) == (3.0, True)


def test_a_limit_holds_in_the_worst_run() -> None:
    facts = iter([60.0, 101.0, 70.0, 60.0, 60.0])
    sides = {OURS: lambda: Sample(1.0, {"peak RSS MB": next(facts)})}
    (figure,) = measure(case(sides, limits=[Limit("peak RSS MB", 100)]), 5).figures()
    assert (figure.value, figure.low, figure.is_met) == (101.0, 60.0, False)


def recorded(names: list[str], **given: Any) -> list[str]:
    calls: list[str] = []

    def side(name: str) -> Callable[[], Sample]:
        def run() -> Sample:
            calls.append(name)
            return Sample(1.0)

        return run

    measure(case({name: side(name) for name in names}, **given), 3)
    return calls


def test_sides_take_turns_and_the_first_of_a_round_changes() -> None:
    assert recorded([OURS, "peer"]) == [OURS, "peer", "peer", OURS, OURS, "peer"]


def test_sides_that_build_on_each_other_keep_their_order() -> None:
    assert recorded(["first", OURS], in_order=True) == ["first", OURS] * 3


def test_warm_ups_are_not_counted() -> None:
    sides = {OURS: told([100.0, 1.0, 1.0, 1.0])}
    assert measure(case(sides, warm_ups=1), 3).seconds(OURS) == 1.0


def test_a_goal_against_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="has no side peer"):
        measure(case({OURS: told([1.0])}, goals=[Goal("peer", at_most=1)]), 1)


WHERE = {"date": "2026-01-02T03:04:05+00:00", "command": "make bench", "machine": "a machine", "load": 0.1}


def test_the_page_says_the_figure_the_miss_and_where_it_was_measured(tmp_path: Any) -> None:
    sides = {OURS: told([1.0] * 5), "peer": told([2.0] * 5)}
    goals = [Goal("peer", at_most=0.6), Goal("peer", at_most=0.4)]
    record = figures.record(measure(case(sides, goals=goals), 5), {**WHERE, "runs": 5})
    page = tmp_path / "page.md"
    page.write_text(f"above\n{figures.BEGIN}\nold\n{figures.END}\nbelow\n")
    figures.write_page({"copying": record, "left out": record}, ["copying"], page)
    text = page.read_text()
    assert text.startswith("above\n") and text.endswith("\nbelow\n") and "old" not in text
    assert "| ≤ 0.6 | 0.5 (0.5 to 0.5) | 1 s | 2 s | 2026-01-02 |" in text
    assert "**0.5 (0.5 to 0.5): missed**" in text
    assert "- 2026-01-02: `make bench`, 5 rounds, on a machine, otherwise idle" in text


def test_a_missed_goal_is_said_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    sides = {OURS: told([1.0]), "peer": told([2.0])}
    record = figures.record(measure(case(sides, goals=[Goal("peer", at_most=0.4)]), 1), {**WHERE, "runs": 1})
    show({"copying": record})
    assert "missed: copying against peer" in capsys.readouterr().out
