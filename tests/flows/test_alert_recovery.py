"""Reconciliation and the processor together: whatever the intake loses, delays or repeats, one row for each event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders.alert_instances import delivered, listed
from tests.builders.alert_world import AlertWorld, message_of
from tests.fakes.alert_instances import FakeAlertInstances, FakeWatermarks
from tests.fakes.alert_queue import FakeAlertQueue
from vibedata import operations
from vibedata.alerts.message import Message
from vibedata.flows import reconcile_alerts

START = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
RUN_EVERY = 15
LAST_RUN = 360
DELAYS = st.lists(
    st.integers(0, 200), max_size=2
)  # minutes until each delivery of an event; none: it is lost


@dataclass(frozen=True)
class Story:
    """One alert: when it fired and was resolved (minutes), and when each of the two is delivered."""

    fired: int
    lasts: int | None
    told_fired: list[int]
    told_resolved: list[int]

    @property
    def resolved(self) -> int | None:
        return None if self.lasts is None else self.fired + self.lasts

    @property
    def ends(self) -> datetime | None:
        return None if self.resolved is None else at(self.resolved)

    def deliveries(self, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        yield from ((self.fired + delay, delivered(name, at(self.fired))) for delay in self.told_fired)
        if self.resolved is not None:
            told = delivered(name, at(self.fired), self.ends)
            yield from ((self.resolved + delay, told) for delay in self.told_resolved)

    def shown(self, name: str, minute: int) -> dict[str, Any] | None:
        """Return the instance as Azure lists it at that minute."""
        if minute < self.fired:
            return None
        is_over = self.resolved is not None and minute >= self.resolved
        return listed(name, at(self.fired), **({"resolved_at": self.ends} if is_over else {}))


STORIES = st.lists(
    st.builds(Story, st.integers(0, 60), st.none() | st.integers(1, 90), DELAYS, DELAYS),
    min_size=1,
    max_size=4,
)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


class Plant:
    """Both flows over one set of tables; what is enqueued waits until it is processed."""

    def __init__(self, stories: list[Story]) -> None:
        self.stories = {f"alert-{number}": story for number, story in enumerate(stories)}
        self.world = AlertWorld()
        self.watermarks = FakeWatermarks()
        self.waiting: list[tuple[int, Message]] = []
        self.enqueued = 0

    def live(self, lags: list[int]) -> None:
        deliveries = [one for name, story in self.stories.items() for one in story.deliveries(name)]
        for minute in range(LAST_RUN + 1):
            self.world.now = at(minute)
            for when, document in deliveries:
                if when == minute:
                    self.world.process(message_of(document, received_at=at(minute)))
            for when, message in [one for one in self.waiting if one[0] <= minute]:
                self.world.process(message)
                self.waiting.remove((when, message))
            if minute % RUN_EVERY == 0:
                self.reconcile(minute, lags)

    def reconcile(self, minute: int, lags: list[int]) -> None:
        queue = FakeAlertQueue()
        shown = [item for name, story in self.stories.items() if (item := story.shown(name, minute))]
        reconcile_alerts.run(
            instances=FakeAlertInstances(*shown),
            incidents=self.world.incidents,
            queue=queue,
            watermarks=self.watermarks,
            rows=self.world.rows,
            clock=lambda: at(minute),
            instance_id="instance-1",
        )
        for message in queue.messages:
            self.enqueued += 1
            self.waiting.append((minute + lags[self.enqueued % len(lags)], message))

    def rows(self) -> dict[tuple[str, str], list[bool]]:
        """Return of each event which rows there are, folded: whether each is reconciliation's."""
        found: dict[tuple[str, str], list[bool]] = {}
        made = [row for row in self.world.rows.alerts() if row["Operation"] != "reconcile_alerts"]
        for row in operations.fold(made):
            name = row["Details"]["alertId"].rsplit("/", 1)[-1]
            found.setdefault((name, row["Status"]), []).append(row["Details"]["reconciled"])
        return found


@given(STORIES, st.lists(st.integers(0, 50), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_each_event_has_one_row_and_a_delivered_one_its_delivery_s(
    stories: list[Story], lags: list[int]
) -> None:
    plant = Plant(stories)
    plant.live(lags)
    expected: dict[tuple[str, str], list[bool]] = {}
    for name, story in plant.stories.items():
        expected[name, "Fired"] = [not story.told_fired]
        if story.resolved is not None:
            expected[name, "Resolved"] = [not story.told_resolved]
    assert plant.rows() == expected
    assert all(
        one.is_open is (plant.stories[one.key.rsplit("/", 1)[-1]].resolved is None)
        for one in plant.world.incidents.list()
    )


def test_an_outage_of_a_week_loses_nothing() -> None:
    world = AlertWorld()
    plant = Plant([Story(0, 30, [], []), Story(50, None, [], [])])
    plant.world = world
    plant.reconcile(0, [0])
    plant.waiting.clear()
    week = 7 * 24 * 60
    world.now = at(week)
    plant.reconcile(week, [0])
    for _, message in plant.waiting:
        world.process(message)
    assert plant.rows() == {
        ("alert-0", "Fired"): [True],
        ("alert-0", "Resolved"): [True],
        ("alert-1", "Fired"): [True],
    }
