"""docs/performance.md holds every case's newest figures, as they were measured."""

from __future__ import annotations

from bench import figures
from bench.cases import all_cases


def test_every_case_has_its_figures_on_the_page() -> None:
    kept = figures.load()
    cases = all_cases()
    assert cases
    assert {case.name for case in cases} == set(kept)
    for case in cases:
        goals = [(goal.against, str(goal)) for goal in case.goals]
        limits = [(limit.fact, str(limit)) for limit in case.limits]
        assert [(one["against"], one["goal"]) for one in kept[case.name]["figures"]] == goals + limits


def test_the_page_is_what_the_figures_say() -> None:
    text = figures.PAGE.read_text("utf-8")
    held = text.partition(figures.BEGIN)[2].partition(figures.END)[0].strip("\n")
    assert held == figures.table(figures.load(), [case.name for case in all_cases()]).strip("\n")
