"""What Azure's operations log does when Azure does not take the rows: they wait, and none is lost."""

from __future__ import annotations

import gzip
import json
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.threaded import ThreadedStack
from tests.contracts.operations_world import ACCOUNTS, OperationsWorld, make, operation_id, start
from vibedata.adapters.alert_rows import GroupedRows
from vibedata.adapters.details_apart import as_line
from vibedata.adapters.operations_ingestion import MAX_BATCH_BYTES, batches, packed
from vibedata.adapters.operations_journal import Journal
from vibedata.adapters.operations_spool import DETAILS_CONTAINER, PENDING, REJECTED, SPOOL_CONTAINER, Spool
from vibedata.operations import Event, Operation, Row, row

NOW = datetime.now(timezone.utc)


@pytest.fixture(scope="module")
def operations_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    stack = start(tmp_path_factory.mktemp("delivery") / "stack")
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


def rows(operation: str, *names: str, **event: object) -> list[Row]:
    """Rows a millisecond apart in the order of their names, which is the order in which they are read."""
    whole = Operation(operation, "import_artifacts", "inst-1")
    times = {name: NOW + timedelta(milliseconds=n) for n, name in enumerate(sorted(names))}
    if len(names) == 1:
        times = {names[0]: NOW + timedelta(milliseconds=ord(names[0][0]))}
    return [row(whole, Event(name, "Started", times[name], **event)) for name in names]


def read(world: OperationsWorld, operation: str) -> list[str]:
    found = world.reader().rows(since=NOW - timedelta(hours=1), operation_id=operation)
    return [each["Operation"].partition("/")[2] for each in found]


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def later_processes_until(world: OperationsWorld, condition: Callable[[], bool]) -> None:
    """Run processes with nothing of their own; one alone may find a file just held by another."""

    def one_more() -> bool:
        world.log().flush()
        return condition()

    until(one_more)


def refuse(world: OperationsWorld, **fault: object) -> None:
    world.logs.stack.faults.add("logs", "logs.ingest", **fault)


def test_a_started_row_arrives_while_its_step_still_runs(world: OperationsWorld) -> None:
    operation = operation_id()
    world.log().write(rows(operation, "long-step"))
    until(lambda: read(world, operation) == ["long-step"])


@pytest.mark.parametrize("fault", [{"status": 429, "retry_after": 0}, {"status": 429}, {"status": 503}, {"status": 408},
                                   {"status": 502}, {"reset": True}, {"reset": True, "after": True}])  # fmt: skip
def test_a_passing_trouble_is_waited_out_and_nothing_doubles(world: OperationsWorld, fault: dict) -> None:
    refuse(world, times=1, **fault)
    operation, log = operation_id(), world.log()
    log.write(rows(operation, "a", "b"))
    log.flush()
    assert read(world, operation) == ["a", "b"]
    assert world.blobs(SPOOL_CONTAINER) == {}
    assert world.journals() == []


def test_retry_after_is_honoured(world: OperationsWorld) -> None:
    refuse(world, times=1, status=429, retry_after=1)
    log, began = world.log(), time.monotonic()
    log.write(rows(operation_id(), "a"))
    until(lambda: not world.journals())  # by the background thread alone
    assert time.monotonic() - began >= 1.0


def test_what_is_refused_for_long_is_spooled_and_a_later_process_delivers_it(world: OperationsWorld) -> None:
    refuse(world, status=503)
    operation, log = operation_id(), world.log(closing_seconds=2)
    log.write(rows(operation, "a", "b"))
    log.flush()
    (name,) = world.blobs(SPOOL_CONTAINER)
    assert name.startswith(PENDING)
    assert world.journals() == []
    assert read(world, operation) == []

    world.logs.stack.faults.clear()
    later_processes_until(world, lambda: not world.blobs(SPOOL_CONTAINER))
    assert read(world, operation) == ["a", "b"]


