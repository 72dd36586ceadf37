from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.builders.alert_world import ROWS
from vibedata.alerts import noise
from vibedata.alerts.noise import MAX_FINGERPRINTS, Ledger, Limits, Noticed, Verdict
from vibedata.registry import Row

AT = datetime(2026, 3, 4, 5, 17, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "verdict",
    [Verdict("open"), Verdict("close"), Verdict("cause", "web depends on: postgres"), Verdict("limit")],
)
def test_a_verdict_is_kept_as_it_was(verdict: Verdict) -> None:
    assert noise.verdict_of(verdict.text) == verdict


def test_what_opens_and_what_closes_is_not_suppressed() -> None:
    assert not Verdict(noise.OPEN).is_suppressed
    assert not Verdict(noise.CLOSE).is_suppressed
    assert Verdict("repeat").is_suppressed


def test_dependencies_are_found_through_all_levels_nearest_first() -> None:
    assert noise.dependencies(ROWS, "web") == ("api", "postgres")
    assert noise.dependencies(ROWS, "postgres") == ()
    assert noise.dependencies(ROWS, "nobody") == ()


def test_a_circle_of_dependencies_ends() -> None:
    rows = [Row("component:a", {"dependsOn": ["b"]}), Row("component:b", {"dependsOn": ["a"]})]
    assert noise.dependencies(rows, "a") == ("b",)


def test_what_nothing_depends_on_is_no_cause() -> None:
    assert noise.is_depended_on(ROWS, "api")
    assert not noise.is_depended_on(ROWS, "web")
    assert not noise.is_depended_on(ROWS, "")


def test_windows_are_the_same_for_every_process() -> None:
    start, end = noise.window(AT, Limits())
    assert (start.minute, end - start) == (0, timedelta(hours=1))
    assert noise.window(start, Limits()) == (start, end)
    assert noise.window(end, Limits())[0] == end
    assert noise.window(datetime(1, 1, 1, 5, 6, tzinfo=timezone.utc), Limits())[0].hour == 5


def test_a_ledger_counts_the_window_that_is_meant() -> None:
    ledger = Ledger("r")
    for minute in range(10):
        ledger = ledger.noticed(Noticed(AT + timedelta(minutes=minute), f"d{minute}", "i", "f"))
    assert ledger.is_full(AT, Limits())
    assert not ledger.is_full(AT + timedelta(hours=1), Limits())
    assert not ledger.is_full(AT, Limits(notices=11))


def test_a_ledger_has_a_delivery_once_and_keeps_the_newest() -> None:
    ledger = Ledger("r")
    for minute in range(100):
        notice = Noticed(AT + timedelta(minutes=minute), f"d{minute}", "i", f"f{minute}")
        ledger = ledger.noticed(notice).noticed(notice)
    assert len(ledger.notices) == 64
    assert ledger.has("d99")
    assert not ledger.has("d0")
    assert ledger.same_trouble("f99", "another") is not None
    assert ledger.same_trouble("f99", "d99") is None


def test_a_rule_is_counted_by_its_id_in_any_case_or_else_by_its_name() -> None:
    assert noise.rule_key("/Sub/Rule", "x", "metric") == noise.rule_key("/sub/RULE", "y", "log")
    assert noise.rule_key("", "Rule", "metric") == "metric/rule"


def test_a_rule_has_no_notices_without_end_for_windows_that_are_forgotten() -> None:
    """A backlog of old alerts, after the rule has had more notices since than are kept."""
    ledger = Ledger("r")
    for number in range(MAX_FINGERPRINTS):
        ledger = ledger.noticed(Noticed(AT + timedelta(hours=number // 8), f"d{number}", "i", "f"))
    assert not ledger.is_full(AT, Limits(notices=10))
    assert ledger.is_full(AT - timedelta(hours=2), Limits(notices=10))
    assert not Ledger("r", ledger.notices[1:]).is_full(AT - timedelta(hours=2), Limits(notices=10))
