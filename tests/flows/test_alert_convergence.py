"""Whatever the order, the repetitions and the moments of death: the same incidents, the same EventIds, none twice."""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections import Counter
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders.alert_world import API, WEB, AlertWorld, alert, health, message_of
from tests.fakes.alert_processing import NOW, Dying, Killed
from vibedata import alerts
from vibedata.alerts import reconciling
from vibedata.alerts.incident import Incident
from vibedata.alerts.noise import Limits
from vibedata.alerts.reconciling import AlertInstance

DELIVERIES: list[dict[str, Any]] = [
    alert(1),
    alert(1, "Resolved", minute=4),
    alert(1, minute=6),
    alert(1, "Resolved", minute=9, fired_minute=6),
    alert(2, target=API, rule="vd-api", minute=1),
    alert(3, "Resolved", target=WEB, rule="vd-web", minute=2),
    alert(3, target=WEB, rule="vd-web", minute=1),
    health(4, "Unavailable", minute=0),
    health(5, "Unavailable", minute=3),
    health(6, "Available", minute=5),
    health(7, "Unavailable", minute=8),
]


def core(incident: Incident) -> Incident:
    """An incident without what depends on the order: whether people had been told already."""
    return replace(
        incident,
        steps=tuple(replace(step, verdict="") for step in incident.steps),
        told_by=replace(incident.told_by, verdict=""),
    )


def incidents(world: AlertWorld) -> dict[str, Incident]:
    return {one.key: core(one) for one in world.incidents.list()}


def expected() -> AlertWorld:
    world = AlertWorld()
    for document in DELIVERIES:
        world.process(document)
    return world


EXPECTED = expected()


def process_until_done(world: AlertWorld, document: dict[str, Any], deaths: list[tuple[int, bool]]) -> None:
    """Process a message as a queue does: again after each death, until it is acknowledged."""
    for at, after in deaths:
        world.dying.at, world.dying.after = world.dying.calls + at, after
        try:
            world.process(document)
        except Killed:
            continue
        break
    world.dying.at = -1
    world.process(document)


deaths = st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=3)
orders = st.lists(
    st.tuples(st.sampled_from(range(len(DELIVERIES))), deaths), min_size=len(DELIVERIES), max_size=20
)


@settings(max_examples=30, deadline=None)
@given(orders)
def test_any_order_any_repetition_any_death_ends_the_same(plan: list[tuple[int, Any]]) -> None:
    world = AlertWorld(dying=Dying())
    left = [(number, []) for number in range(len(DELIVERIES)) if number not in {n for n, _ in plan}]
    for number, dying in [*plan, *left]:
        process_until_done(world, DELIVERIES[number], dying)
    assert incidents(world) == incidents(EXPECTED)
    assert world.event_ids() == EXPECTED.event_ids()
    assert set(world.deliveries.done) == set(EXPECTED.deliveries.done)
    assert {one.incident for _, one in world.notices.told.values()} <= set(incidents(world))


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(len(DELIVERIES))), st.integers(0, 60), st.booleans())
def test_a_death_costs_one_repeated_row_at_most(order: list[int], at: int, after: bool) -> None:
    world = AlertWorld(dying=Dying(at=at, after=after))
    for number in order:
        try:
            world.process(DELIVERIES[number])
        except Killed:
            world.process(DELIVERIES[number])
    counted = Counter(row["EventId"] for row in world.rows.alerts())
    assert sum(counted.values()) - len(counted) <= 1
    assert set(counted) == EXPECTED.event_ids()


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(len(DELIVERIES))), st.integers(0, 60), st.booleans())
def test_a_death_tells_people_neither_twice_nor_never(order: list[int], at: int, after: bool) -> None:
    """The same order without a death tells the same."""
    alive, mortal = AlertWorld(), AlertWorld(dying=Dying(at=at, after=after))
    for number in order:
        alive.process(DELIVERIES[number])
        try:
            mortal.process(DELIVERIES[number])
        except Killed:
            mortal.process(DELIVERIES[number])
    assert set(mortal.notices.told) == set(alive.notices.told)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(14)), st.integers(1, 13))