def test_a_missing_role_delays_the_rows_and_not_the_work(world: OperationsWorld) -> None:
    assignments = world.logs.stack.ctx.roles.assignments()
    mine = [key for key, kept in assignments.items() if kept["scope"] == world.logs.rule["id"]]
    for key in mine:
        world.logs.stack.ctx.roles.remove(key)
    operation, log = operation_id(), world.log(closing_seconds=2)
    log.write(rows(operation, "a"))
    log.flush()  # a role is waited for ten minutes, yet not here: tests/unit/test_operations_flush.py
    assert len(world.blobs(SPOOL_CONTAINER)) == 1

    world.logs.assign("Monitoring Metrics Publisher", world.logs.rule["id"])
    other = world.log()
    other.write(rows(operation, "b"))
    other.flush()
    assert "b" in read(world, operation)
    # The first process may be trying its row just now.
    later_processes_until(world, lambda: read(world, operation) == ["a", "b"])


def test_a_role_that_spreads_late_is_waited_for_in_the_background(world: OperationsWorld) -> None:
    refuse(world, status=403, times=4)
    operation, log = operation_id(), world.log()
    log.write(rows(operation, "a"))
    until(lambda: read(world, operation) == ["a"])
    until(lambda: not world.journals())
    assert world.blobs(SPOOL_CONTAINER) == {}


def test_with_the_storage_account_gone_too_the_journal_keeps_the_rows(world: OperationsWorld) -> None:
    refuse(world, status=503)
    world.logs.stack.faults.add("storage", "*", status=503)
    operation, log = operation_id(), world.log(closing_seconds=1)
    log.write(rows(operation, "a", details={"large": "x" * 50_000}))
    log.flush()
    (file,) = world.journals()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["Operation"] == "import_artifacts/a"

    world.logs.stack.faults.clear()
    later_processes_until(world, lambda: not world.journals())
    assert read(world, operation) == ["a"]
    assert len(world.blobs(DETAILS_CONTAINER)) == 1


def test_a_killed_process_loses_no_row(world: OperationsWorld) -> None:
    script = """
        import json, sys, threading, time
        from pathlib import Path
        from vibedata.adapters.operations_journal import Journal
        from vibedata.adapters.operations_log import AzureOperationsLog
        class Stuck:
            def deliver(self, lines, deadline):
                time.sleep(60)
        log = AzureOperationsLog(Stuck(), None, Journal(Path(sys.argv[1])), closing=threading.Event())
        log.write(json.loads(sys.stdin.readline()))
        print("written", flush=True)
        time.sleep(60)
    """
    operation, directory = operation_id(), world.home / "work" / "spool"
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    child.stdin.write(json.dumps(rows(operation, "before-the-end")) + "\n")
    child.stdin.flush()
    assert child.stdout.readline() == "written\n"
    world.log().flush()
    assert read(world, operation) == [], "a journal belongs to its process while that lives"
    child.send_signal(signal.SIGKILL)
    child.wait(timeout=60)
    child.stdin.close()
    child.stdout.close()
    world.log().flush()
    assert read(world, operation) == ["before-the-end"]
    assert world.journals() == []


def test_a_line_cut_short_by_the_end_is_left_out(world: OperationsWorld) -> None:
    operation, directory = operation_id(), world.home / "work" / "spool"
    directory.mkdir(parents=True)
    whole = json.dumps(rows(operation, "whole")[0])
    (directory / "20260101T000000-1-aa.jsonl").write_text(whole + "\n" + whole[:50])
    world.log().flush()
    assert read(world, operation) == ["whole"]
    assert world.journals() == []


def test_a_link_in_the_journals_directory_is_not_followed(world: OperationsWorld, tmp_path: Path) -> None:
    target, directory = tmp_path / "target", world.home / "work" / "spool"
    directory.mkdir(parents=True)
    target.write_text(json.dumps(rows(operation_id(), "x")[0]) + "\n")
    (directory / "evil.jsonl").symlink_to(target)
    before = world.logs.stack.writes.last
    world.log().flush()
    assert world.logs.stack.writes.since(before, service="logs") == []
    assert target.exists()


