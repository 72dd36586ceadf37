"""Reading the log back: since when, one operation, and following."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.fakes.operations_log import RecordedOperations, RecordingLog
from vibedata.errors import BadInput
from vibedata.flows.read_logs import POLL_SECONDS, read_logs, start_of
from vibedata.operations import Event, Operation, row

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)


class World:
    """A log, and a clock that only a pause moves."""

    def __init__(self) -> None:
        self.log = RecordingLog()
        self.now = NOW
        self.pauses: list[float] = []
        self.arriving: list[list[dict]] = []

    def write(self, name: str, age: timedelta = timedelta(), operation: str = "op-1") -> dict:
        made = row(Operation(operation, "run_health", "i"), Event(name, "Started", self.now - age))
        self.log.write([made])
        return made

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)
        if self.arriving:
            self.log.write(self.arriving.pop(0))

    def read(self, **how):
        reader = RecordedOperations(self.log)
        return read_logs(reader=reader, clock=lambda: self.now, pause=self.pause, **how)


def names(batch: list[dict]) -> list[str]:
    return [found["Operation"].partition("/")[2] for found in batch]


@pytest.fixture
def world() -> World:
    return World()


def test_rows_since_an_age_in_one_batch(world: World) -> None:
    for name, minutes in (("old", 90), ("new", 5), ("newer", 1)):
        world.write(name, timedelta(minutes=minutes))
    assert [names(batch) for batch in world.read(since="1h")] == [["new", "newer"]]
    assert [names(batch) for batch in world.read(since="2h")] == [["old", "new", "newer"]]
    assert world.pauses == []


def test_one_operation_alone(world: World) -> None:
    world.write("mine", operation="op-1")
    world.write("theirs", operation="op-2")
    assert [names(batch) for batch in world.read(operation_id="op-2")] == [["theirs"]]


def test_an_event_that_came_twice_is_told_once(world: World) -> None:
    world.write("probe", timedelta(minutes=2))
    world.write("probe", timedelta(minutes=1))
    ((found,),) = list(world.read())
    assert found["EventTime"] == (NOW - timedelta(minutes=1)).isoformat()


def test_following_tells_only_what_is_new(world: World) -> None:
    world.write("first", timedelta(minutes=1))
    late = row(Operation("op-1", "run_health", "i"), Event("late", "Started", NOW - timedelta(minutes=5)))
    world.arriving = [[late], []]
    batches = world.read(follow=True)
    assert names(next(batches)) == ["first"]
    assert names(next(batches)) == ["late"]
    assert names(next(batches)) == []
    assert world.pauses == [POLL_SECONDS, POLL_SECONDS]
    world.arriving = [[{**late, "TimeGenerated": world.now.isoformat()}]]
    assert names(next(batches)) == ["late"]  # the same event again, from a retry: it is news


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("30s", NOW - timedelta(seconds=30)),
        ("90m", NOW - timedelta(minutes=90)),
        ("1h", NOW - timedelta(hours=1)),
        ("2d", NOW - timedelta(days=2)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=timezone.utc)),
        ("2026-01-31T10:00Z", datetime(2026, 1, 31, 10, tzinfo=timezone.utc)),
        ("2026-01-31T10:00:00.1234567Z", datetime(2026, 1, 31, 10, 0, 0, 123456, tzinfo=timezone.utc)),
        ("2026-01-31T10:00:00+02:00", datetime(2026, 1, 31, 8, tzinfo=timezone.utc)),
        ("2026-01-31 10:00:00.5", datetime(2026, 1, 31, 10, 0, 0, 500000, tzinfo=timezone.utc)),
    ],
)
def test_since_is_an_age_or_a_time(since: str, expected: datetime) -> None:
    assert start_of(since, NOW) == expected


@pytest.mark.parametrize(
    "since", ["", "h", "1w", "-1h", "yesterday", "2026-13-01", "9999d", "1h; drop", "2001-01-01"]
)
def test_anything_else_is_refused_before_anything_is_read(world: World, since: str) -> None:
    with pytest.raises(BadInput) as refused:
        world.read(since=since)
    assert refused.value.code == "since-invalid"
