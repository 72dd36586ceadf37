"""How often a job is looked at: soon at first, never later than asked, and not in vain."""

from __future__ import annotations

import itertools

from vibedata.automation import pace


def looks(longest: float) -> list[float]:
    """Return the seconds at which a job is looked at during its first half hour."""
    found, waited = [], 0.0
    while waited < 1800:
        waited += pace(waited, longest)
        found.append(waited)
    return found


def test_a_short_job_is_seen_soon_after_its_end() -> None:
    times = looks(5.0)
    assert max(later - earlier for earlier, later in itertools.pairwise(t for t in times if t < 2)) < 0.3


def test_a_look_comes_at_most_a_seventh_late_or_after_the_longest_pause() -> None:
    times = looks(5.0)
    for earlier, later in itertools.pairwise(times):
        assert later - earlier <= min(5.0, max(0.1, earlier / 7)) + 1e-9


def test_a_long_job_costs_few_looks_more_than_steady_ones() -> None:
    assert len(looks(5.0)) < 1800 / 5 + 40


def test_a_longest_pause_below_the_shortest_is_kept() -> None:
    assert pace(0.0, 0.02) == 0.02
