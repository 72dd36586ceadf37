"""Alerts that end each other: whatever the turns and deaths, what is open is what a plain model says, for few reads."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders.alert_world import AlertWorld, alert, health, message_of
from tests.builders.turns import Actor, Stopping
from tests.fakes.alert_processing import FakeDeliveries, FakeIncidents, Killed
from vibedata.alerts.delivery import Delivery
from vibedata.alerts.incident import Incident


class Event(NamedTuple):
    """A health event: an opening or a closing, of an alertId, at a minute."""

    status: str
    number: int
    minute: int


class SeenAtOnce(FakeDeliveries):
    """Whether a delivery is seen needs no turn: who waits for another one would ask fifty times."""

    def __init__(self, shared: FakeDeliveries, actor: Actor) -> None:
        super().__init__()
        self.done, self._actor = shared.done, actor

    def record(self, delivery: Delivery) -> None:
        self._actor.stop_here()
        super().record(delivery)


def processor(world: AlertWorld, event: Event) -> Actor:
    """Return who processes an event's message on the world's stores, a turn for each call."""

    def process(actor: Actor) -> None:
        mine = AlertWorld()
        mine.deliveries = SeenAtOnce(world.deliveries, actor)
        mine.incidents = Stopping(world.incidents, actor)  # type: ignore[assignment]
        mine.rows = Stopping(world.rows, actor)  # type: ignore[assignment]
        mine.notices = Stopping(world.notices, actor)  # type: ignore[assignment]
        document = health(event.number, event.status, minute=event.minute)
        document["data"]["alertContext"]["eventDataId"] = "-".join(map(str, event))
        mine.process(document)

    return Actor(process)


def deliver(events: Sequence[Event], turns: Sequence[tuple[int, bool]]) -> AlertWorld:
    """Process the events side by side in these turns, then to the end; who dies leaves its message to another."""
    world = AlertWorld()
    actors = [processor(world, event) for event in events]
    for chosen, dies in (*turns, *((number, False) for number in range(len(events)) for _ in range(300))):
        number = chosen % len(events)
        if not actors[number].is_done:
            actors[number].go_on(dies=dies)
        if actors[number].is_killed:
            actors[number] = processor(world, events[number])
    assert [one.trouble for one in actors] == [None] * len(actors)
    assert all(one.is_done for one in actors)
    return world


def numbers_open(events: Sequence[Event]) -> set[int]:
    """The model: an alertId is open when it opened later than anything that closed."""
    closed = max((one.minute for one in events if one.status == "Available"), default=-1)
    return {one.number for one in events if one.status != "Available" and one.minute > closed}


def number_of(incident: Incident) -> int:
    return int(incident.key.rpartition("/")[2][:8])


events = st.lists(
    st.builds(
        Event,
        st.sampled_from(["Unavailable", "Unavailable", "Available"]),
        st.integers(1, 4),
        st.integers(0, 9),
    ),
    min_size=2,
    max_size=7,
)
turns = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([False] * 9 + [True])), max_size=160)


@settings(max_examples=120, deadline=None)
@given(events, turns)
def test_what_is_open_is_what_the_model_says(told: list[Event], taken: list[tuple[int, bool]]) -> None:
    world = deliver(told, taken)
    found = list(world.incidents.list())
    assert {number_of(one) for one in found if one.is_open} == numbers_open(told)
    assert {number_of(one) for one in found} == {one.number for one in told}
    opened, closed = (
        {one.incident for word, one in world.notices.told.values() if word == said}
        for said in ("open", "close")
    )
    assert {one.key for one in found if not one.is_open} & opened <= closed
    marked = {key for _, key in world.incidents.marked}
    assert {one.key for one in found if one.is_open} <= marked, "its symptoms would not be grouped"


@pytest.mark.thorough
def test_what_opens_again_while_its_end_is_unmarked_stays_marked() -> None:
    """Whoever closes and whoever opens again may stop before each call, and die there."""
    events = [Event("Unavailable", 1, 0), Event("Available", 2, 5), Event("Unavailable", 1, 8)]
    for closing in range(3, 16):
        for opening in range(2, 14):
            first = [(0, False)] * 60 + [(1, False)] * closing + [(2, False)] * opening
            for then in ([(1, False)] * 60, [(1, True)], [*[(1, False)] * 60, (2, False), (2, True)]):
                world = deliver(events, [*first, *then])
                found = [one for one in world.incidents.list() if one.is_open]
                assert [number_of(one) for one in found] == [1]
                assert {key for _, key in world.incidents.marked} == {found[0].key}, (closing, opening, then)


@pytest.mark.parametrize("ended", [1, 2])
def test_who_has_unmarked_what_is_open_again_and_died_marks_it_when_it_comes_back(ended: int) -> None:
    """`ended`: an incident of its own, or another one of the cause."""
    world = AlertWorld()
    closing = message_of(health(2, "Available", minute=5))
    world.process(health(1, "Unavailable", minute=1))
    world.process(closing)
    again = health(ended, "Unavailable", minute=8)
    again["data"]["alertContext"]["eventDataId"] = "again"
    world.process(again)
    marked = set(world.incidents.marked)
    assert len(marked) == 1
    world.incidents.marked.clear()
    del world.deliveries.done[closing.delivery_key]
    world.process(closing)
    assert world.incidents.marked == marked


class Counting(FakeIncidents):
    """Counts which incidents are read."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def read(self, key: str) -> tuple[Incident, str] | None:
        self.asked.append(key)
        return super().read(key)