def test_a_directory_that_cannot_be_used_stops_nothing(world: OperationsWorld) -> None:
    (world.home / "work").write_text("a file")
    operation, log = operation_id(), world.log()
    log.write(rows(operation, "a"))
    log.flush()
    assert read(world, operation) == ["a"]


def test_a_batch_that_is_too_large_after_all_is_halved(world: OperationsWorld) -> None:
    refuse(world, status=413, times=1)
    operation, log, before = operation_id(), world.log(), world.logs.stack.writes.last
    log.write(rows(operation, *"abcd"))
    log.flush()
    assert read(world, operation) == ["a", "b", "c", "d"]
    statuses = [w.status for w in world.logs.stack.writes.since(before, service="logs")]
    assert statuses == [413, 204, 204]


def test_rows_refused_for_good_are_set_aside_and_never_sent_again(world: OperationsWorld) -> None:
    refuse(world, status=400, times=1)
    operation, log = operation_id(), world.log()
    log.write(rows(operation, "poison"))
    log.flush()
    (name,) = world.blobs(SPOOL_CONTAINER)
    assert name.startswith(REJECTED)
    before = world.logs.stack.writes.last
    world.log().flush()
    assert world.logs.stack.writes.since(before, service="logs") == []
    assert list(world.blobs(SPOOL_CONTAINER)) == [name]


def test_an_unreadable_batch_in_the_spool_is_set_aside(world: OperationsWorld) -> None:
    spool = BlobServiceClient(world.blob_url, world.logs.credential).get_container_client(SPOOL_CONTAINER)
    spool.upload_blob(PENDING + "1-bad.json.gz", b"no gzip")
    spool.upload_blob(
        PENDING + "2-good.json.gz", packed([json.dumps(r).encode() for r in rows("op-x", "good")])
    )
    world.log().flush()
    assert world.blobs(SPOOL_CONTAINER) == {REJECTED + "1-bad.json.gz": b"no gzip"}
    assert read(world, "op-x") == ["good"]


def test_large_details_lie_in_a_blob_and_the_row_refers_to_it(world: OperationsWorld) -> None:
    operation, log = operation_id(), world.log()
    details = {"plan": ["x" * 100] * 500}
    log.write(rows(operation, "a", details=details))
    log.flush()
    (found,) = world.reader().rows(since=NOW - timedelta(hours=1), operation_id=operation)
    ((name, content),) = world.blobs(DETAILS_CONTAINER).items()
    assert found["Details"] == {"blob": name, "bytes": len(content), "preview": {"plan": "500 items"}}
    assert json.loads(content) == details


def test_large_details_that_find_no_place_are_kept_for_later(world: OperationsWorld) -> None:
    world.logs.stack.faults.add("storage", "*", status=503)
    operation, log = operation_id(), world.log(closing_seconds=1)
    log.write(rows(operation, "a", details={"x": "y" * 40_000}))
    log.flush()
    assert read(world, operation) == ["a"], "the row itself need not wait"
    assert len(world.journals()) == 1
    world.logs.stack.faults.clear()
    later_processes_until(world, lambda: not world.journals())
    assert len(world.blobs(DETAILS_CONTAINER)) == 1
    assert read(world, operation) == ["a"]


