from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest

from tests.builders.alert_instances import RULE, alert_id, delivered, listed, put_into
from tests.fakes.alert_instances import FakeAlertInstances, FakeWatermarks
from tests.fakes.alert_processing import FakeAlertRows, FakeIncidents
from tests.fakes.alert_queue import FakeAlertQueue, busy
from vibedata.alerts.enqueued_lately import MAX_KEYS, EnqueuedLately
from vibedata.alerts.reconciling import GRACE, KEPT, OVERLAP, WATERMARK
from vibedata.errors import Transient
from vibedata.flows import reconcile_alerts
from vibedata.flows.reconcile_alerts import STRIDE, Reconciled

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
FIRED = NOW - timedelta(hours=2)
RESOLVED = NOW - timedelta(hours=1)


class World:
    def __init__(self, *items: dict[str, Any]) -> None:
        self.instances = FakeAlertInstances(*items)
        self.incidents = FakeIncidents()
        self.queue = FakeAlertQueue()
        self.watermarks = FakeWatermarks()
        self.rows = FakeAlertRows()
        self.now = NOW

    def run(self, **changes: Any) -> Reconciled:
        ports: dict[str, Any] = {
            "instances": self.instances,
            "incidents": self.incidents,
            "queue": self.queue,
            "watermarks": self.watermarks,
            "rows": self.rows,
            **changes,
        }
        return reconcile_alerts.run(**ports, clock=lambda: self.now, instance_id="instance-1")

    def process(self) -> None:
        """Do what the processor does with what was enqueued."""
        for body in self.queue.bodies():
            self.take(json.loads(body), reconciled=True)

    def take(self, document: Any, *, reconciled: bool = False) -> None:
        """Put a delivery into its incident."""
        known = self.incidents.read(document["data"]["essentials"]["alertId"].lower())
        incident, version = known or (None, None)
        self.incidents.write(put_into(incident, document, NOW, reconciled=reconciled), version)

    def sent(self) -> list[tuple[str, str]]:
        return [told(json.loads(body)) for body in self.queue.bodies()]


def told(document: Any) -> tuple[str, str]:
    essentials = document["data"]["essentials"]
    return essentials["alertId"].rsplit("/", 1)[-1], essentials["monitorCondition"]


def test_what_no_delivery_told_of_is_enqueued() -> None:
    world = World(listed("a", FIRED), listed("b", FIRED, resolved_at=RESOLVED))
    done = world.run()
    assert sorted(world.sent()) == [("a", "Fired"), ("b", "Fired"), ("b", "Resolved")]
    assert {message.origin for message in world.queue.messages} == {"reconciled"}
    assert list(done.enqueued) == [message.delivery_key for message in world.queue.messages]
    assert (done.looked_at, done.young) == (2, 0)


def test_what_was_delivered_is_not() -> None:
    world = World(listed("a", FIRED), listed("b", FIRED, resolved_at=RESOLVED))
    world.take(delivered("a", FIRED))
    world.take(delivered("b", FIRED, RESOLVED))
    assert world.run().enqueued != ()
    assert world.sent() == [("b", "Fired")]


def test_the_second_run_writes_nothing() -> None:
    world = World(listed("a", FIRED), listed("b", FIRED, resolved_at=RESOLVED))
    world.run()
    world.process()
    sent, rows, marks = len(world.queue.sent), len(world.rows.rows), world.watermarks.writes
    again = world.run()
    assert again.enqueued == ()
    assert (len(world.queue.sent), len(world.rows.rows), world.watermarks.writes) == (sent, rows, marks)


def test_the_watermark_is_where_everything_should_have_arrived() -> None:
    world = World()
    world.run()
    assert world.watermarks.moments == {WATERMARK: NOW - GRACE}
    world.now += timedelta(minutes=15)
    world.run()
    assert world.instances.asked == [NOW - timedelta(days=1), NOW - GRACE - OVERLAP]


def test_what_is_young_is_left_for_the_next_run() -> None:
    world = World(listed("young", NOW - timedelta(minutes=1)))
    assert (world.run().young, world.sent()) == (1, [])
    world.now += timedelta(minutes=15)
    world.run()
    assert world.sent() == [("young", "Fired")]


def test_of_one_that_has_just_been_resolved_the_old_half_is_told_now() -> None:
    world = World(listed("a", FIRED, resolved_at=NOW - timedelta(minutes=1)))
    world.run()
    assert world.sent() == [("a", "Fired")]
    world.process()
    world.now += timedelta(minutes=15)
    world.run()
    assert world.sent() == [("a", "Fired"), ("a", "Resolved")]


def test_one_that_changes_again_and_again_is_not_put_off() -> None:
    world = World(listed("a", FIRED, changed_at=NOW))
    world.run()
    assert world.sent() == [("a", "Fired")]


