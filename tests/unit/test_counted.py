from __future__ import annotations

import pytest

from vibedata.console import counted, written


@pytest.mark.parametrize(
    ("count", "kind", "words"),
    [
        (1, "schedules", "1 schedule"),
        (2, "schedules", "2 schedules"),
        (1, "schedule links", "1 schedule link"),
        (11, "component", "11 components"),
        (1, "policy", "1 policy"),
        (2, "policy", "2 policies"),
        (1, "policies", "1 policy"),
        (0, "message", "0 messages"),
        (1, "health", "1 health row"),
        (12, "health", "12 health rows"),
    ],
)
def test_one_is_one_and_more_are_many(count: int, kind: str, words: str) -> None:
    assert counted(count, kind) == words


def test_what_was_written_is_a_list_of_words() -> None:
    assert written({"runbooks": 4, "schedule_links": 1, "tags": 0}) == "4 runbooks, 1 schedule link"
    assert written({"tags": 0}) == "-"