def test_a_closing_reads_only_what_opened_since_the_one_before() -> None:
    world = AlertWorld()
    world.incidents = counting = Counting()
    number = 0
    for opened in (40, 3, 0, 1, 5):
        for _ in range(opened):
            number += 1
            world.process(health(number, "Unavailable", minute=number))
        number += 1
        counting.asked.clear()
        world.process(health(number, "Available", minute=number))
        assert len(set(counting.asked)) == len(counting.asked) == opened + 1  # and its own
    assert all(not one.is_open for one in counting.list())
    assert counting.marked == set()


def test_what_comes_late_is_read_by_nobody_but_itself_and_the_next_closing() -> None:
    world = AlertWorld()
    world.incidents = counting = Counting()
    for number in range(1, 21):
        world.process(health(number, "Unavailable", minute=number))
        world.process(health(100 + number, "Available", minute=number + 0.5))
    counting.asked.clear()
    world.process(health(50, "Unavailable", minute=0))
    assert len(counting.asked) == 1
    late = counting.kept[f"incident:{counting.asked[0]}"][0]
    assert (late.is_open, len(late.steps)) == (False, 2)
    for number, reads in ((200, 2), (201, 1)):
        counting.asked.clear()
        world.process(health(number, "Available", minute=number))
        assert len(counting.asked) == reads


def test_sixty_four_that_are_open_are_ended_though_many_have_ended_before() -> None:
    world = AlertWorld()
    for number in range(1, 60):
        world.process(health(number, "Unavailable", minute=number))
    world.process(health(500, "Available", minute=60))
    for number in range(101, 165):
        world.process(health(number, "Unavailable", minute=number))
    world.process(health(501, "Available", minute=200))
    assert [one.key for one in world.incidents.list() if one.is_open] == []


def test_a_closing_that_overtakes_a_second_firing_is_told_of() -> None:
    """It is in the cause, and has not come to the incident, when the incident fires again at an earlier time."""
    events = [Event("Unavailable", 1, 0), Event("Available", 2, 5), Event("Unavailable", 1, 3)]
    for overtaken in range(2, 12):
        world = deliver(events, [(0, False)] * 60 + [(1, False)] * overtaken + [(2, False)] * 60)
        assert "close" in {
            word for word, one in world.notices.told.values() if one.incident.find("00000001-") > 0
        }


def test_who_dies_before_telling_of_an_end_tells_of_it_though_another_closing_has_kept_that() -> None:
    events = [Event("Unavailable", 1, 0), Event("Available", 2, 5), Event("Available", 3, 6)]
    for dead_at in range(2, 20):
        second_dies = [(0, False)] * 60 + [(1, False)] * dead_at + [(2, False)] * 60 + [(1, True)]
        world = deliver(events, second_dies)
        assert any(
            "00000001-" in one.incident for word, one in world.notices.told.values() if word == "close"
        )


def test_what_a_closing_that_is_given_up_has_not_ended_the_next_one_ends() -> None:
    opened = [health(number, "Unavailable", minute=number) for number in range(4)]
    for at in range(30):
        for after in (False, True):
            world = AlertWorld()
            for document in opened:
                world.process(document)
            world.dying.at, world.dying.after = world.dying.calls + at, after
            with contextlib.suppress(Killed):
                world.process(health(8, "Available", minute=8))
            world.dying.at = -1
            world.process(health(9, "Available", minute=9))
            assert all(not one.is_open for one in world.incidents.list() if number_of(one) < 4)


def test_what_opened_again_for_another_cause_is_looked_at_again() -> None:
    world = AlertWorld()
    elsewhere = health(1, "Unavailable", minute=7)
    elsewhere["data"]["essentials"]["alertRule"] = "vd-other"
    for document in (health(1, "Unavailable", minute=1), elsewhere):
        world.process(document)
    for number, minute in ((2, 5), (3, 9)):
        world.process(health(number, "Available", minute=minute))
    assert [one.key for one in world.incidents.list() if one.is_open] == []


def test_a_notice_of_an_end_bears_the_time_of_the_end() -> None:
    """Also when the incident has fired again before it could be told."""
    events = [Event("Unavailable", 1, 0), Event("Available", 2, 5), Event("Unavailable", 1, 8)]
    for dead_at in range(2, 14):
        world = deliver(events, [(0, False)] * 60 + [(1, False)] * dead_at + [(1, True)] + [(2, False)] * 60)
        ends = [one for word, one in world.notices.told.values() if word == "close"]
        assert {one.at.minute for one in ends} == {5}


def test_metric_alerts_have_no_cause() -> None:
    world = AlertWorld()
    world.process(alert(1))
    assert not [key for key in world.incidents.kept if key.startswith("cause:")]