def test_a_row_says_what_was_missed() -> None:
    world = World(listed("a", FIRED))
    world.run()
    (row,) = world.rows.rows
    assert (row["Operation"], row["Status"], row["Severity"]) == ("reconcile_alerts", "Reconciled", "Warning")
    assert row["Details"]["enqueued"] == 1
    assert row["Details"]["events"] == [
        {
            "alertId": alert_id("a"),
            "condition": "Fired",
            "at": FIRED.isoformat(),
            "rule": RULE.rsplit("/", 1)[-1],
        }
    ]
    assert (row["InstanceId"], row["Category"]) == ("instance-1", "Alert")


def test_a_run_that_finds_nothing_writes_no_row() -> None:
    world = World()
    world.run()
    assert world.rows.rows == []


def test_the_same_findings_are_the_same_event() -> None:
    world = World(listed("a", FIRED), listed("b", FIRED))
    world.run()
    world.watermarks.moments.clear()  # the first died after its row
    world.watermarks.notes.clear()
    world.now += timedelta(minutes=1)
    world.run()
    assert len({row["EventId"] for row in world.rows.rows}) == 1
    assert len(world.rows.rows) == 2


@pytest.mark.parametrize("good", [0, 1, 2])
def test_a_run_that_dies_is_run_again_and_enqueues_nothing_new(good: int) -> None:
    items = [listed(name, FIRED + timedelta(seconds=n)) for n, name in enumerate("abc")]
    whole = World(*items)
    whole.run()
    world = World(*items)
    world.queue.trouble, world.queue.good = busy(), good
    with pytest.raises(Transient):
        world.run()
    assert world.watermarks.moments == {}
    world.queue.trouble = None
    world.run()
    keys = [message.delivery_key for message in world.queue.messages]
    assert len(keys) == good + 3
    assert set(keys) == {message.delivery_key for message in whole.queue.messages}
    assert world.watermarks.moments == whole.watermarks.moments


def test_of_a_flood_a_run_that_dies_does_not_begin_anew() -> None:
    items = [listed(f"n{n:04}", FIRED + timedelta(seconds=n)) for n in range(2 * STRIDE + 50)]
    world = World(*items)
    world.queue.trouble, world.queue.good = busy(), 2 * STRIDE + 10
    with pytest.raises(Transient):
        world.run()
    at = FIRED + timedelta(seconds=2 * STRIDE - 1)
    assert world.watermarks.moments == {WATERMARK: at - timedelta(microseconds=1)}
    world.process()
    world.queue.trouble = None
    assert len(world.run().enqueued) == 40
    assert sorted(world.sent()) == sorted((f"n{n:04}", "Fired") for n in range(2 * STRIDE + 50))


def test_of_more_than_a_run_can_read_each_run_brings_what_changed_first() -> None:
    world = World(*(listed(f"n{n:03}", FIRED + timedelta(seconds=n)) for n in range(250)))
    world.instances.at_most = 100
    assert world.run().behind
    assert world.sent() == [(f"n{n:03}", "Fired") for n in range(100)]
    at = FIRED + timedelta(seconds=99)
    assert world.watermarks.moments == {WATERMARK: at - timedelta(microseconds=1)}
    assert "the next goes on from 2026-03-01 10:01:39" in world.rows.rows[-1]["Message"]
    for _ in range(2):
        world.process()
        done = world.run()
    assert (done.behind, world.watermarks.moments) == (False, {WATERMARK: NOW - GRACE})
    assert sorted(set(world.sent())) == [(f"n{n:03}", "Fired") for n in range(250)]


def test_where_even_the_overlap_is_more_than_a_run_can_read_the_watermark_moves() -> None:
    world = World(*(listed(f"n{n:03}", FIRED + timedelta(seconds=n)) for n in range(250)))
    world.instances.at_most = 10
    mark = world.watermarks.moments[WATERMARK] = FIRED + timedelta(seconds=100)
    world.run()
    assert world.watermarks.moments[WATERMARK] > mark


def test_two_runs_side_by_side_enqueue_the_same_messages() -> None:
    world = World(listed("a", FIRED), listed("b", FIRED, resolved_at=RESOLVED))
    first = world.run()
    world.watermarks.moments.clear()  # the other one had read both before
    world.watermarks.notes.clear()
    second = world.run()
    assert first.enqueued == second.enqueued
    assert len(set(first.enqueued)) == 3


def test_while_processing_stands_still_an_alert_is_enqueued_once_and_once_more_at_the_last_look() -> None:
    world = World(listed("a", NOW - timedelta(minutes=11)))
    done = []
    for _ in range(8):
        done.append(world.run())
        world.now += timedelta(minutes=15)
    assert [len(one.enqueued) for one in done] == [1, 0, 0, 0, 1, 0, 0, 0]
    assert [one.again for one in done] == [0, 0, 0, 0, 1, 0, 0, 0]
    first, second = [row["Message"] for row in world.rows.rows]
    assert first == "1 alert that no delivery told of was enqueued from Azure's own list."
    assert second == f"{first} 1 of them had been enqueued before, and nothing has come of that yet."
    assert all("put_off_alert" in row["Remedy"] for row in world.rows.rows)


