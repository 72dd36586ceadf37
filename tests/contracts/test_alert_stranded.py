"""What is stranded on `alerts-poison`: the fake and the storage queue give it away alike."""

from __future__ import annotations

import base64
import time
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest
from azure.storage.queue import QueueClient

from tests.contracts.alert_account import Account
from tests.environment import World
from tests.fakes.poisoned_alerts import FakeStrandedMessages
from vibedata.adapters.alert_stranded import StorageStrandedMessages

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def account(world: World) -> Account:
    return Account(world, containers=())


def raw() -> bytes:
    return uuid.uuid4().bytes


LATER = datetime.now(timezone.utc) + timedelta(days=1)
EARLIER = datetime.now(timezone.utc) - timedelta(hours=1)


class Stranding:
    """The queue as the account has it, with hands to put something there."""

    def __init__(self, account: Account) -> None:
        account.tenant.grant("queue-data")
        endpoint = account.tenant.made["storageAccount"]["properties"]["primaryEndpoints"]["queue"]
        place = f"{account.tenant.ids['storageAccount']}/queueServices/default/queues/alerts-poison"
        self.stranded = StorageStrandedMessages(endpoint, cast(Any, account.tenant.credential))
        assert list(self.stranded.older(LATER)) == [], "no queue yet"
        account.tenant.arm.put(place, properties={})
        self._queue = QueueClient(endpoint, "alerts-poison", credential=cast(Any, account.tenant.credential))

    def put(self, raw: bytes, at: datetime) -> None:
        self._queue.send_message(base64.b64encode(raw).decode())

    def put_text(self, text: str) -> None:
        self._queue.send_message(text)

    def hide(self, seconds: int) -> None:
        """Take what is there, as the host does."""
        assert list(self._queue.receive_messages(visibility_timeout=seconds))

    def visible(self) -> int:
        return len(self._queue.peek_messages(max_messages=32))


@pytest.fixture(scope="module")
def stranding(account: Account) -> Stranding:
    return Stranding(account)


@pytest.mark.parametrize("which", ["fake", "azure"])
def test_what_is_old_is_taken_and_deleted(which: str, request: pytest.FixtureRequest) -> None:
    side: Any = FakeStrandedMessages() if which == "fake" else request.getfixturevalue("stranding")
    stranded = side if which == "fake" else side.stranded
    wanted = {raw() for _ in range(40)}
    for one in wanted:
        side.put(one, datetime.now(timezone.utc))
    assert list(stranded.older(EARLIER)) == []
    taken = list(stranded.older(LATER))
    assert {one.raw for one in taken} == wanted
    for one in taken:
        stranded.done(one)
    assert list(stranded.older(LATER)) == []


def test_what_is_no_base64_is_its_text(stranding: Stranding) -> None:
    stranding.put_text('{"plain": "täxt"}')
    (one,) = stranding.stranded.older(LATER)
    assert (one.raw.decode(), one.dequeue_count) == ('{"plain": "täxt"}', 1)
    stranding.stranded.done(one)
    stranding.stranded.done(one)  # gone already


def test_what_the_host_has_taken_is_waited_for(stranding: Stranding, account: Account) -> None:
    stranding.put(b"hidden", NOW)
    stranding.hide(2)
    endpoint = account.tenant.made["storageAccount"]["properties"]["primaryEndpoints"]["queue"]
    patient = StorageStrandedMessages(endpoint, cast(Any, account.tenant.credential), wait_seconds=100.0)
    found = patient.older(LATER)
    one = next(iter(found))
    assert one.raw == b"hidden"
    patient.done(one)
    began = time.monotonic()
    assert list(found) == []
    assert time.monotonic() - began < 60, "an empty queue is not waited for"


def test_what_is_young_is_left_to_the_function(stranding: Stranding) -> None:
    stranding.put(b"old", NOW)
    time.sleep(1.1)
    middle = datetime.now(timezone.utc).replace(microsecond=0)
    stranding.put(b"young", NOW)
    (one,) = stranding.stranded.older(middle)
    assert one.raw == b"old"
    assert stranding.visible() == 1, "put back at once"
    stranding.stranded.done(one)
