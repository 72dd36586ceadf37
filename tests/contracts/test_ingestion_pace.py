"""A Retry-After is of the rule, not of the upload that got it: no other upload of the process comes before its time."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest

from local_stack.threaded import ThreadedStack
from tests.contracts.operations_world import ACCOUNTS, OperationsWorld, make, start
from vibedata.adapters.alert_rows import GroupedRows
from vibedata.adapters.operations_ingestion import MAX_BATCH_BYTES, Delivery
from vibedata.adapters.operations_spool import PENDING, SPOOL_CONTAINER, Spool
from vibedata.operations import Event, Operation, Row, row

NOW = datetime.now(timezone.utc)
FAR = 60.0  # seconds that a delivery may take


@pytest.fixture(scope="module")
def operations_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    stack = start(tmp_path_factory.mktemp("pace") / "stack")
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def account_names() -> Iterator[str]:
    return iter(ACCOUNTS)


class Rig:
    """Uploads of one process, and what the service has seen of them."""

    def __init__(self, world: OperationsWorld) -> None:
        logs, self.world, self.closing = world.logs, world, threading.Event()
        self.faults, self._writes, self._before = logs.stack.faults, logs.stack.writes, logs.stack.writes.last
        self.sender = world.ingestion(self.closing)

    def deliver(self, seconds: float = FAR) -> Delivery:
        return self.sender.deliver([line()], time.monotonic() + seconds)

    def statuses(self) -> list[int]:
        return [
            one.status
            for one in self._writes.since(self._before, service="logs")
            if one.operation == "logs.ingest"
        ]

    def knows(self) -> bool:
        """Whether the 429 has arrived: the service has noted it before that."""
        return self.sender._pace._not_before > time.monotonic()

    def told_to_wait(self, seconds: int) -> None:
        """Have the next post be answered with a Retry-After."""
        self.faults.add("logs", "logs.ingest", status=429, times=1, retry_after=seconds)


@pytest.fixture
def rig(
    operations_stack: ThreadedStack,
    account_names: Iterator[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Rig]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(operations_stack.ca_file))
    yield Rig(make(operations_stack, account_names, tmp_path))
    operations_stack.faults.clear()


def a_row(name: str = "metric", **event: object) -> Row:
    return row(Operation(str(uuid.uuid4()), "process_alert", "inst-1"), Event(name, "Fired", NOW, **event))


def line(size: int = 0) -> bytes:
    return json.dumps(a_row(message="m" * min(size, 4000), remedy="r" * 4000 if size else "")).encode()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def test_what_one_upload_is_told_the_others_heed(rig: Rig) -> None:
    rig.told_to_wait(2)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(rig.deliver)
        until(rig.knows)
        told = time.monotonic()
        others = [pool.submit(rig.deliver) for _ in range(3)]
        assert [one.result(60).later for one in (first, *others)] == [[]] * 4
    assert time.monotonic() - told >= 1.5
    assert rig.statuses() == [429, 204, 204, 204, 204]
    assert rig.faults.hasty == []


def test_what_succeeds_meanwhile_clears_nothing(rig: Rig) -> None:
    """It had set out before, so it says nothing of the time that the service has asked for since."""
    rig.faults.add("logs", "logs.ingest", latency=1.0, times=1)
    with ThreadPoolExecutor(3) as pool:
        slow = pool.submit(rig.deliver)
        until(lambda: rig.faults.list() == [])  # the service has it
        rig.told_to_wait(3)
        told = pool.submit(rig.deliver)
        until(rig.knows)
        began = time.monotonic()
        assert slow.result(60).later == []
        if time.monotonic() - began < 2.0:
            assert rig.statuses() == [429, 204], "the slow one has arrived, and no other"
        assert rig.deliver().later == []
        assert time.monotonic() - began >= 2.5
        assert told.result(60).later == []
    assert rig.faults.hasty == []


def test_who_has_no_time_to_wait_posts_nothing(rig: Rig) -> None:
    rig.told_to_wait(30)
    assert rig.deliver(seconds=5).reason == "HTTP 429"
    began = time.monotonic()
    delivery = rig.deliver(seconds=5)
    assert (len(delivery.later), delivery.reason, delivery.forbidden) == (1, "HTTP 429", False)
    assert time.monotonic() - began < 5
    assert rig.statuses() == [429]


def test_the_end_of_the_process_waits_for_nobody(rig: Rig) -> None:
    rig.told_to_wait(30)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(rig.deliver)
        until(rig.knows)
        second = pool.submit(rig.deliver)
        rig.closing.set()
        assert [len(one.result(20).later) for one in (first, second)] == [1, 1]
    assert rig.statuses() == [429]


def test_once_the_time_has_come_posts_go_as_ever(rig: Rig) -> None:
    rig.told_to_wait(1)
    assert rig.deliver().later == []
    assert rig.deliver(seconds=0).later == [], "a first post is tried however late it is"
    assert rig.statuses() == [429, 204, 204]


def test_when_the_time_is_up_no_further_post_begins(rig: Rig) -> None:
    lines = [line(size=4000) for _ in range(2 * MAX_BATCH_BYTES // 8000)]
    delivery = rig.sender.deliver(lines, time.monotonic() - 1)
    assert rig.statuses() == [204]
    assert delivery.later == lines[-len(delivery.later) :]
    assert 0 < len(delivery.later) < len(lines)
    assert delivery.reason


def test_rows_of_alerts_are_spooled_while_the_service_wants_none(rig: Rig) -> None:
    """Neither they nor the spool's drain ask again before it is time."""
    rows = GroupedRows(rig.sender, Spool(rig.world.blob_url, rig.world.logs.credential), down_seconds=0.0)
    rig.told_to_wait(60)
    for number in range(3):
        rows.deliver([a_row(f"kind-{number}")])
    assert rows.drain(30) == 0
    assert rig.statuses() == [429]
    kept = rig.world.blobs(SPOOL_CONTAINER)
    assert len([name for name in kept if name.startswith(PENDING)]) == 3
