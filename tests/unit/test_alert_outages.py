"""One row an hour for each reason for which alerts are put off, however many workers and alerts there are."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.fakes.alert_processing import FakeAlertRows
from vibedata.adapters.alert_outages import LoggedOutages
from vibedata.errors import Blocked, Transient
from vibedata.operations_table import problems

BUSY = Transient("azure-busy", "Could not read the delivery: 503.", hint="Azure asked to wait.")
NO_ROLE = Blocked("role-missing", "vibedata-uami may not read tables.", hint="Assign the role.")


class World:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 4, 5, 50, tzinfo=timezone.utc)
        self.rows = FakeAlertRows()

    def worker(self) -> LoggedOutages:
        return LoggedOutages(self.rows, "instance-1", lambda: self.now)

    def event_ids(self) -> list[str]:
        return [row["EventId"] for row in self.rows.rows]


@pytest.fixture
def world() -> World:
    return World()


def test_the_row_says_what_is_wrong_and_what_to_do(world: World) -> None:
    world.worker().tell(BUSY)
    (row,) = world.rows.rows
    assert not problems(row)
    told = [row[name] for name in ("Category", "Operation", "Status", "Severity", "ErrorCode", "Remedy")]
    assert told == ["Alert", "put_off_alert", "PutOff", "Warning", "azure-busy", "Azure asked to wait."]
    assert "Could not read the delivery" in row["Message"]


def test_a_worker_writes_it_once_an_hour_for_each_reason(world: World) -> None:
    worker = world.worker()
    for minute in (0, 1, 9, 10, 30):
        world.now = datetime(2026, 3, 4, 5, 50, tzinfo=timezone.utc) + timedelta(minutes=minute)
        worker.tell(BUSY)
        worker.tell(NO_ROLE)
    assert len(world.event_ids()) == len(set(world.event_ids())) == 4


def test_workers_write_the_same(world: World) -> None:
    world.worker().tell(BUSY)
    world.now += timedelta(minutes=3)
    world.worker().tell(BUSY)
    first, second = world.event_ids()
    assert first == second


def test_a_row_that_nobody_took_is_written_later_and_not_at_every_alert(world: World) -> None:
    worker = world.worker()
    world.rows.trouble = BUSY
    with pytest.raises(Transient):
        worker.tell(BUSY)
    world.rows.trouble = None
    worker.tell(BUSY)
    assert not world.rows.rows
    world.now += timedelta(minutes=10)
    worker.tell(BUSY)
    assert len(world.rows.rows) == 1
