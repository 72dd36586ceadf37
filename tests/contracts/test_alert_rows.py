"""Rows of alerts travel together, each with its own verdict; what the log does not take is spooled, and comes later."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.threaded import ThreadedStack
from tests.contracts.operations_world import ACCOUNTS, OperationsWorld, make, start
from tests.fakes.alert_processing import FakeAlertRows
from tests.fakes.row_delivery import FakeSender, MemorySpool
from vibedata.adapters.alert_notices import LoggedNotices
from vibedata.adapters.alert_rows import AT_ONCE, LONG_SECONDS, MAX_BATCH_BYTES, GroupedRows
from vibedata.adapters.operations_ingestion import (
    CONNECT_SECONDS,
    MAX_HALVINGS,
    READ_SECONDS,
    Delivery,
    Ingestion,
)
from vibedata.adapters.operations_spool import (
    DETAILS_CONTAINER,
    HOLD_SECONDS,
    PENDING,
    REJECTED,
    SPOOL_CONTAINER,
    Spool,
)
from vibedata.adapters.spool_drain import ROUND_SECONDS
from vibedata.alerts.noise import Notice
from vibedata.errors import Transient
from vibedata.operations import Event, Operation, Row, row
from vibedata.operations_table import table

NOW = datetime.now(timezone.utc)


def a_row(operation: str, name: str = "metric", **event: Any) -> Row:
    return row(
        Operation(operation, "process_alert", "inst-1"), Event(name, "Fired", NOW, category="Alert", **event)
    )


class Rig:
    def __init__(self, **pace: Any) -> None:
        self.sender, self.spool = FakeSender(), MemorySpool()
        self.now = 1000.0
        self.rows = GroupedRows(self.sender, self.spool, monotonic=lambda: self.now, **pace)
        self.sender.gate.set()

    def waiting(self) -> int:
        return len(self.rows._waiting)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


def deliver_side_by_side(rig: Rig, rows: list[Row]) -> list[Exception | None]:
    """Deliver the first row, and the others while it is in flight; return what each raised."""

    def deliver(one: Row) -> Exception | None:
        try:
            rig.rows.deliver([one])
        except Exception as error:
            return error
        return None

    rig.sender.gate.clear()
    with ThreadPoolExecutor(len(rows)) as pool:
        first = pool.submit(deliver, rows[0])
        assert rig.sender.entered.acquire(timeout=60)
        others = [pool.submit(deliver, one) for one in rows[1:]]
        until(lambda: rig.waiting() == len(others))
        rig.sender.gate.set()
        return [one.result(60) for one in (first, *others)]


def test_rows_that_come_while_others_are_in_flight_travel_together(rig: Rig) -> None:
    rows = [a_row(str(uuid.uuid4())) for _ in range(12)]
    assert deliver_side_by_side(rig, rows) == [None] * 12
    assert [len(upload) for upload in rig.sender.uploads] == [1, 11]


def test_an_upload_has_at_most_so_many_bytes() -> None:
    line = len(json.dumps(a_row("x" * 36), separators=(",", ":")))
    rig = Rig(max_bytes=3 * (line + 3))
    rows = [a_row(str(uuid.uuid4())) for _ in range(8)]
    assert deliver_side_by_side(rig, rows) == [None] * 8
    assert len(rig.sender.uploads) == 4
    assert max(sum(map(len, upload)) for upload in rig.sender.uploads) <= MAX_BATCH_BYTES


def test_each_caller_gets_the_verdict_on_its_own_rows(rig: Rig) -> None:
    rows = [a_row(str(uuid.uuid4()), name=name) for name in ("good", "bad", "good")]
    rig.sender.refuse = b"process_alert/bad"
    assert deliver_side_by_side(rig, rows) == [None] * 3
    assert len(rig.spool.rejected) == 1  # kept for a person; trying again would not help


def test_a_bug_in_an_upload_lets_nobody_wait_for_ever(rig: Rig) -> None:
    rig.sender.broken = True
    raised = deliver_side_by_side(rig, [a_row(str(uuid.uuid4())) for _ in range(3)])
    assert all(isinstance(error, (RuntimeError, Transient)) for error in raised)
    assert not rig.waiting()
    rig.sender.broken = False
    rig.rows.deliver([a_row("after")])


def test_an_upload_that_takes_long_holds_up_nobody(rig: Rig) -> None:
    rig.sender.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(rig.rows.deliver, [a_row("first")])
        assert rig.sender.entered.acquire(timeout=60)
        others = [pool.submit(rig.rows.deliver, [a_row(name)]) for name in ("second", "third")]
        until(lambda: rig.waiting() == 2)
        assert not rig.sender.entered.acquire(timeout=0.2)  # its answer may come at any moment
        rig.now += LONG_SECONDS
        assert rig.sender.entered.acquire(timeout=60)
        rig.sender.gate.set()
        for one in (first, *others):
            one.result(60)
    assert [len(upload) for upload in rig.sender.uploads] == [1, 2]


def test_beside_a_slow_upload_the_others_are_as_fast_as_ever(rig: Rig) -> None:
    rig.sender.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(rig.rows.deliver, [a_row("slow")])
        assert rig.sender.entered.acquire(timeout=60)
        rig.now += LONG_SECONDS
        gate, rig.sender.gate = rig.sender.gate, threading.Event()
        rig.sender.gate.set()
        for number in range(5):  # no clock moves: each begins at once
            rig.rows.deliver([a_row(str(number))])
        gate.set()
        slow.result(60)


def test_a_failure_says_nothing_of_a_log_that_has_answered_since(rig: Rig) -> None:
    fails = threading.Event()

    def deliver(lines: Sequence[bytes], deadline: float) -> Delivery:
        if b"slow" not in lines[0] or fails.is_set():
            return Delivery()
        rig.sender.entered.release()
        assert fails.wait(60)
        return Delivery(later=list(lines), reason="HTTP 504")

    rig.sender.deliver = deliver  # type: ignore[method-assign]
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(rig.rows.deliver, [a_row("slow")])
        assert rig.sender.entered.acquire(timeout=60)
        rig.now += LONG_SECONDS
        rig.rows.deliver([a_row("quick")])
        fails.set()
        slow.result(60)
    rig.rows.deliver([a_row("next")])
    until(lambda: rig.rows._drainer is None)
    assert not rig.spool.batches  # the slow one's row was drained, and the next went at once


def test_a_row_that_has_no_turn_in_time_is_given_back() -> None:
    rig = Rig(wait_seconds=5)
    rig.sender.gate.clear()
    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        in_flight = []
        for number in range(AT_ONCE):
            in_flight.append(pool.submit(rig.rows.deliver, [a_row(str(number))]))
            assert rig.sender.entered.acquire(timeout=60)
            rig.now += LONG_SECONDS
        last = pool.submit(rig.rows.deliver, [a_row("last")])
        until(lambda: rig.waiting() == 1)
        rig.now += 6
        with rig.rows._turn:
            rig.rows._turn.notify_all()
        with pytest.raises(Transient, match="alert-rows-undelivered"):
            last.result(60)
        rig.sender.gate.set()
        for one in in_flight:
            one.result(60)
    assert len(rig.sender.uploads) == AT_ONCE


def test_what_the_log_does_not_take_is_spooled_and_acknowledged(rig: Rig) -> None:
    rig.sender.later = True
    rig.rows.deliver([a_row("one")])
    rig.rows.deliver([a_row("two")])
    assert len(rig.sender.uploads) == 1  # the second is not tried: the log is down
    assert len(rig.spool.batches) == 2


def test_a_log_that_is_up_again_gets_what_was_spooled(rig: Rig) -> None:
    rig.sender.later = True
    for name in ("one", "two"):
        rig.rows.deliver([a_row(name)])
    rig.sender.later, rig.now = False, rig.now + 11
    for name in ("three", "four"):
        rig.rows.deliver([a_row(name)])
    until(lambda: not rig.spool.batches)
    delivered = b"".join(line for upload in rig.sender.uploads[1:] for line in upload)
    assert all(name in delivered for name in (b'"one"', b'"two"', b'"three"', b'"four"'))


def test_draining_delivers_what_others_have_spooled(rig: Rig) -> None:
    rig.spool.put([b'{"a":1}'])
    rig.spool.put([b'{"a":2}'])
    assert rig.rows.drain(60) == 2
    assert rig.rows.drain(60) == 0
    assert not rig.spool.batches


def test_draining_leaves_alone_what_another_process_is_delivering(rig: Rig) -> None:
    rig.spool.put([b'{"a":1}'])
    rig.spool.put([b'{"a":2}'])
    rig.spool.elsewhere.add(f"{PENDING}0")
    assert rig.rows.drain(60) == 1
    assert list(rig.spool.batches) == [f"{PENDING}0"]


def test_spooled_batches_travel_together(rig: Rig) -> None:
    for number in range(5):
        rig.spool.put([json.dumps({"a": number}).encode()])
    assert rig.rows.drain(60) == 5
    assert [len(upload) for upload in rig.sender.uploads] == [5]


def test_a_round_of_draining_has_a_size() -> None:
    rig = Rig(max_bytes=100)
    for _ in range(4):
        rig.spool.put([b"x" * 30])
    assert rig.rows.drain(60) == 4
    assert [len(upload) for upload in rig.sender.uploads] == [2, 2]


def spooled(rig: Rig, *names: str) -> None:
    """Have the log be down for a while, and up again."""
    rig.sender.later = True
    for name in names:
        rig.rows.deliver([a_row(name)])
    rig.sender.later, rig.now = False, rig.now + 11


def test_uploads_go_on_while_the_spool_is_drained(rig: Rig) -> None:
    spooled(rig, "spooled")
    reading, go_on = threading.Event(), threading.Event()
    read = rig.spool.read

    def slowly(name: str) -> list[bytes] | None:
        reading.set()
        assert go_on.wait(60)
        return read(name)

    rig.spool.read = slowly  # type: ignore[method-assign]
    rig.rows.deliver([a_row("first")])  # has its verdict, and does not wait for the spool
    assert reading.wait(60)
    rig.rows.deliver([a_row("second")])
    assert rig.spool.batches
    go_on.set()
    until(lambda: not rig.spool.batches)


@pytest.mark.parametrize("trouble", ["unreadable", "out_of_reach", "elsewhere", "broken"])
def test_a_spool_that_could_not_be_emptied_is_emptied_later(rig: Rig, trouble: str) -> None:
    spooled(rig, "spooled")
    read = rig.spool.read
    if trouble == "unreadable":
        rig.spool.unreadable = 1
    elif trouble == "out_of_reach":
        rig.spool.out_of_reach = True
    elif trouble == "elsewhere":
        rig.spool.elsewhere = set(rig.spool.batches)
    else:
        rig.spool.read = {}.__getitem__  # type: ignore[method-assign]
    rig.rows.deliver([a_row("first")])
    until(lambda: rig.rows._drainer is None)
    assert len(rig.spool.batches) == 1
    assert not rig.spool.held or trouble == "broken"
    rig.spool.out_of_reach, rig.spool.elsewhere, rig.spool.read = False, set(), read  # type: ignore[method-assign]
    rig.spool.held.clear()
    rig.rows.deliver([a_row("too soon")])
    assert rig.spool.batches
    rig.now += 11
    rig.rows.deliver([a_row("later")])
    until(lambda: not rig.spool.batches)


def test_a_refused_row_takes_none_of_its_spool_with_it_twice(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.spool.put([b'{"a":1}', b'{"bad":1}'])
    rig.spool.put([b'{"a":2}'])
    answers = iter([Delivery(refused=[b'{"bad":1}'], later=[b'{"a":1}']), Delivery()])
    monkeypatch.setattr(rig.sender, "deliver", lambda lines, _: next(answers))
    assert rig.rows.drain(60) == 1
    assert list(rig.spool.batches.values()) == [[b'{"a":1}']]  # comes again, without the refused one
    assert rig.rows.drain(60) == 1
    assert rig.spool.rejected == [b'{"bad":1}']
    assert not rig.spool.held


def test_a_batch_is_delivered_while_it_is_held(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    deadlines: list[float] = []
    monkeypatch.setattr(rig.sender, "deliver", lambda _, until: deadlines.append(until) or Delivery())
    rig.spool.put([b'{"a":1}'])
    rig.rows.drain(120)
    assert deadlines == [rig.now + ROUND_SECONDS]
    assert ROUND_SECONDS + CONNECT_SECONDS + READ_SECONDS < HOLD_SECONDS


def test_of_batches_that_travel_together_only_what_arrived_is_deleted(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.spool.put([b'{"a":1}'])
    rig.spool.put([b'{"a":2}'])
    monkeypatch.setattr(rig.sender, "deliver", lambda lines, _: Delivery(later=lines[1:], reason="HTTP 503"))
    assert rig.rows.drain(60) == 1
    assert not rig.spool.held
    assert list(rig.spool.batches.values()) == [[b'{"a":2}']]


def test_draining_stops_while_the_log_is_down(rig: Rig) -> None:
    rig.spool.put([b'{"a":1}'])
    rig.sender.later = True
    assert rig.rows.drain(60) == 0
    assert len(rig.spool.batches) == 1


def test_with_neither_log_nor_spool_the_message_stays(rig: Rig) -> None:
    rig.sender.later = rig.spool.full = True
    with pytest.raises(Transient, match=r"alert-rows-undelivered.*HTTP 503"):
        rig.rows.deliver([a_row("one")])


def test_large_details_lie_in_a_blob(rig: Rig) -> None:
    rig.rows.deliver([a_row("one", details={"text": "x" * 40_000})])
    ((line,),) = rig.sender.uploads
    assert json.loads(line)["Details"]["blob"] == rig.spool.details[0].name


def test_large_details_that_cannot_be_stored_keep_the_message(rig: Rig) -> None:
    rig.spool.full = True
    with pytest.raises(Transient, match="Details"):
        rig.rows.deliver([a_row("one", details={"text": "x" * 40_000})])
    assert not rig.sender.uploads


# On the local stack


@pytest.fixture(scope="module")
def operations_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    stack = start(tmp_path_factory.mktemp("alert-rows") / "stack")
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def account_names() -> Iterator[str]:
    return iter(ACCOUNTS)


@pytest.fixture
def world(
    operations_stack: ThreadedStack,
    account_names: Iterator[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[OperationsWorld]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(operations_stack.ca_file))
    yield make(operations_stack, account_names, tmp_path)
    operations_stack.faults.clear()


def grouped(world: OperationsWorld, **pace: Any) -> GroupedRows:
    logs = world.logs
    sender = Ingestion(
        logs.ingestion_url,
        logs.rule_id,
        table().stream,
        logs.credential,
        threading.Event().wait,
        pause_seconds=0.05,
    )
    return GroupedRows(sender, Spool(world.blob_url, logs.credential), **pace)


def arrived(world: OperationsWorld, operation: str) -> list[Row]:
    return world.reader().rows(since=NOW - timedelta(hours=1), operation_id=operation)


class FakeTwin:
    def __init__(self) -> None:
        self.rows = FakeAlertRows()

    def arrived(self, operation: str) -> list[Row]:
        return [one for one in self.rows.rows if one["OperationId"] == operation]


class AzureTwin:
    def __init__(self, world: OperationsWorld) -> None:
        self.rows, self._world = grouped(world), world

    def arrived(self, operation: str) -> list[Row]:
        return arrived(self._world, operation)


@pytest.fixture(params=["fake", "azure"])
def twin(request: pytest.FixtureRequest) -> Any:
    return FakeTwin() if request.param == "fake" else AzureTwin(request.getfixturevalue("world"))


def test_a_row_has_arrived_when_it_was_delivered(twin: Any) -> None:
    operation = str(uuid.uuid4())
    twin.rows.deliver([a_row(operation), a_row(operation, "log")])
    assert {one["Operation"] for one in twin.arrived(operation)} == {
        "process_alert/metric",
        "process_alert/log",
    }


def test_notices_are_rows_of_the_incident(twin: Any) -> None:
    notices = LoggedNotices(twin.rows, "inst-1", lambda: NOW)
    key = f"/alerts/{uuid.uuid4()}"
    notice = Notice(key, "d1", "postgres", "vd-cpu", "Error", NOW, "CPU is high", "https://portal.example/1")
    notices.open(notice)
    notices.open(notice)
    notices.close(notice)
    from vibedata.alerts.incident import operation_id

    found = {one["EventId"]: one for one in twin.arrived(operation_id(key))}
    assert {(one["Status"], one["Severity"]) for one in found.values()} == {
        ("Opened", "Error"),
        ("Closed", "Information"),
    }


def test_a_burst_arrives_in_few_uploads(world: OperationsWorld, operations_stack: ThreadedStack) -> None:
    rows, operation = grouped(world), str(uuid.uuid4())
    before = len(operations_stack.writes.since(0))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: rows.deliver([a_row(operation, f"kind-{n}")]), range(200)))
    assert len(arrived(world, operation)) == 200
    uploads = [one for one in operations_stack.writes.since(0)[before:] if one.operation == "logs.ingest"]
    assert 1 <= len(uploads) < 100


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_an_outage_fills_the_spool_and_ends_in_the_log(
    world: OperationsWorld, operations_stack: ThreadedStack, status: int
) -> None:
    rows, operation = grouped(world, down_seconds=0.0), str(uuid.uuid4())
    operations_stack.faults.add("logs", "logs.ingest", status=status, times=20)
    rows.deliver([a_row(operation)])
    assert [name for name in world.blobs(SPOOL_CONTAINER) if name.startswith(PENDING)]
    assert not arrived(world, operation)
    operations_stack.faults.clear()
    assert rows.drain(30) == 1
    assert len(arrived(world, operation)) == 1
    assert not world.blobs(SPOOL_CONTAINER)


def test_processes_that_drain_at_once_deliver_each_batch_once(world: OperationsWorld) -> None:
    operation, spool = str(uuid.uuid4()), Spool(world.blob_url, world.logs.credential)
    for number in range(6):
        assert spool.put([json.dumps(a_row(operation, f"kind-{number}")).encode()])
    before = len(world.logs.stack.writes.since(0))
    with ThreadPoolExecutor(3) as pool:
        drained = list(pool.map(lambda rows: rows.drain(30), [grouped(world) for _ in range(3)]))
    uploads = [one for one in world.logs.stack.writes.since(0)[before:] if one.operation == "logs.ingest"]
    assert sum(drained) == 6
    assert 1 <= len(uploads) <= 6
    assert sum(one.detail["rows"] for one in uploads) == 6


def test_a_batch_whose_delivery_took_longer_than_its_lease_is_gone_all_the_same(
    world: OperationsWorld,
) -> None:
    spool = Spool(world.blob_url, world.logs.credential)
    assert spool.put([json.dumps(a_row(str(uuid.uuid4()))).encode()])
    (name,) = spool.waiting() or ()
    assert spool.hold(name)
    spool._held[name].break_lease(0)
    spool.delete(name)
    assert not world.blobs(SPOOL_CONTAINER)


def test_what_another_holds_is_not_deleted(world: OperationsWorld) -> None:
    spools = [Spool(world.blob_url, world.logs.credential) for _ in range(2)]
    assert spools[0].put([json.dumps(a_row(str(uuid.uuid4()))).encode()])
    (name,) = spools[0].waiting() or ()
    assert spools[0].hold(name)
    spools[0]._held[name].break_lease(0)
    assert spools[1].hold(name)
    spools[0].delete(name)
    assert name in world.blobs(SPOOL_CONTAINER)
    spools[1].delete(name)
    assert not world.blobs(SPOOL_CONTAINER)


def test_where_no_row_is_taken_the_search_for_the_bad_one_ends(
    world: OperationsWorld, operations_stack: ThreadedStack
) -> None:
    rows, operation = grouped(world), str(uuid.uuid4())
    operations_stack.faults.add("logs", "logs.ingest", status=400)
    before = len(operations_stack.writes.since(0))
    rows.deliver([a_row(operation, f"kind-{n}") for n in range(200)])
    posts = [one for one in operations_stack.writes.since(0)[before:] if one.operation == "logs.ingest"]
    assert len(posts) <= 2 * MAX_HALVINGS + 1
    spool = Spool(world.blob_url, world.logs.credential)
    kept = [spool.read(name) or [] for name in world.blobs(SPOOL_CONTAINER) if name.startswith(REJECTED)]
    assert sum(map(len, kept)) == 200


def test_who_lets_go_of_a_batch_keeps_nothing_of_it(world: OperationsWorld) -> None:
    spools = [Spool(world.blob_url, world.logs.credential) for _ in range(2)]
    assert spools[0].put([json.dumps(a_row(str(uuid.uuid4()))).encode()])
    (name,) = spools[0].waiting() or ()
    assert spools[0].hold(name)
    assert not spools[1].hold(name)
    spools[0].release(name)
    assert not spools[0]._held
    assert spools[1].hold(name)


def test_a_delivered_batch_is_deleted_though_the_first_try_fails(
    world: OperationsWorld, operations_stack: ThreadedStack
) -> None:
    spool = Spool(world.blob_url, world.logs.credential)
    assert spool.put([json.dumps(a_row(str(uuid.uuid4()))).encode()])
    (name,) = spool.waiting() or ()
    assert spool.hold(name)
    operations_stack.faults.add("storage", "blob.DeleteBlob", status=503, times=1)
    spool.delete(name)
    assert not world.blobs(SPOOL_CONTAINER)
    spool.delete(name)  # another was faster


def test_a_short_refusal_is_waited_out(world: OperationsWorld, operations_stack: ThreadedStack) -> None:
    rows, operation = grouped(world), str(uuid.uuid4())
    operations_stack.faults.add("logs", "logs.ingest", status=429, times=1, retry_after=1)
    began = time.monotonic()
    rows.deliver([a_row(operation)])
    assert time.monotonic() - began >= 1
    assert len(arrived(world, operation)) == 1
    assert not world.blobs(SPOOL_CONTAINER)


def test_too_large_an_upload_is_split(world: OperationsWorld, operations_stack: ThreadedStack) -> None:
    rows, operation = grouped(world), str(uuid.uuid4())
    operations_stack.faults.add("logs", "logs.ingest", status=413, times=1)
    rows.deliver([a_row(operation, f"kind-{n}") for n in range(6)])
    assert len(arrived(world, operation)) == 6


def test_a_row_that_is_refused_for_good_is_kept_for_a_person(
    world: OperationsWorld, operations_stack: ThreadedStack
) -> None:
    rows, operation = grouped(world), str(uuid.uuid4())
    operations_stack.faults.add("logs", "logs.ingest", status=400, times=1)
    rows.deliver([a_row(operation)])
    assert [name for name in world.blobs(SPOOL_CONTAINER) if name.startswith(REJECTED)]


def test_rows_that_were_refused_are_delivered_once_they_lie_among_the_waiting_ones(
    world: OperationsWorld, operations_stack: ThreadedStack, caplog: pytest.LogCaptureFixture
) -> None:
    """As when the rule was wrong, and has been put right: docs/alerts.md says so."""
    rows, operation = grouped(world), str(uuid.uuid4())
    operations_stack.faults.add("logs", "logs.ingest", status=400, times=1)
    rows.deliver([a_row(operation)])
    assert "refuses 1 rows: HTTP 400" in caplog.text
    ((name, body),) = world.blobs(SPOOL_CONTAINER).items()
    container = BlobServiceClient(world.blob_url, world.logs.credential).get_container_client(SPOOL_CONTAINER)
    container.upload_blob(name.replace(REJECTED, PENDING), body)
    assert rows.drain(30) == 1
    assert len(arrived(world, operation)) == 1
    assert list(world.blobs(SPOOL_CONTAINER)) == [name]


def test_rows_that_travel_with_a_refused_one_arrive(
    world: OperationsWorld, operations_stack: ThreadedStack
) -> None:
    rows, operation = grouped(world), str(uuid.uuid4())
    operations_stack.faults.add("logs", "logs.ingest", status=400, times=4)  # 8 rows, then 4, 2 and 1 of them
    rows.deliver([a_row(operation, f"kind-{n}") for n in range(8)])
    assert len(arrived(world, operation)) == 7
    (kept,) = (name for name in world.blobs(SPOOL_CONTAINER) if name.startswith(REJECTED))
    assert Spool(world.blob_url, world.logs.credential).read(kept)


def test_large_details_arrive_as_the_name_of_their_blob(world: OperationsWorld) -> None:
    rows, operation = grouped(world), str(uuid.uuid4())
    rows.deliver([a_row(operation, details={"text": "x" * 40_000})])
    (found,) = arrived(world, operation)
    assert found["Details"]["blob"] in world.blobs(DETAILS_CONTAINER)


@pytest.mark.parametrize("odd", [2**64, -(2**70)])
def test_a_row_goes_whatever_is_in_it(rig: Rig, odd: Any) -> None:
    rig.rows.deliver([a_row("one", details={"odd": odd})])
    ((line,),) = rig.sender.uploads
    assert json.loads(line)["Details"]["odd"] == odd
