"""The contract of the operations log, its reader beside it: the recording fake and Azure's, on the local stack."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from local_stack.threaded import ThreadedStack
from tests.contracts.operations_world import ACCOUNTS, make, operation_id, start
from tests.fakes.operations_log import RecordedOperations, RecordingLog
from vibedata.operations import Event, Operation, Row, row
from vibedata.operations_table import problems
from vibedata.ports import OperationsLog, OperationsReader

NOW = datetime.now(timezone.utc)


@dataclass
class Twin:
    """A log and what reads it."""

    log: OperationsLog
    reader: OperationsReader

    def read(self, operation: str, since: timedelta = timedelta(hours=1)) -> list[Row]:
        return self.reader.rows(since=NOW - since, operation_id=operation)


@pytest.fixture(scope="module")
def operations_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    stack = start(tmp_path_factory.mktemp("operations") / "stack")
    yield stack
    stack.stop()


def _fake() -> Twin:
    log = RecordingLog()
    return Twin(log, RecordedOperations(log))


@pytest.fixture(params=["fake", "azure"])
def twin(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Twin:
    if request.param == "fake":
        return _fake()
    stack: ThreadedStack = request.getfixturevalue("operations_stack")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stack.ca_file))
    names: Iterator[str] = request.getfixturevalue("account_names")
    world = make(stack, names, tmp_path)
    return Twin(world.log(), world.reader())


@pytest.fixture(scope="module")
def account_names() -> Iterator[str]:
    return iter(ACCOUNTS)


def rows(operation: str, *names: str, **event: object) -> list[Row]:
    whole = Operation(operation, "import_artifacts", "inst-1", 7, "me", "job", "sha256:" + "a" * 64)
    return [row(whole, Event(**{"name": name, "status": "Started", "at": NOW, **event})) for name in names]


def test_what_is_written_and_flushed_is_read_back_complete(twin: Twin) -> None:
    operation = operation_id()
    written = rows(
        operation, "a", component="api", duration_ms=5, message="größer", details={"n": [1, {"x": None}]}
    )
    twin.log.write(written)
    twin.log.flush()
    found = twin.read(operation)
    assert found == written
    assert problems(found[0]) == []


def test_rows_come_oldest_first_and_only_of_the_operation(twin: Twin) -> None:
    mine, theirs = operation_id(), operation_id()
    for age, name in ((1, "late"), (3, "early"), (2, "middle")):
        twin.log.write(rows(mine, name, at=NOW - timedelta(minutes=age)))
    twin.log.write(rows(theirs, "other"))
    twin.log.flush()
    names = [found["Operation"].partition("/")[2] for found in twin.read(mine)]
    assert names == ["early", "middle", "late"]
    assert {found["OperationId"] for found in twin.reader.rows(since=NOW - timedelta(hours=1))} >= {
        mine,
        theirs,
    }


def test_rows_before_since_are_left_out(twin: Twin) -> None:
    operation = operation_id()
    twin.log.write(rows(operation, "old", at=NOW - timedelta(hours=2)) + rows(operation, "new"))
    twin.log.flush()
    assert len(twin.read(operation)) == 1
    assert len(twin.read(operation, since=timedelta(hours=3))) == 2


def test_a_row_written_twice_is_read_once_as_it_was_last(twin: Twin) -> None:
    operation = operation_id()
    twin.log.write(rows(operation, "a", message="first", at=NOW - timedelta(seconds=9)))
    twin.log.write(rows(operation, "a", message="second", at=NOW))
    twin.log.flush()
    (found,) = twin.read(operation)
    assert found["Message"] == "second"


def test_flushing_nothing_is_fine_and_writing_goes_on_after_a_flush(twin: Twin) -> None:
    operation = operation_id()
    twin.log.write([])
    twin.log.flush()
    twin.log.flush()
    twin.log.write(rows(operation, "a"))
    twin.log.flush()
    twin.log.write(rows(operation, "b"))
    twin.log.flush()
    assert len(twin.read(operation)) == 2


def test_several_threads_may_write(twin: Twin) -> None:
    operation = operation_id()

    def work(number: int) -> None:
        for step in range(40):
            twin.log.write(rows(operation, f"{number}-{step}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    twin.log.flush()
    assert len(twin.read(operation)) == 240


def test_an_operation_id_is_only_ever_a_value(twin: Twin) -> None:
    operation = operation_id()
    twin.log.write(rows(operation, "a"))
    twin.log.flush()
    for hostile in (f"' or OperationId == '{operation}", "x' | take 1 //", "\\", "a\nb"):
        assert twin.read(hostile) == []
