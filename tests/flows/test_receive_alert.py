"""Intake: whatever comes is either on the queue or kept with the reason; trouble of our own is raised."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.alert_queue import NOW, FakeAlertQueue, FakeRejectedAlerts, busy
from vibedata import alerts
from vibedata.alerts.message import decode
from vibedata.alerts.shapes import MAX_ALERTS
from vibedata.errors import Transient
from vibedata.flows import receive_alert


def alert(number: int = 1, **essentials: object) -> dict[str, Any]:
    told = {
        "alertId": f"/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/{number}",
        "monitorCondition": "Fired",
        "firedDateTime": "2026-03-04T05:06:07.1234567Z",
        **essentials,
    }
    return {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": told, "alertContext": {}}}


def documents() -> st.SearchStrategy[Any]:
    """Return alerts, what is none, and wraps of both."""
    one = st.one_of(
        st.integers(0, 5).map(alert), st.just(LEGACY), st.none(), st.integers(), st.text(max_size=5)
    )
    return st.one_of(
        one, st.lists(one, max_size=4), st.lists(one, max_size=3).map(lambda some: {"records": some})
    )


LEGACY = {"schemaId": "AzureMonitorMetricAlert", "data": {"version": "2.0", "context": {"name": "r"}}}


class Intake:
    def __init__(self) -> None:
        self.queue, self.rejected = FakeAlertQueue(), FakeRejectedAlerts()

    def __call__(self, *raws: bytes, origin: Any = "eventhub") -> receive_alert.Received:
        ports: dict[str, Any] = {"queue": self.queue, "rejected": self.rejected, "clock": lambda: NOW}
        if len(raws) == 1:
            return receive_alert.run(raws[0], origin=origin, **ports)
        return receive_alert.run_all(raws, origin=origin, **ports)


@pytest.fixture
def intake() -> Intake:
    return Intake()


def dumped(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "document", [alert(), [alert()], {"records": [alert()]}], ids=["object", "array", "records"]
)
def test_an_alert_is_enqueued_however_it_is_wrapped(intake: Intake, document: object) -> None:
    done = intake(dumped(document))
    (message,) = intake.queue.messages
    assert json.loads(message.body or b"") == alert()
    assert message.delivery_key == alerts.delivery_key(alert(), alerts.shape_of(alert()))
    assert (message.origin, message.received_at) == ("eventhub", NOW)
    assert done == receive_alert.Received((message.delivery_key,))
    assert not intake.rejected.kept


def test_a_legacy_alert_is_one_too(intake: Intake) -> None:
    assert len(intake(dumped(LEGACY), origin="http").enqueued) == 1
    assert intake.queue.messages[0].origin == "http"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "not-json"),
        (b"<html>", "not-json"),
        (b'{"hello": "world"}', "not-an-alert"),
        (b"42", "not-an-object"),
        (b"[" * 1000, "too-deep"),
        (b"[]", "empty"),
        (b'"' + b"x" * alerts.MAX_BYTES + b'"', "too-large"),
    ],
)
def test_what_is_no_alert_is_kept_with_the_reason(intake: Intake, raw: bytes, code: str) -> None:
    done = intake(raw)
    (kept,) = intake.rejected.kept.values()
    assert (kept.raw, kept.code, kept.received_at, kept.origin) == (raw, code, NOW, "eventhub")
    assert kept.reason
    assert [(one.code, one.kept) for one in done.rejected] == [(code, next(iter(intake.rejected.kept)))]
    assert not done.enqueued
    assert not intake.queue.sent


def test_of_a_mixed_body_the_alerts_are_enqueued_and_the_body_is_kept_once(intake: Intake) -> None:
    raw = dumped([alert(1), 7, alert(2), {"a": 1}, *["x"] * 20])
    done = intake(raw)
    assert len(done.enqueued) == len(intake.queue.sent) == 2
    (kept,) = intake.rejected.kept.values()
    assert kept.raw == raw
    assert kept.reason.startswith("22 of 24: number 2: 7 is no JSON object; number 4: ")
    assert kept.reason.endswith("; and 12 more")


def test_a_rejected_body_that_comes_again_is_kept_once(intake: Intake) -> None:
    assert intake(b"none").rejected == intake(b"none").rejected
    assert len(intake.rejected.kept) == 1


def test_a_batch_goes_on_after_a_bad_event(intake: Intake) -> None:
    done = intake(dumped(alert(1)), b"bad", dumped([alert(2), alert(3)]), b"worse")
    assert sorted(done.enqueued) == sorted(message.delivery_key for message in intake.queue.messages)
    assert (len(done.enqueued), len(done.rejected)) == (3, 2)


def test_of_a_huge_array_the_first_alerts_are_enqueued_and_the_body_is_kept(intake: Intake) -> None:
    small = [{"data": {"essentials": {"alertId": str(number)}}} for number in range(20000)]
    raw = json.dumps(small, separators=(",", ":")).encode()
    assert alerts.MAX_BYTES * 0.8 < len(raw) <= alerts.MAX_BYTES
    done = intake(raw)
    assert len(done.enqueued) == len(set(done.enqueued)) == len(intake.queue.sent) == MAX_ALERTS
    (kept,) = intake.rejected.kept.values()
    assert (kept.raw, kept.code) == (raw, "too-many")


ESCAPED = "backslashreplace"  # half a pair as `\ud83d`
GROWING = {
    "UTF-16": json.dumps(alert(description="漢" * 450_000), ensure_ascii=False).encode("utf-16"),
    "numbers": json.dumps(alert()).replace("{}", '{"x": [' + ",".join(["1e15"] * 200_000) + "]}").encode(),
    "no UTF-8": json.dumps(alert(description="@")).encode().replace(b"@", b"\xff" * 900_000),
    "half a pair": json.dumps(alert(description="é" * 400_000 + "\ud83d"), ensure_ascii=False).encode(errors=ESCAPED),
}  # fmt: skip


@pytest.mark.parametrize("case", GROWING)
def test_what_would_grow_beyond_the_limit_travels_as_it_came(intake: Intake, case: str) -> None:
    raw = GROWING[case]
    assert len(raw) <= alerts.MAX_BYTES
    (key,) = intake(raw).enqueued
    (message,) = intake.queue.messages
    (again,) = alerts.read(intake.queue.claims.read(message.claim or ""))
    assert again.shape.is_alert
    assert alerts.delivery_key(again.document, again.shape) == key
    assert not intake.rejected.kept


def test_of_several_one_that_would_grow_beyond_the_limit_is_kept(intake: Intake) -> None:
    raw = b"[" + GROWING["numbers"] + b"," + dumped(alert(2)) + b"]"
    done = intake(raw)
    assert len(done.enqueued) == len(intake.queue.sent) == 1
    (kept,) = intake.rejected.kept.values()
    assert (kept.raw, kept.code) == (raw, "too-large")


def test_an_alert_that_is_too_large_for_a_message_travels_as_a_claim(intake: Intake) -> None:
    large = alert(description="ü" * 100_000)
    intake(dumped(large))
    (message,) = intake.queue.messages
    assert message.body is None
    assert json.loads(intake.queue.claims.read(message.claim or "")) == large


def test_half_a_surrogate_pair_does_not_lose_the_alert(intake: Intake) -> None:
    odd = alert(description="\ud83d")
    intake(dumped(odd))
    assert json.loads(intake.queue.bodies()[0]) == odd


def test_a_queue_that_is_down_is_told(intake: Intake) -> None:
    intake.queue.trouble = busy()
    with pytest.raises(Transient):
        intake(dumped(alert()))


def test_a_blob_store_that_is_down_is_told_and_holds_up_no_alert(intake: Intake) -> None:
    intake.rejected.trouble = busy()
    with pytest.raises(Transient):
        intake(b"none", dumped(alert()))
    assert len(intake.queue.sent) == 1


def test_what_was_enqueued_before_the_trouble_is_enqueued_again(intake: Intake) -> None:
    raw = dumped([alert(number) for number in range(5)])
    intake.queue.trouble, intake.queue.good = busy(), 3
    with pytest.raises(Transient):
        intake(raw)
    before = len(intake.queue.sent)
    assert 0 < before <= 3
    intake.queue.trouble = None
    done = intake(raw)
    assert len(intake.queue.sent) == before + 5
    assert len({decode(sent).delivery_key for sent in intake.queue.sent}) == len(set(done.enqueued)) == 5


def test_nothing_in_a_batch_is_nothing_done(intake: Intake) -> None:
    ports: dict[str, Any] = {"queue": intake.queue, "rejected": intake.rejected, "clock": lambda: NOW}
    assert receive_alert.run_all([], origin="eventhub", **ports) == receive_alert.Received()


@given(st.lists(st.one_of(st.binary(max_size=60), documents().map(dumped)), max_size=4))
def test_nothing_that_comes_is_lost_and_nothing_raises(raws: list[bytes]) -> None:
    intake = Intake()
    done = intake(*raws) if raws else receive_alert.Received()
    kept = {one.raw for one in intake.rejected.kept.values()}
    for raw in raws:
        bodies = alerts.read(raw)
        keys = {alerts.delivery_key(body.document, body.shape) for body in bodies if body.shape.is_alert}
        assert keys <= set(done.enqueued)
        assert (raw in kept) == any(not body.shape.is_alert for body in bodies)
    assert sorted(done.enqueued) == sorted(message.delivery_key for message in intake.queue.messages)


class Misread(bytes):
    """A body at which reading fails, as it would for a mistake of ours."""

    def decode(self, *args: Any, **named: Any) -> str:
        raise RecursionError(args, named)


def test_a_body_that_we_misread_is_kept_and_holds_up_no_other() -> None:
    intake = Intake()
    done = intake(Misread(b"{}"), json.dumps(alert()).encode())
    assert len(done.enqueued) == 1
    assert [(one.code, one.reason) for one in done.rejected] == [
        ("unreadable", "reading it failed (RecursionError)")
    ]
