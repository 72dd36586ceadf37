from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.alerts import samples
from vibedata.alerts import incident, incident_entities
from vibedata.alerts.cause import Cause
from vibedata.alerts.delivery import place
from vibedata.alerts.incident import TOLERANCE, Facts, Incident, Step
from vibedata.alerts.noise import Ledger, Noticed

AT = datetime(2026, 3, 4, 5, 0, tzinfo=timezone.utc)
FACTS = Facts("metric", "vd-cpu", "postgres", "Error", "f", "c", "CPU is high")


def step(delivery: str, condition: Any = "Fired", minute: float = 0, **more: Any) -> Step:
    at = AT + timedelta(minutes=minute)
    return Step(delivery, condition, at, condition, at, f"event-{delivery}", **more)


def merged(*steps: Step) -> Incident:
    found = incident.begun("key", steps[0], FACTS)
    for one in steps[1:]:
        found = incident.merge(found, one, FACTS)
    return found


steps = st.builds(
    lambda number, condition, minute: step(f"{number}-{condition}-{minute}", condition, minute),
    st.integers(0, 3),
    st.sampled_from(["Fired", "Resolved", "Unknown"]),
    st.integers(0, 50),
)


@given(
    st.lists(steps, min_size=1, max_size=50).flatmap(
        lambda all_: st.tuples(st.just(all_), st.permutations(all_))
    )
)
@settings(deadline=None)
def test_the_order_of_deliveries_does_not_matter(orders: tuple[list[Step], list[Step]]) -> None:
    one, other = orders
    assert merged(*one) == merged(*other) == merged(*one, *other)


def test_what_does_not_say_what_it_is_opens() -> None:
    assert merged(step("a", "Unknown")).is_open


def test_firing_and_ending_at_the_same_moment_has_ended() -> None:
    assert not merged(step("a", "Fired", 3), step("b", "Resolved", 3)).is_open


def test_a_real_delivery_tells_more_than_a_newer_reconciled_one() -> None:
    real, listed = step("a"), step("b", minute=1, reconciled=True)
    assert merged(real, listed).told_by == merged(listed, real).told_by == real


@pytest.mark.parametrize(("seconds", "found"), [(0, True), (299, True), (-300, True), (301, False)])
def test_reconciled_events_are_found_within_the_tolerance(seconds: int, found: bool) -> None:
    known = merged(step("a", reconciled=True))
    at = AT + timedelta(seconds=seconds)
    assert (incident.reconciled_step(known, "Fired", at) is not None) is found
    assert timedelta(minutes=5) == TOLERANCE


def test_a_reconciled_event_of_another_condition_is_not_meant() -> None:
    assert incident.reconciled_step(merged(step("a", reconciled=True)), "Resolved", AT) is None
    assert incident.reconciled_step(None, "Fired", AT) is None


def test_the_nearest_reconciled_event_is_meant() -> None:
    known = merged(step("a", reconciled=True), step("b", minute=3, reconciled=True))
    found = incident.reconciled_step(known, "Fired", AT + timedelta(minutes=2))
    assert found and found.event_id == "event-b"


def test_reconciled_steps_are_told_apart() -> None:
    known = merged(step("a", reconciled=True), step("b", minute=9))
    assert [(one.condition, one.at, one.event_id) for one in known.reconciled] == [("Fired", AT, "event-a")]


def test_damaged_properties_read_as_empty() -> None:
    whole = incident_entities.of_incident(merged(step("a")))
    for name in whole:
        for damage in ("", "{", "[1]", "[[1,2]]", "null", None, 7):
            found = incident_entities.incident({**whole, name: damage})
            assert isinstance(found.is_open, bool)
    assert incident_entities.incident({}).steps == ()
    assert incident_entities.cause("c", {"OpeningsJson": "[[1]]", "ClosingsJson": "x"}) == Cause("c")
    assert incident_entities.ledger("r", {"NoticesJson": '[["x", "d", "i", "f"]]'}).has("d")


def test_a_cause_keeps_a_bounded_number_of_openings_and_closings() -> None:
    cause = Cause("c")
    for minute in range(200):
        cause = cause.opened(f"i{minute}", AT + timedelta(minutes=minute))
        cause = cause.closed(step(f"d{minute}", "Resolved", minute))
    assert (len(cause.openings), len(cause.closings)) == (64, 16)
    assert cause.openings[-1].incident == "i199"