def test_however_many_fire_a_rule_has_its_notices_and_no_more(order: list[int], allowed: int) -> None:
    world = AlertWorld(limits=Limits(notices=allowed))
    for number in order:
        document = alert(number, rule="vd-any")
        criterion = document["data"]["alertContext"]["condition"]["allOf"][0]
        criterion["dimensions"] = [{"name": "database", "value": f"db{number}"}]
        world.process(document)
    assert len(world.notices.told) == min(allowed, len(order))
    assert len(world.event_ids()) == len(order)


def late(document: dict[str, Any], seconds: int) -> dict[str, Any]:
    """The same event, as the list of instances tells it: a little later, and without its context."""
    essentials = dict(document["data"]["essentials"])
    for name in ("firedDateTime", "resolvedDateTime"):
        if name in essentials:
            essentials[name] = essentials[name].replace(":00Z", f":{seconds:02d}Z")
    return {"schemaId": document["schemaId"], "data": {"essentials": essentials, "alertContext": {}}}


REAL = [alert(1), alert(1, "Resolved", minute=20)]
LISTED = [late(one, 7) for one in REAL]


@settings(max_examples=30, deadline=None)
@given(
    st.permutations([("real", 0), ("real", 1), ("listed", 0), ("listed", 1)]),
    st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=4),
)
def test_real_and_reconciled_deliveries_end_in_one_row_each(
    order: list[tuple[str, int]], dying: list[tuple[int, bool]]
) -> None:
    world = AlertWorld(dying=Dying())
    for place, (origin, number) in enumerate(order):
        real = message_of(REAL[number])
        message = real if origin == "real" else message_of(LISTED[number], "reconciled")
        if place < len(dying):
            world.dying.at, world.dying.after = world.dying.calls + dying[place][0], dying[place][1]
        with contextlib.suppress(Killed):
            world.process(message)
        world.dying.at = -1
        world.process(message)
    assert len(world.event_ids()) == 2
    assert len(world.deliveries.done) == 4
    assert Counter(world.notices.words()) in (Counter(open=1, close=1), Counter(close=1))


def test_a_real_delivery_takes_the_reconciled_row_over() -> None:
    world = AlertWorld()
    first = world.process(message_of(LISTED[0], "reconciled"))
    assert world.last()["Details"]["reconciled"] is True
    second = world.process(REAL[0])
    assert second.event_id == first.event_id != alerts.event_id(second.delivery_key)
    assert world.last()["Details"]["reconciled"] is False
    assert world.last()["Details"]["metrics"]
    assert len(world.event_ids()) == 1


def test_a_real_delivery_of_the_very_same_times_takes_it_over_too() -> None:
    world = AlertWorld()
    document = alert(1)
    essentials = document["data"]["essentials"]
    essentials["firedDateTime"] = "2026-03-04T05:00:00.123456Z"  # as many digits as the list is told with
    instance = AlertInstance(
        essentials["alertId"], "Fired", NOW, datetime(2026, 3, 4, 5, 0, 0, 123456, timezone.utc)
    )
    world.process(reconciling.message(next(reconciling.events(instance)), NOW))
    world.process(document)
    assert [row["Details"]["reconciled"] for row in world.rows.alerts()] == [True, False]
    assert len(world.event_ids()) == 1


def test_a_reconciled_alert_that_was_delivered_writes_no_row() -> None:
    world = AlertWorld()
    world.process(REAL[0])
    written = len(world.rows.rows)
    assert world.process(message_of(LISTED[0], "reconciled")).outcome == "reconciled"
    assert len(world.rows.rows) == written
    assert len(world.deliveries.done) == 2


def test_each_of_two_deliveries_near_a_reconciled_one_has_a_row() -> None:
    world = AlertWorld()
    world.process(message_of(LISTED[0], "reconciled"))
    world.process(REAL[0])
    world.process(alert(1, minute=1))
    assert len(world.event_ids()) == 2


def test_what_azure_calls_fired_is_compared_as_fired() -> None:
    """A health event that is over: Azure's list says Fired, and we say Resolved."""
    world = AlertWorld()
    event = health(1, "Available", minute=0)
    world.process(event)
    assert world.process(message_of(late(event, 9), "reconciled")).outcome == "reconciled"