def test_processes_that_drain_at_once_deliver_each_row(world: OperationsWorld) -> None:
    refuse(world, status=503)
    operation = operation_id()
    for name in ("a", "b", "c"):
        log = world.log(closing_seconds=0.3)
        log.write(rows(operation, name))
        log.flush()
    world.logs.stack.faults.clear()
    threads = [threading.Thread(target=world.log().flush) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    later_processes_until(world, lambda: read(world, operation) == ["a", "b", "c"])
    assert world.blobs(SPOOL_CONTAINER) == {}


def spool_batches(world: OperationsWorld, operation: str, count: int) -> Spool:
    spool = Spool(world.blob_url, world.logs.credential)
    for number in range(count):
        lines = [json.dumps(one).encode() for one in rows(operation, f"{number:02d}-a", f"{number:02d}-b")]
        assert spool.put(lines)
    return spool


def posted(world: OperationsWorld, before: int) -> list[int]:
    """How many rows each upload had."""
    return [w.detail["rows"] for w in world.logs.stack.writes.since(before, service="logs")]


def test_verbs_and_the_function_app_deliver_each_batch_once(world: OperationsWorld) -> None:
    operation, before = operation_id(), world.logs.stack.writes.last
    spool = spool_batches(world, operation, 8)
    alerts = GroupedRows(world.ingestion(threading.Event()), spool)
    drains = [lambda: alerts.drain(30), *(world.log().flush for _ in range(3))]
    threads = [threading.Thread(target=drain) for drain in drains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    later_processes_until(world, lambda: world.blobs(SPOOL_CONTAINER) == {})
    assert sum(posted(world, before)) == 16
    assert len(read(world, operation)) == 16


def test_a_verb_leaves_alone_what_another_process_is_delivering(world: OperationsWorld) -> None:
    operation, before = operation_id(), world.logs.stack.writes.last
    spool = spool_batches(world, operation, 2)
    first = (spool.waiting() or [])[0]
    assert spool.hold(first)
    world.log().flush()
    assert posted(world, before) == [2]
    assert list(world.blobs(SPOOL_CONTAINER)) == [first]
    assert spool.release(first)
    world.log().flush()
    assert posted(world, before) == [2, 2]
    assert world.blobs(SPOOL_CONTAINER) == {}


def test_a_verb_delivers_many_batches_in_one_upload(world: OperationsWorld) -> None:
    operation, before = operation_id(), world.logs.stack.writes.last
    spool_batches(world, operation, 12)
    world.log().flush()
    assert posted(world, before) == [24]
    assert world.blobs(SPOOL_CONTAINER) == {}


def test_large_details_in_the_spool_lie_apart_when_they_are_delivered(world: OperationsWorld) -> None:
    """A verb that ends while the log is down spools its rows as they were written."""
    operation, spool = operation_id(), Spool(world.blob_url, world.logs.credential)
    assert spool.put([as_line(one) for one in rows(operation, "a", details={"large": "x" * 50_000})])
    assert GroupedRows(world.ingestion(threading.Event()), spool).drain(30) == 1
    (found,) = world.reader().rows(since=NOW - timedelta(hours=1), operation_id=operation)
    assert found["Details"]["blob"] in world.blobs(DETAILS_CONTAINER)
    assert world.blobs(SPOOL_CONTAINER) == {}


@pytest.mark.parametrize("text", ["größer 漢字 🚀", "\ud800", 2**70, 1e300])
def test_what_was_spooled_is_read_as_it_was_written(world: OperationsWorld, text: object) -> None:
    spool, line = Spool(world.blob_url, world.logs.credential), as_line({"x": text})
    assert spool.put([line])
    (name,) = spool.waiting() or ()
    (found,) = spool.read(name) or ()
    assert json.loads(found) == {"x": text}
    assert len(found) <= len(line) + len('"1e+300"')


def test_a_nested_trap_in_the_spool_is_set_aside(world: OperationsWorld) -> None:
    spool = Spool(world.blob_url, world.logs.credential)
    assert spool.put([b"[" * 200_000 + b"]" * 200_000])
    world.log().flush()
    (name,) = world.blobs(SPOOL_CONTAINER)
    assert name.startswith(REJECTED)


def test_a_dead_network_costs_little_time_and_no_exception(world: OperationsWorld) -> None:
    world.logs.endpoint["properties"]["logsIngestion"]["endpoint"] = "https://127.0.0.1:9"
    world.account["properties"]["primaryEndpoints"]["blob"] = "https://127.0.0.1:9/x"
    log = world.log(closing_seconds=1)
    log.write(rows(operation_id(), "a"))
    log.flush()  # within its time: tests/unit/test_operations_flush.py
    assert len(world.journals()) == 1


def test_a_flush_with_nothing_to_deliver_writes_nothing(world: OperationsWorld) -> None:
    operation, log = operation_id(), world.log()
    log.write(rows(operation, "a"))
    log.flush()
    before = world.logs.stack.writes.last
    log.flush()
    world.log().flush()
    assert [w for w in world.logs.stack.writes.since(before) if w.service != "identity"] == []


def test_many_rows_travel_in_few_calls_each_under_the_limit(world: OperationsWorld) -> None:
    operation, log, before = operation_id(), world.log(), world.logs.stack.writes.last
    log.write(rows(operation, *(f"s{n:04d}" for n in range(2000)), message="m" * 700))
    log.flush()
    calls = [w.detail["rows"] for w in world.logs.stack.writes.since(before, service="logs")]
    assert sum(calls) == 2000
    assert len(calls) <= 5
    assert len(read(world, operation)) == 2000


def test_batches_count_every_byte() -> None:
    lines = [json.dumps({"n": n, "x": "y" * (n % 997)}).encode() for n in range(5000)]
    cut = list(batches(lines))
    assert [line for batch in cut for line in batch] == lines
    sizes = [len(gzip.decompress(packed(batch))) for batch in cut]
    assert max(sizes) <= MAX_BATCH_BYTES
    assert min(sizes[:-1]) > MAX_BATCH_BYTES - 2000
    assert list(batches([b"x" * 2_000_000, b"y"])) == [[b"x" * 2_000_000], [b"y"]]
    assert list(batches([])) == []


def test_a_call_is_filled_to_the_last_byte() -> None:
    """The service takes 1 MiB of JSON before packing: brackets and commas count."""
    half = MAX_BATCH_BYTES // 2
    fits = [b"x" * (half - 2), b"y" * (half - 1)]  # [x,y]
    (body,) = [packed(batch) for batch in batches(fits)]
    assert len(gzip.decompress(body)) == MAX_BATCH_BYTES
    assert [len(batch) for batch in batches([fits[0], fits[1] + b"y"])] == [1, 1]
    assert [len(batch) for batch in batches([b"0" * 7] * 10, limit=17)] == [2] * 5
    assert [len(batch) for batch in batches([b"0" * 7] * 10, limit=16)] == [1] * 10


def test_the_service_takes_a_full_call_and_no_more(world: OperationsWorld) -> None:
    operation, before = operation_id(), world.logs.stack.writes.last
    line = json.dumps(rows(operation, "full")[0], separators=(",", ":")).encode()
    filler = b'{"Message":"' + b"m" * (MAX_BATCH_BYTES - 3 - len(line) - 14) + b'"}'
    sender = world.log()._sender
    assert sender.deliver([line, filler], time.monotonic() + 30).later == []
    assert len(world.logs.stack.writes.since(before, service="logs")) == 1
    refused = sender.deliver([filler + b" " * (len(line) + 2)], time.monotonic() + 30).refused
    assert len(refused) == 1, "a line that alone is a byte too long"


def test_rows_that_plain_json_cannot_say_are_written_all_the_same(world: OperationsWorld) -> None:
    operation, log = operation_id(), world.log()
    odd = {**rows(operation, "odd")[0], "Details": {"big": 2**70, "half": "\ud800", "when": NOW}}
    log.write([odd, *rows(operation, "plain")])
    log.flush()
    assert sorted(read(world, operation)) == ["odd", "plain"]


def test_a_journal_is_private_and_gone_when_empty(tmp_path: Path) -> None:
    homeless = Journal(tmp_path / "no" / "home" / "here")
    homeless.append([b"{}"])
    assert list(tmp_path.iterdir()) == []
    journal = Journal(tmp_path / "a" / "b")
    journal.append([b'{"n":1}', b'{"n":2}'])
    (file,) = (tmp_path / "a" / "b").iterdir()
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b'{"n":1}\n{"n":2}\n', 0o600)
    journal.replace([b'{"n":2}'])
    (file,) = (tmp_path / "a" / "b").iterdir()
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b'{"n":2}\n', 0o600)
    assert list(Journal(tmp_path / "a" / "b").leftovers()) == [], "held by its writer"
    journal.replace([])
    assert list((tmp_path / "a" / "b").iterdir()) == []