def test_a_cause_forgets_what_has_ended_before_what_can_still_be_open() -> None:
    cause = Cause("c")
    for minute in range(100):
        cause = cause.opened(f"i{minute}", AT + timedelta(minutes=minute))
        if minute == 29:
            cause = cause.ended([f"i{number}" for number in range(10, 30)], AT + timedelta(minutes=60))
    now = AT + timedelta(minutes=100)
    kept = [one.incident for one in cause.openings]
    assert kept == [f"i{number}" for number in range(36, 100)]
    assert cause.ends(now, also_ended=False) == cause.ends(now, also_ended=True) == tuple(sorted(kept))
    cause = cause.ended(kept[32:], now)
    assert cause.ends(now, also_ended=False) == tuple(sorted(kept[:32]))
    assert cause.ends(now, also_ended=True) == tuple(sorted(kept))
    cause = cause.opened("late", AT)
    assert "late" in cause.ends(now, also_ended=False)


def test_what_opens_again_after_an_end_is_not_ended_by_it() -> None:
    cause = Cause("c").opened("i", AT).opened("i", AT + timedelta(minutes=9))
    cause = cause.ended(["i"], AT + timedelta(minutes=5))
    assert [one.ended for one in cause.openings] == [True, False]
    assert cause.opened("i", AT) == cause
    assert cause.ends(AT + timedelta(minutes=5), also_ended=False) == ()
    assert cause.ends(AT + timedelta(minutes=9), also_ended=False) == ("i",)


def test_what_opened_ends_with_the_first_closing_after_it() -> None:
    cause = Cause("c")
    for minute in (9, 3, 6):
        cause = cause.closed(step(f"d{minute}", "Resolved", minute))
    ends = [cause.end_of(AT + timedelta(minutes=minute)) for minute in (0, 3, 4, 9, 10)]
    assert [end and end.delivery for end in ends] == ["d3", "d3", "d6", "d9", None]


def test_causes_of_earlier_versions_are_read() -> None:
    rows = {"OpeningsJson": '[["2026-03-04T05:00:00+00:00","i"],["2026-03-04T05:01:00+00:00","j",true]]'}
    cause = incident_entities.cause("c", rows)
    assert [(one.incident, one.ended) for one in cause.openings] == [("i", False), ("j", True)]
    again = cause.ended(["i"], AT + timedelta(days=400))
    assert incident_entities.cause("c", incident_entities.of_cause(again)) == again


def test_keys_are_spread_over_256_partitions() -> None:
    found = {place(f"/alerts/{number}")[0] for number in range(5000)}
    assert len(found) == 256
    assert place("a" * 3000)[1] != place("a" * 3001)[1]


@pytest.mark.parametrize("name", samples.names())
def test_every_sample_is_a_step_and_its_facts_are_kept(name: str) -> None:
    alert = samples.parsed(name)
    told = incident.step_of(alert, alert.delivery_key, "event", AT, reconciled=False)
    found = incident.begun(alert.incident_key, told, incident.facts_of(alert, "web"))
    assert incident_entities.incident(incident_entities.of_incident(found)) == found
    assert found.is_open is (alert.condition != "Resolved")


@pytest.mark.parametrize("letter", ["x", "ß", "警", "\U0001f525"])
def test_no_property_is_larger_than_a_table_takes(letter: str) -> None:
    """64 KiB of UTF-16, however long the ids are that somebody sends, and in whatever language a rule is called."""
    told = incident.begun("k" * 2048, step("0"), FACTS)
    cause, ledger = Cause("c"), Ledger("r")
    for number in range(80):
        one = step(f"{number:064}", minute=number, verdict="suppressed:cause:" + letter * 300)
        told = incident.merge(told, one, FACTS)
        cause = cause.opened(letter * 2000 + str(number), one.at).closed(one)
        cause = cause.ended([letter * 2000 + str(number)], one.at) if number % 3 == 0 else cause
        ledger = ledger.noticed(Noticed(one.at, one.delivery, letter * 2000 + str(number), "f" * 64))
    found = (
        incident_entities.of_incident(told),
        incident_entities.of_cause(cause),
        incident_entities.of_ledger(ledger),
    )
    assert max(len(str(value).encode("utf-16-le")) for one in found for value in one.values()) <= 64 * 1024
    assert incident_entities.incident(found[0]).step(f"{79:064}")
    assert incident_entities.cause("c", found[1]).openings[-1] == cause.openings[-1]
    assert incident_entities.ledger("r", found[2]).has(f"{79:064}")