@pytest.mark.parametrize("order", ["real first", "listed first"])
def test_what_azure_calls_fired_and_is_an_end_leaves_nothing_open(order: str) -> None:
    """Azure's list is later than the delivery by seconds, and what it tells has no health in it."""
    world = AlertWorld()
    event = health(1, "Available", minute=0)
    messages = [message_of(event), message_of(late(event, 9), "reconciled")]
    for message in messages if order == "real first" else messages[::-1]:
        world.process(message)
    (incident,) = world.incidents.list()
    assert incident.state == "Closed"
    assert world.notices.words()[-1] == "close"
    assert len(world.event_ids()) == 1


def test_incidents_keep_a_bounded_number_of_steps() -> None:
    world = AlertWorld()
    for minute in range(0, 200, 2):
        world.process(alert(1, minute=minute))
    (incident,) = world.incidents.list()
    assert len(incident.steps) == 32
    assert len(world.event_ids()) == 100


def deaths_of(documents: list[dict[str, Any]], **limits: Any) -> list[AlertWorld]:
    """Process documents in order, once for each moment at which the process may die."""
    worlds = []
    for at in range(200):
        for after in (False, True):
            world = AlertWorld(dying=Dying(at=at, after=after), limits=Limits(**limits))
            died = False
            for document in documents:
                try:
                    world.process(document)
                except Killed:
                    died = True
                    world.process(document)
            if not died:
                return worlds
            worlds.append(world)
    raise AssertionError("it never ends")


def test_whenever_it_dies_the_last_notice_of_a_rule_is_given() -> None:
    for world in deaths_of([alert(1)], notices=1):
        assert world.notices.words() == ["open"]


def test_whenever_it_dies_what_an_event_ends_is_told_to_have_ended() -> None:
    events = [health(1, "Unavailable", minute=0), health(2, "Unavailable", minute=1)]
    for world in deaths_of([*events, health(3, "Available", minute=5)]):
        closed = {notice.incident for word, notice in world.notices.told.values() if word == "close"}
        assert closed == {one.key for one in world.incidents.list()}


def test_what_a_rule_says_last_stands_whenever_it_is_ended() -> None:
    """Two firings under one id and an event that ends both: the facts are the newer firing's in every order."""
    first, second = health(1, "Unavailable", minute=0), health(1, "Degraded", minute=2)
    documents = [first, second, health(2, "Available", minute=5)]
    found = set()
    for order in itertools.permutations(range(3)):
        world = AlertWorld()
        for number in order:
            world.process(documents[number])
        facts = {one.key: one.facts.summary for one in world.incidents.list()}
        found.add(tuple(sorted(facts.items())))
    assert len(found) == 1


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(len(DELIVERIES))), st.sets(st.integers(0, 50), max_size=6))
def test_deliveries_that_are_processed_within_each_other_end_the_same(order: list[int], at: set[int]) -> None:
    """At some writes of one processor, another one processes the next delivery as a whole."""
    world = AlertWorld()
    left = list(order)
    writes = itertools.count()

    def disturb(key: str) -> None:
        if next(writes) in at and left:
            world.process(DELIVERIES[left.pop()])

    world.incidents.disturb = disturb
    while left:
        world.process(DELIVERIES[left.pop()])
    assert incidents(world) == incidents(EXPECTED)
    assert world.event_ids() == EXPECTED.event_ids()


def test_a_resolution_that_has_lost_its_time_takes_the_reconciled_row_over() -> None:
    """A log alert's may: then it bears the time of the start, and the list of instances knows the end's."""
    world = AlertWorld()
    for one in LISTED:
        world.process(message_of(one, "reconciled"))
    timeless = copy.deepcopy(REAL[1])
    del timeless["data"]["essentials"]["resolvedDateTime"]
    world.process(REAL[0])
    world.process(timeless)
    assert len(world.event_ids()) == 2
    assert [row["Status"] for row in world.rows.alerts()] == ["Fired", "Resolved"] * 2
    (incident,) = world.incidents.list()
    assert incident.state == "Closed"


def test_what_closes_is_never_marked_suppressed_not_even_after_reconciliation() -> None:
    world = AlertWorld()
    for one in LISTED:
        world.process(message_of(one, "reconciled"))
    for one in REAL:
        world.process(one)
    details = [row["Details"] for row in world.rows.alerts()]
    assert [one["notice"] for one in details] == ["open", "close", "reconciled", "reconciled"]
    assert [one["suppressed"] for one in details] == [False, False, True, False]
