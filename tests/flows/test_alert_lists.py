"""`list_alerts`, `show_alert` and `replay_alert`: what whoever is on call sees, and once more."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from rich.console import Console

from tests.builders.alert_instances import alert_id, delivered, put_into
from tests.fakes.alert_backlog import FakeAlertBacklog
from tests.fakes.alert_processing import FakeDeliveries, FakeIncidents
from tests.fakes.alert_queue import FakeAlertClaims, FakeAlertQueue
from vibedata import alert_console, alerts, console
from vibedata.alerts.delivery import Delivery
from vibedata.alerts.incident import operation_id
from vibedata.alerts.incident_list import Choice
from vibedata.alerts.message import Message, encode
from vibedata.alerts.shapes import MAX_ALERTS
from vibedata.errors import BadInput, Blocked, Failed, Transient
from vibedata.flows import list_alerts, replay_alert, show_alert
from vibedata.ports import Summary

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


class Incidents(FakeIncidents):
    def add(
        self, name: str, at: datetime, ended: datetime | None = None, *, sev: str = "Sev2", **more: Any
    ) -> None:
        documents = [delivered(name, at), *([delivered(name, at, ended)] if ended else [])]
        known = None
        for document in documents:
            document["data"]["essentials"]["severity"] = sev
            known = put_into(known, document, at, **more)
        assert known
        self.write(known, None)


class Reader:
    def __init__(self, *rows: dict[str, Any], trouble: Exception | None = None) -> None:
        self.told, self.trouble = list(rows), trouble

    def rows(self, *, since: datetime, operation_id: str | None = None) -> list[dict[str, Any]]:
        if self.trouble:
            raise self.trouble
        return [row for row in self.told if row["OperationId"] == operation_id]


@pytest.fixture
def incidents() -> Incidents:
    made = Incidents()
    made.add("aaaa1111", NOW - timedelta(hours=3))
    made.add("aaaa2222", NOW - timedelta(hours=2), sev="Sev1", component="api")
    made.add("bbbb3333", NOW - timedelta(hours=5), NOW - timedelta(hours=4))
    made.add("cccc4444", NOW - timedelta(hours=1))
    return made


def names(summary: Summary) -> list[str]:
    return [one["id"] for one in summary.data["incidents"]]


# list_alerts


def test_open_incidents_are_listed_gravest_first_then_newest(incidents: Any) -> None:
    found = list_alerts.run(incidents=incidents, backlog=FakeAlertBacklog())
    assert names(found) == ["aaaa2222", "cccc4444", "aaaa1111"]
    assert (found.message, found.changed) == ("3 open incidents.", 0)


def test_closed_ones_come_last_when_they_are_asked_for(incidents: Any) -> None:
    found = list_alerts.run(incidents=incidents, backlog=FakeAlertBacklog(), choice=Choice(closed_too=True))
    assert names(found) == ["aaaa2222", "cccc4444", "aaaa1111", "bbbb3333"]
    assert found.data["incidents"][-1]["state"] == "Closed"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(component="API"), ["aaaa2222"]),
        (Choice(severity="error"), ["aaaa2222"]),
        (Choice(severity="Warning"), ["cccc4444", "aaaa1111"]),
        (Choice(since=NOW - timedelta(minutes=90)), ["cccc4444"]),
        (
            Choice(closed_too=True, component="web", since=NOW - timedelta(hours=4, minutes=1)),
            ["cccc4444", "aaaa1111", "bbbb3333"],
        ),
        (Choice(component="nobody"), []),
    ],
)
def test_choices(incidents: Any, choice: Choice, expected: list[str]) -> None:
    assert names(list_alerts.run(incidents=incidents, backlog=FakeAlertBacklog(), choice=choice)) == expected


def test_an_incident_is_plain_data(incidents: Any) -> None:
    one = list_alerts.run(incidents=incidents, backlog=FakeAlertBacklog()).data["incidents"][0]
    assert (one["alertId"], one["rule"], one["component"]) == (
        alert_id("aaaa2222").lower(),
        "vd-web-5xx",
        "api",
    )
    assert (one["deliveries"], one["reconciled"], one["state"], one["severity"]) == (
        1,
        False,
        "Open",
        "Error",
    )
    json.dumps(one)


def test_what_waits_is_told_with_the_incidents(incidents: Any, capsys: pytest.CaptureFixture[str]) -> None:
    for backlog, line in (
        (FakeAlertBacklog(1, 2), "1 message waits in the queue alerts, 2 in alerts-poison."),
        (FakeAlertBacklog(), "0 messages wait in the queue alerts, 0 in alerts-poison."),
    ):
        summary = list_alerts.run(incidents=incidents, backlog=backlog)
        assert summary.data["waiting"] == backlog.counts
        alert_console.incidents(summary)
        assert capsys.readouterr().out.splitlines()[-1] == line


def test_queues_that_cannot_be_asked_hide_no_incident(
    incidents: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    trouble = Blocked("role-missing", "vibedata-uami may not count", hint="assign it")
    summary = list_alerts.run(incidents=incidents, backlog=FakeAlertBacklog(trouble=trouble))
    assert (len(names(summary)), summary.data["waiting"]) == (3, None)
    alert_console.incidents(summary)
    told = capsys.readouterr().out.splitlines()[-1]
    assert told == "What waits on the queues is not known: vibedata-uami may not count (role-missing)"


# show_alert


@pytest.mark.parametrize(
    "wanted", ["bbbb3333", "bbbb", "B", alert_id("bbbb3333"), alert_id("BBBB3333").upper()]
)
def test_an_alert_is_found_by_its_id_or_the_first_letters(incidents: Any, wanted: str) -> None:
    shown = show_alert.run(wanted, incidents=incidents, reader=Reader())
    assert shown.data["incident"]["id"] == "bbbb3333"
    assert [step["condition"] for step in shown.data["deliveries"]] == ["Fired", "Resolved"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("dddd", "alert-unknown"),
        ("", "alert-unknown"),
        ("a b", "alert-unknown"),
        ("/subscriptions/x", "alert-unknown"),
        ("aaaa", "alert-ambiguous"),
    ],
)
def test_what_is_no_name_of_one_alert(incidents: Any, wanted: str, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        show_alert.run(wanted, incidents=incidents, reader=Reader())
    assert caught.value.code == code


def test_a_whole_name_that_begins_another_is_meant_itself(incidents: Any) -> None:
    incidents.add("aaaa22223", NOW)
    assert (
        show_alert.run("aaaa2222", incidents=incidents, reader=Reader()).data["incident"]["id"] == "aaaa2222"
    )


def test_its_rows_and_their_links_are_shown(incidents: Any) -> None:
    operation = operation_id(alert_id("bbbb3333").lower())
    links = [{"name": "investigate", "url": "https://portal"}, {"name": "bad", "url": "file:///etc"}, "x"]
    reader = Reader(
        {"OperationId": operation, "Message": "fired", "Details": {"links": links}},
        {"OperationId": operation, "Message": "again", "Details": {"links": links[:1]}},
        {"OperationId": operation, "Message": "no details", "Details": None},
        {"OperationId": "another", "Message": "not ours"},
    )
    data = show_alert.run("bbbb", incidents=incidents, reader=reader).data
    assert [row["Message"] for row in data["rows"]] == ["fired", "again", "no details"]
    assert data["links"] == [{"name": "investigate", "url": "https://portal"}]


def test_an_incident_is_shown_without_a_log(incidents: Any) -> None:
    reader = Reader(trouble=Transient("azure-unreachable", "no answer", hint="again"))
    data = show_alert.run("bbbb", incidents=incidents, reader=reader).data
    assert data["rows"] == []
    assert "azure-unreachable" in data["rowsMissing"]


# replay_alert


def body(name: str = "one") -> bytes:
    return json.dumps(delivered(name, NOW)).encode()


def key_of(raw: bytes) -> str:
    found = alerts.read(raw)[0]
    return alerts.delivery_key(found.document, found.shape)


def replay(raw: bytes, *seen: str, queue: FakeAlertQueue | None = None) -> tuple[Summary, FakeAlertQueue]:
    queue = queue or FakeAlertQueue(FakeAlertClaims())
    deliveries = FakeDeliveries()
    for key in seen:
        deliveries.record(Delivery(key, "event", "incident", "eventhub", NOW))
    done = replay_alert.run(
        raw, source="x", queue=queue, claims=queue.claims, deliveries=deliveries, clock=lambda: NOW
    )
    return done, queue


def test_a_body_is_enqueued_as_replayed() -> None:
    done, queue = replay(body())
    (message,) = queue.messages
    assert (message.delivery_key, message.origin, message.received_at) == (key_of(body()), "replayed", NOW)
    assert json.loads(message.body or b"") == json.loads(body())
    assert done.written == {"messages": 1}


def test_a_delivery_that_is_done_is_not() -> None:
    done, queue = replay(body(), key_of(body()))
    assert (queue.sent, done.changed, done.data["seen"]) == ([], 0, [key_of(body())])
    assert "nothing was written" in done.message


def test_of_several_those_that_are_not_done_are() -> None:
    raw = json.dumps([delivered("one", NOW), delivered("two", NOW)]).encode()
    done, queue = replay(raw, key_of(body("one")))
    assert done.data["enqueued"] == [key_of(body("two"))]
    assert len(queue.sent) == 1


def test_what_the_intake_left_of_a_large_body_is_enqueued() -> None:
    many = [delivered(str(number), NOW) for number in range(MAX_ALERTS + 5)]
    told = [key_of(json.dumps(one).encode()) for one in many]
    done, _ = replay(json.dumps(many).encode(), *told[:MAX_ALERTS])
    assert done.data["enqueued"] == told[MAX_ALERTS:]


def test_a_message_is_replayed_by_its_body() -> None:
    raw = encode(Message(key_of(body()), "eventhub", NOW - timedelta(days=1), body()))
    _, queue = replay(raw)
    assert [message.origin for message in queue.messages] == ["replayed"]
    assert [json.loads(one) for one in queue.bodies()] == [json.loads(body())]


def test_a_message_with_a_claim_is_replayed_by_what_it_claims() -> None:
    queue = FakeAlertQueue(FakeAlertClaims())
    claim = queue.claims.store(key_of(body()), body())
    replay(encode(Message(key_of(body()), "eventhub", NOW, None, claim)), queue=queue)
    assert [json.loads(one) for one in queue.bodies()] == [json.loads(body())]
    with pytest.raises(Failed):
        replay(encode(Message(key_of(body()), "eventhub", NOW, None, f"{'0' * 64}/{'1' * 64}")))


@pytest.mark.parametrize("raw", [b"", b"no json", b'{"hello": 1}', b"[" + body() + b", 7]"])
def test_of_what_is_no_alert_nothing_is_enqueued(raw: bytes) -> None:
    queue = FakeAlertQueue(FakeAlertClaims())
    with pytest.raises(BadInput) as caught:
        replay(raw, queue=queue)
    assert (caught.value.code, queue.sent) == ("alert-unrecognised", [])


def test_a_narrow_screen_has_the_sentence_below_its_row(
    incidents: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = list_alerts.run(incidents=incidents, backlog=FakeAlertBacklog())
    for width, lines in ((80, 9), (160, 6)):
        monkeypatch.setattr(console, "screen", lambda width=width: Console(width=width, highlight=False))
        alert_console.incidents(summary)
        told = capsys.readouterr().out.splitlines()
        assert len(told) == lines
        assert told[0].startswith("id        state  severity")
        assert told[-2] == "3 open incidents."


def test_of_a_storm_the_gravest_are_shown_and_the_rest_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    storm = Incidents()
    for number in range(alert_console.MAX_SHOWN + 1):
        storm.add(f"{number:08}", NOW)
    alert_console.incidents(list_alerts.run(incidents=storm, backlog=FakeAlertBacklog()))
    told = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("0000") for line in told) == alert_console.MAX_SHOWN
    assert told[-2].startswith("51 open incidents. The gravest 50 are shown")
