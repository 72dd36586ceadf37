"""What a benchmark is here: one piece of work beside what it is held against, round after round in one run.

A figure is the median of the rounds' own ratios, so that what slows the machine down slows both sides down.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

OURS = "ours"
LEAST_RUNS = 5


class Unavailable(Exception):
    """A case cannot be measured here: what it needs is not on this machine."""


@dataclass(frozen=True)
class Sample:
    """One run of one side: what it took, and facts about it (`{"peak RSS MB": 61.0}`)."""

    seconds: float
    facts: Mapping[str, float] = field(default_factory=dict)


# One run of one side; what it returns is its time, None lets the frame take it.
Run = Callable[[], Sample | None]


@dataclass(frozen=True)
class Goal:
    """What we want of ourselves against a side: `at_most` its time, or `at_least` so many times its speed."""

    against: str
    at_most: float | None = None
    at_least: float | None = None

    def ratio(self, ours: float, theirs: float) -> float:
        """Return our time in theirs (`at_most`), or our speed in theirs (`at_least`)."""
        return ours / theirs if self.at_most is not None else theirs / ours

    def is_met(self, ratio: float) -> bool:
        """Say whether a ratio is good enough."""
        return ratio <= self.at_most if self.at_most is not None else ratio >= (self.at_least or 0.0)

    def __str__(self) -> str:
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"


@dataclass(frozen=True)
class Limit:
    """What one fact of our own runs may be at most, in every run."""

    fact: str
    at_most: float

    def __str__(self) -> str:
        return f"≤ {self.at_most:g}"


@dataclass(frozen=True)
class Case:
    """One piece of work. `open` sets everything up and yields the sides by name, ours among them as `OURS`.

    Set-up is never measured. `in_order`: the sides of a round run as they were given, because one needs the
    other; else their order turns from round to round. `warm_ups` rounds are thrown away.
    """

    name: str
    work: str
    open: Callable[[], AbstractContextManager[Mapping[str, Run]]]
    goals: Sequence[Goal] = ()
    limits: Sequence[Limit] = ()
    in_order: bool = False
    warm_ups: int = 1


@dataclass(frozen=True)
class Figure:
    """What became of one goal or limit."""

    against: str
    goal: str
    value: float
    low: float
    high: float
    is_met: bool


@dataclass(frozen=True)
class Measured:
    """All samples of a case, by side."""

    case: Case
    samples: Mapping[str, Sequence[Sample]]

    def seconds(self, side: str) -> float:
        """Return the median time of a side."""
        return statistics.median(sample.seconds for sample in self.samples[side])

    def figures(self) -> list[Figure]:
        """Return a figure for each goal, then for each limit."""
        return [self._of_goal(goal) for goal in self.case.goals] + [
            self._of_limit(limit) for limit in self.case.limits
        ]

    def _of_goal(self, goal: Goal) -> Figure:
        pairs = zip(self.samples[OURS], self.samples[goal.against], strict=True)
        ratios = [goal.ratio(ours.seconds, theirs.seconds) for ours, theirs in pairs]
        middle = statistics.median(ratios)
        return Figure(goal.against, str(goal), middle, min(ratios), max(ratios), goal.is_met(middle))

    def _of_limit(self, limit: Limit) -> Figure:
        values = [sample.facts[limit.fact] for sample in self.samples[OURS]]
        worst = max(values)
        return Figure(limit.fact, str(limit), worst, min(values), worst, worst <= limit.at_most)


def measure(case: Case, runs: int, progress: Callable[[str], None] = lambda _: None) -> Measured:
    """Set a case up and run its sides turn by turn, `runs` times each. Raises Unavailable."""
    with case.open() as sides:
        if missing := {OURS, *(goal.against for goal in case.goals)} - set(sides):
            raise ValueError(f"{case.name} has no side {', '.join(sorted(missing))}")
        samples: dict[str, list[Sample]] = {side: [] for side in sides}
        for turn in range(-case.warm_ups, runs):
            for side in _order(list(sides), turn, case.in_order):
                sample = timed(sides[side])
                progress(f"{'warm-up' if turn < 0 else turn + 1}: {side} {sample.seconds:.3f} s")
                if turn >= 0:
                    samples[side].append(sample)
    return Measured(case, samples)


def timed(run: Run) -> Sample:
    """Run one side once; its own word on the time counts, where it has one."""
    began = time.perf_counter()
    told = run()
    return told or Sample(time.perf_counter() - began)


def _order(sides: list[str], turn: int, in_order: bool) -> list[str]:
    shift = 0 if in_order else turn % len(sides)
    return sides[shift:] + sides[:shift]