def test_however_late_a_run_first_sees_it_the_last_look_finds_a_lost_message_again() -> None:
    for age in range(10, 25):
        world = World(listed("a", NOW - timedelta(minutes=age)))
        world.watermarks.advance(WATERMARK, NOW - timedelta(minutes=25))  # of the run before
        for _ in range(8):
            world.run()
            world.now += timedelta(minutes=15)
        assert len(world.sent()) == 2, age


def test_a_run_that_dies_before_its_row_leaves_the_row_to_the_next() -> None:
    world = World(listed("a", FIRED))
    world.rows.trouble = busy()
    with pytest.raises(Transient):
        world.run()
    world.rows.trouble = None
    world.run()
    assert [row["Status"] for row in world.rows.rows] == ["Reconciled"]


def test_another_event_of_the_same_alert_is_enqueued_all_the_same() -> None:
    world = World(listed("a", FIRED))
    world.run()
    world.instances.listed = [listed("a", FIRED, resolved_at=NOW)]
    world.now += timedelta(minutes=15)
    world.run()
    assert world.sent() == [("a", "Fired"), ("a", "Resolved")]


def test_what_was_enqueued_is_noted_in_bounds_and_whatever_the_note_says() -> None:
    many = EnqueuedLately()
    for n in range(0, 2 * MAX_KEYS, 1000):
        many = many.plus((f"{m:016x}" for m in range(n, n + 1000)), NOW + timedelta(seconds=n))
    assert (len(many.at), len(many.as_text()) < 200_000) == (MAX_KEYS, True)
    assert EnqueuedLately.of(many.as_text()) == many
    later = NOW + timedelta(seconds=2 * MAX_KEYS)
    assert (many.knows("0" * 64), many.has(f"{2 * MAX_KEYS - 1:016x}", later)) == (False, True)
    assert EnqueuedLately.of("nonsense 0\n\n2026-03-01T12:00:00Z").at == {}


def test_what_cannot_be_listed_leaves_the_watermark() -> None:
    class Down:
        def changed(self, since: datetime) -> Iterable[Any]:
            yield from FakeAlertInstances(listed("a", FIRED)).changed(since)
            raise busy()

    world = World()
    with pytest.raises(Transient):
        world.run(instances=cast(Any, Down()))
    assert (world.sent(), world.watermarks.moments) == ([], {})


def test_time_that_azure_has_forgotten_is_told() -> None:
    world = World()
    world.watermarks.moments[WATERMARK] = NOW - KEPT - timedelta(days=2)
    done = world.run()
    assert done.gap == timedelta(days=2)
    assert world.instances.asked == [NOW - KEPT]
    (row,) = world.rows.rows
    assert (row["Status"], row["Severity"]) == ("Incomplete", "Error")
    assert "2 days" in row["Message"]


def test_a_gap_is_told_before_the_watermark_moves_over_it() -> None:
    world = World(*(listed(f"n{n:04}", FIRED + timedelta(seconds=n)) for n in range(STRIDE + 1)))
    mark = world.watermarks.moments[WATERMARK] = NOW - KEPT - timedelta(days=2)
    with pytest.raises(Transient):
        world.run(rows=cast(Any, Refusing()))
    assert (world.watermarks.moments, world.sent()) == ({WATERMARK: mark}, [])
    world.run()
    assert [row["Status"] for row in world.rows.rows] == ["Incomplete", "Reconciled"]
    assert world.watermarks.moments == {WATERMARK: NOW - GRACE}
    world.process()
    world.now += timedelta(minutes=15)
    world.run()
    assert len(world.rows.rows) == 2


def test_a_gap_that_is_told_twice_is_one_event() -> None:
    world = World()
    for minutes in (0, 15):
        world.watermarks.moments[WATERMARK] = NOW - KEPT - timedelta(days=2)
        world.now = NOW + timedelta(minutes=minutes)
        world.run()
    assert len(world.rows.rows) == 2
    assert len({row["EventId"] for row in world.rows.rows}) == 1


def test_a_row_that_is_refused_leaves_the_watermark() -> None:
    world = World(listed("a", FIRED))
    with pytest.raises(Transient):
        world.run(rows=cast(Any, Refusing()))
    assert WATERMARK not in world.watermarks.moments or world.watermarks.moments[WATERMARK] < FIRED


class Refusing:
    def deliver(self, rows: Any) -> None:
        raise busy()


def test_an_alert_known_by_the_id_of_its_listing_is_known() -> None:
    item = listed("a", FIRED)
    document = delivered("a", FIRED)
    document["data"]["essentials"]["alertId"] = item["id"]
    world = World(item)
    world.take(document)
    assert world.run().enqueued == ()
