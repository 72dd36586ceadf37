"""The way into the queue: fake and real put the same on it, keep the same, and name what is missing."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from tests.contracts.tenant import Tenant
from tests.environment import World
from tests.fakes.alert_backlog import FakeAlertBacklog
from tests.fakes.alert_queue import FakeAlertClaims, FakeAlertQueue, FakeRejectedAlerts
from vibedata.adapters.alert_backlog import StorageAlertBacklog
from vibedata.adapters.alert_blobs import noted
from vibedata.adapters.alert_claims import BlobAlertClaims
from vibedata.adapters.alert_queue import StorageAlertQueue
from vibedata.adapters.alert_rejections import BlobRejectedAlerts
from vibedata.adapters.clients import one_transport
from vibedata.alerts.message import Message, claim_name, decode, encode
from vibedata.alerts.putting_off import PutOff
from vibedata.errors import BadInput, Blocked, Failed, Transient

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)


def key() -> str:
    return uuid.uuid4().hex * 2


def message(body: bytes | None = b"{}", claim: str | None = None) -> Message:
    return Message(key(), "eventhub", NOW, body, claim)


class Account:
    """A storage account with what the alerts need, and a look at it from outside."""

    def __init__(self, world: World, *, empty: bool = False) -> None:
        self.tenant = Tenant(world.stack)
        self.tenant.put_account()
        self.tenant.grant("blob-data", "queue-data")
        account = self.tenant.ids["storageAccount"]
        if not empty:
            for container in ("alerts-claims", "alerts-rejected", "operations-spool"):
                self.tenant.arm.put(f"{account}/blobServices/default/containers/{container}", properties={})
            for queue in ("alerts", "alerts-poison"):
                self.tenant.arm.put(f"{account}/queueServices/default/queues/{queue}", properties={})
        ends = self.tenant.made["storageAccount"]["properties"]["primaryEndpoints"]
        shared = (self.tenant.credential, one_transport(at_once=32))
        self.claims = BlobAlertClaims(ends["blob"], *shared)
        self.queue = StorageAlertQueue(ends["queue"], shared[0], self.claims, shared[1])
        self.rejected = BlobRejectedAlerts(ends["blob"], *shared)
        self.backlog = StorageAlertBacklog(ends["queue"], *shared)
        self._blobs = BlobServiceClient(ends["blob"], credential=self.tenant.credential)
        self._queue = QueueClient(ends["queue"], "alerts", credential=self.tenant.credential)

    def taken(self) -> list[Any]:
        """Return what is on the queue, as plain text, and take it off."""
        found = list(self._queue.receive_messages(max_messages=32))
        for one in found:
            self._queue.delete_message(one)
        return found

    def give_up(self) -> None:
        poison = self._queue.url.replace("/alerts", "/alerts-poison")
        QueueClient.from_queue_url(poison, credential=self.tenant.credential).send_message("x")

    def tamper(self, name: str, body: bytes) -> None:
        self._blobs.get_blob_client("alerts-claims", name).upload_blob(body, overwrite=True)

    def kept(self, name: str) -> tuple[bytes, dict[str, str]]:
        found = self._blobs.get_blob_client("alerts-rejected", name).download_blob()
        return found.readall(), found.properties.metadata


class Real:
    def __init__(self, account: Account) -> None:
        self.queue, self.claims, self.rejected = account.queue, account.claims, account.rejected
        self.tamper = account.tamper
        self._account = account
        account.taken()
        self.backlog, self.give_up = account.backlog, account.give_up
        self.wait = time.sleep

    def messages(self) -> list[Message]:
        return [decode(base64.b64decode(one.content, validate=True)) for one in self._account.taken()]

    def kept(self, name: str) -> tuple[bytes, str, str]:
        raw, told = self._account.kept(name)
        return raw, told["code"], told["reason"]

    def later(self, days: int) -> datetime:
        return datetime.now(timezone.utc) + timedelta(days=days)


class Fake:
    def __init__(self) -> None:
        self.claims, self.rejected = FakeAlertClaims(), FakeRejectedAlerts()
        self.queue = FakeAlertQueue(self.claims)
        self.tamper, self.wait = self.claims.tamper, self.queue.wait
        self._poison = 0

    @property
    def backlog(self) -> FakeAlertBacklog:
        return FakeAlertBacklog(len(self.queue.sent), self._poison)

    def give_up(self) -> None:
        self._poison += 1

    def messages(self) -> list[Message]:
        return self.queue.messages

    def kept(self, name: str) -> tuple[bytes, str, str]:
        one = self.rejected.kept[name]
        return one.raw, one.code, one.reason

    def later(self, days: int) -> datetime:
        return self.claims.now + timedelta(days=days)


@pytest.fixture(scope="module")
def account(world: World) -> Iterator[Account]:
    yield Account(world)


@pytest.fixture(params=["fake", "azure"])
def side(request: pytest.FixtureRequest) -> Any:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("account"))


def test_a_message_comes_out_as_it_went_in(side: Any) -> None:
    sent = message("äöü \x00 \U0001f600".encode())
    side.queue.send(sent)
    assert side.messages() == [sent]


def test_the_same_again_is_a_second_message(side: Any) -> None:
    sent = message()
    side.queue.send(sent)
    side.queue.send(sent)
    assert side.messages() == [sent, sent]


def test_what_is_sent_for_later_is_seen_later(side: Any) -> None:
    sent = replace(message(), put_off=PutOff(NOW, 3))
    side.queue.send(sent, after=0.3)  # storage knows whole seconds: rounded up
    assert side.messages() == []
    side.wait(1.1)
    assert side.messages() == [sent]


def test_a_body_that_fitted_no_longer_travels_as_a_claim_when_it_is_put_off(side: Any) -> None:
    largest = message(b"x" * (49152 - len(encode(message(b"")))))
    side.queue.send(replace(largest, put_off=PutOff(NOW, 3)), after=1)
    side.wait(1.1)
    (claimed,) = side.messages()
    assert (claimed.body, claimed.put_off, claimed.delivery_key) == (
        None,
        PutOff(NOW, 3),
        largest.delivery_key,
    )
    assert side.claims.read(claimed.claim) == largest.body
    side.queue.send(replace(claimed, put_off=PutOff(NOW, 4)))
    assert side.messages()[-1] == replace(claimed, put_off=PutOff(NOW, 4))


def test_a_body_that_fitted_no_longer_travels_as_a_claim_when_it_is_requeued(side: Any) -> None:
    largest = message(b"x" * (49152 - len(encode(message(b"")))))
    side.queue.send(replace(largest, requeued=True))
    (claimed,) = side.messages()
    assert (claimed.body, claimed.requeued) == (None, True)
    assert side.claims.read(claimed.claim) == largest.body


def test_at_the_limit_a_body_travels_inline_and_a_byte_beyond_as_a_claim(side: Any) -> None:
    spare = 49152 - len(encode(message(b"")))
    largest, too_large = message(b"x" * spare), message(b"x" * (spare + 1))
    side.queue.send(largest)
    assert side.messages()[-1] == largest
    side.queue.send(too_large)
    claimed = side.messages()[-1]
    assert (claimed.body, claimed.delivery_key) == (None, too_large.delivery_key)
    assert side.claims.read(claimed.claim) == too_large.body


def test_what_waits_is_counted_by_queue(side: Any) -> None:
    before = side.backlog.waiting()
    for _ in range(2):
        side.queue.send(message())
    side.give_up()
    now = side.backlog.waiting()
    assert list(now) == ["alerts", "alerts-poison"]
    assert [now[name] - before[name] for name in now] == [2, 1]


def test_a_claim_is_sent_as_it_is(side: Any) -> None:
    claim = side.claims.store(key(), b"large")
    sent = message(None, claim)
    side.queue.send(sent)
    assert side.messages() == [sent]


def test_a_body_is_stored_under_one_name_however_often(side: Any) -> None:
    told = key()
    assert side.claims.store(told, b"body") == side.claims.store(told, b"body") == claim_name(told, b"body")


@pytest.mark.parametrize("name", [claim_name("0" * 64, b"nobody's"), "../alerts-rejected/x", ""])
def test_a_claim_that_is_not_there(side: Any, name: str) -> None:
    with pytest.raises(Failed) as caught:
        side.claims.read(name)
    assert caught.value.code == "alert-claim-missing"


def test_a_claim_that_was_tampered_with(side: Any) -> None:
    name = side.claims.store(key(), b"body")
    side.tamper(name, b"another")
    with pytest.raises(Failed) as caught:
        side.claims.read(name)
    assert caught.value.code == "alert-claim-tampered"


def test_old_bodies_expire_and_young_ones_stay(side: Any) -> None:
    side.claims.expire(side.later(1))
    name = side.claims.store(key(), b"body")
    assert side.claims.expire(side.later(-1)) == 0
    assert side.claims.read(name) == b"body"
    assert side.claims.expire(side.later(1)) == 1
    assert side.claims.expire(side.later(1)) == 0


def test_a_rejected_body_is_kept_once_and_the_first_reason_stands(side: Any) -> None:
    raw = uuid.uuid4().bytes
    told: dict[str, Any] = {"code": "not-json", "received_at": NOW, "origin": "http"}
    name = side.rejected.keep(raw, reason="why", **told)
    assert side.rejected.keep(raw, reason="another", **told) == name
    assert side.kept(name) == (raw, "not-json", "why")


def test_old_rejected_bodies_expire_and_young_ones_stay(side: Any) -> None:
    side.rejected.expire(side.later(500))
    told: dict[str, Any] = {"code": "not-json", "reason": "why", "received_at": NOW, "origin": "http"}
    name = side.rejected.keep(b"no alert", **told)
    assert side.rejected.expire(NOW - timedelta(days=1)) == 0
    assert side.kept(name) == (b"no alert", "not-json", "why")
    assert side.rejected.expire(side.later(500)) == 1
    assert side.rejected.expire(side.later(500)) == 0


def test_rows_that_the_log_refused_expire_too_and_those_that_wait_never(account: Account) -> None:
    spool = account._blobs.get_container_client("operations-spool")
    for name in ("rejected/a.json.gz", "pending/a.json.gz"):
        spool.upload_blob(name, b"rows")
    now = datetime.now(timezone.utc)
    account.rejected.expire(now - timedelta(days=1))
    assert len(list(spool.list_blob_names())) == 2
    account.rejected.expire(now + timedelta(days=1))
    assert list(spool.list_blob_names()) == ["pending/a.json.gz"]


def test_a_rejected_body_that_comes_again_on_another_day_is_young_again(account: Account) -> None:
    told: dict[str, Any] = {"code": "not-json", "reason": "why", "origin": "http"}
    raw = uuid.uuid4().bytes
    name = account.rejected.keep(raw, received_at=datetime.now(timezone.utc), **told)
    blob = account._blobs.get_blob_client("alerts-rejected", name)
    first = blob.get_blob_properties()
    account.rejected.keep(raw, received_at=datetime.now(timezone.utc), **told)
    assert blob.get_blob_properties().etag == first.etag, "the same day writes nothing"
    time.sleep(1.1)  # what a blob tells of its age is of whole seconds
    account.rejected.keep(raw, received_at=datetime.now(timezone.utc) + timedelta(days=2), **told)
    assert blob.get_blob_properties().last_modified > first.last_modified
    assert account.kept(name)[0] == raw


# the real one


def test_a_reason_of_any_text_fits_a_header(account: Account) -> None:
    reason = "  'h\u00e9llo\r\nX-Evil: 1\x00\u2028\ud83d" + "\U0001f600" * 2000
    name = account.rejected.keep(uuid.uuid4().bytes, code="c", reason=reason, received_at=NOW, origin="http")
    _, told = account.kept(name)
    read = noted(told)
    assert reason.replace("\ud83d", "?").startswith(read["reason"])
    assert len(read["reason"]) > 80
    assert all(len(value) <= 1000 and value.isascii() and value.isprintable() for value in told.values())
    assert read["receivedat"] == NOW.isoformat()


def test_a_message_never_expires(account: Account) -> None:
    account.taken()
    account.queue.send(message())
    account.queue.send(message(), after=1)
    (found,) = account.taken()
    time.sleep(1.1)
    (later,) = account.taken()
    assert found.expires_on.year == later.expires_on.year == 9999
    assert later.dequeue_count == 1


def test_what_the_account_lacks_is_named(world: World) -> None:
    bare = Account(world, empty=True)
    with pytest.raises(Blocked) as caught:
        bare.queue.send(message())
    assert caught.value.code == "alert-queue-missing"
    for call in (
        lambda: bare.queue.send(message(b"x" * 50_000)),
        lambda: bare.claims.store(key(), b""),
        lambda: bare.claims.read(claim_name(key(), b"")),
        lambda: bare.claims.expire(NOW),
        lambda: bare.rejected.keep(b"", code="c", reason="r", received_at=NOW, origin="http"),
    ):
        with pytest.raises(Blocked) as caught:
            call()
        assert caught.value.code == "alert-container-missing"


def test_without_a_queue_of_poison_nothing_waits_there_and_without_the_queue_it_is_named(
    world: World,
) -> None:
    bare = Account(world, empty=True)
    with pytest.raises(Blocked) as caught:
        bare.backlog.waiting()
    assert caught.value.code == "alert-queue-missing"
    account = bare.tenant.ids["storageAccount"]
    bare.tenant.arm.put(f"{account}/queueServices/default/queues/alerts", properties={})
    assert bare.backlog.waiting() == {"alerts": 0, "alerts-poison": 0}


def test_without_an_endpoint_the_setting_is_named(account: Account) -> None:
    with pytest.raises(BadInput) as caught:
        StorageAlertBacklog("", account.tenant.credential).waiting()
    assert caught.value.code == "settings-missing"


def test_without_the_role_it_is_named(account: Account) -> None:
    account.tenant.revoke_all()
    try:
        with pytest.raises(Blocked):
            account.backlog.waiting()
        with pytest.raises(Blocked) as caught:
            account.queue.send(message())
    finally:
        account.tenant.grant("blob-data", "queue-data")
    assert caught.value.code == "role-missing"
    assert caught.value.detail["role"] == "Storage Queue Data Contributor"


def test_a_queue_that_stumbles_is_asked_again(account: Account, stack: Any) -> None:
    account.taken()
    stack.faults.add("storage", "queue.PutMessage", status=503, times=2)
    account.queue.send(message())
    assert len(account.taken()) == 1


def test_a_queue_that_is_down_is_told_soon(account: Account, stack: Any) -> None:
    stack.faults.add("storage", "queue.PutMessage", status=503)
    before = stack.writes.last
    with pytest.raises(Transient):
        account.queue.send(message())
    asked = stack.writes.since(before, service="storage")
    assert {one.status for one in asked} == {503}
    assert len(asked) <= 4, "how long it pauses between is in tests/unit/test_brisk.py"


def test_an_answer_that_is_lost_is_a_second_message_and_no_lost_one(account: Account, stack: Any) -> None:
    account.taken()
    stack.faults.add("storage", "queue.PutMessage", reset=True, after=True, times=1)
    sent = message()
    account.queue.send(sent)
    assert [decode(base64.b64decode(one.content)) for one in account.taken()] == [sent, sent]
