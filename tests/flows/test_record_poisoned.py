from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders.alert_instances import alert_id, delivered
from tests.fakes.alert_processing import FakeAlertRows
from tests.fakes.alert_queue import FakeAlertClaims, FakeAlertQueue, busy
from tests.fakes.poisoned_alerts import FakeKeptBodies, FakePoisonedAlerts, FakeStrandedMessages
from vibedata import alert_console, alerts
from vibedata.alerts.message import Message, encode
from vibedata.alerts.poison import Poisoned, name_of
from vibedata.alerts.putting_off import PutOff
from vibedata.errors import BadInput, Failed, Transient
from vibedata.flows import list_poisoned, list_rejected, record_poisoned, requeue_poisoned, show_poisoned
from vibedata.flows import record_stranded as record_stranded_flow

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


class World:
    def __init__(self) -> None:
        self.claims = FakeAlertClaims()
        self.queue = FakeAlertQueue(self.claims)
        self.poisoned = FakePoisonedAlerts()
        self.bodies = FakeKeptBodies()
        self.rows = FakeAlertRows()
        self.now = NOW

    def record(self, raw: bytes) -> Poisoned:
        return record_poisoned.run(
            raw,
            poisoned=self.poisoned,
            claims=self.claims,
            rows=self.rows,
            clock=lambda: self.now,
            instance_id="instance-1",
            dequeue_count=1,
        )

    def requeue(self, *names: str, force: bool = False) -> Mapping[str, Any]:
        done = requeue_poisoned.run(
            names,
            poisoned=self.poisoned,
            claims=self.claims,
            queue=self.queue,
            clock=lambda: self.now,
            force=force,
        )
        assert done.written == {"messages": len(done.data["requeued"])}
        self.told = done.message
        return done.data

    def waiting(self) -> list[str]:
        found = list_poisoned.run(poisoned=self.poisoned).data["poisoned"]
        return [one["name"] for one in found]


def message(name: str = "one", padding: int = 0) -> Message:
    document = delivered(name, NOW)
    document["data"]["essentials"]["description"] = "x" * padding
    key = alerts.delivery_key(document, alerts.shape_of(document))
    return Message(key, "eventhub", NOW, json.dumps(document).encode())


@pytest.fixture
def world() -> World:
    return World()


def test_a_message_that_can_be_read_is_kept_with_what_it_holds(world: World) -> None:
    raw = encode(message())
    kept = world.record(raw)
    assert (kept.name, kept.told.code, kept.times) == (name_of(raw), "processing-failed", 1)
    assert (kept.told.alert_id, kept.told.rule) == (alert_id("one"), "vd-web-5xx")
    assert world.poisoned.blobs == {kept.name: raw}
    (row,) = world.rows.rows
    assert (row["Status"], row["Severity"], row["ErrorCode"]) == ("Poisoned", "Error", "processing-failed")
    assert row["Remedy"] == f"vibedata alerts poison show {kept.name[:12]}"
    assert row["Details"]["deliveryKey"] == message().delivery_key
    assert row["Details"]["dequeueCount"] == 1


def test_recording_it_again_writes_the_same_row_and_nothing_else(world: World) -> None:
    raw = encode(message())
    world.record(raw)
    world.now += timedelta(hours=1)
    writes = world.poisoned.writes
    world.record(raw)
    assert world.poisoned.writes == writes
    first, second = world.rows.rows
    assert first == second


def test_a_message_without_a_word_of_ours_is_kept(world: World) -> None:
    kept = world.record(b"\xff\xfe no json")
    assert kept.told.code == "message-unreadable"
    assert world.poisoned.blobs[kept.name] == b"\xff\xfe no json"


def test_a_body_that_is_no_alert_says_so(world: World) -> None:
    kept = world.record(encode(Message("0" * 64, "http", NOW, b'{"hello": 1}')))
    assert kept.told.code == "not-an-alert"
    assert kept.told.delivery_key == "0" * 64


def test_a_claimed_body_that_is_gone_is_the_reason(world: World) -> None:
    claim = f"{'0' * 64}/{'1' * 64}"
    kept = world.record(encode(Message("0" * 64, "http", NOW, None, claim)))
    assert kept.told.code == "alert-claim-missing"
    assert world.rows.rows[0]["ErrorCode"] == "alert-claim-missing"


def test_a_claimed_body_is_kept_beside_it_and_outlives_the_claim(world: World) -> None:
    world.queue.send(message(padding=60_000))
    raw = world.queue.sent.pop()
    kept = world.record(raw)
    assert kept.told.code == "processing-failed"
    world.claims.bodies.clear()
    world.requeue(kept.name)
    assert world.queue.bodies() == [message(padding=60_000).body]


def test_a_message_that_was_put_off_for_long_is_known_by_what_it_was_before_and_begins_anew(
    world: World,
) -> None:
    plain = message()
    kept = world.record(encode(replace(plain, put_off=PutOff(NOW, 140))))
    assert kept.told.code == "processing-failed"
    assert "put off 140 times since 2026-03-01T12:00:00+00:00" in world.rows.rows[0]["Message"]
    assert world.record(encode(replace(plain, put_off=PutOff(NOW, 141)))).name == kept.name
    assert (kept.name, world.poisoned.blobs) == (name_of(encode(plain)), {kept.name: encode(plain)})
    world.requeue(kept.name)
    (again,) = world.queue.messages
    assert again == replace(plain, requeued=True)
    assert world.record(encode(again)).times == 2
    world.requeue(kept.name)
    assert world.record(encode(replace(again, put_off=PutOff(NOW, 3)))).times == 3
    assert world.poisoned.blobs == {kept.name: encode(plain)}


def test_what_storage_refuses_stays_on_the_queue(world: World) -> None:
    world.rows.trouble = busy()
    with pytest.raises(Transient):
        world.record(encode(message()))
    world.rows.trouble = None
    world.record(encode(message()))
    assert (len(world.poisoned.known), len(world.rows.rows)) == (1, 1)


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_whatever_bytes_arrive_are_kept(raw: bytes) -> None:
    world = World()
    kept = world.record(raw)
    assert world.poisoned.blobs[kept.name] == raw
    assert kept.told.code and kept.told.reason
    json.dumps(world.rows.rows)
    show_poisoned.run(kept.name, poisoned=world.poisoned, bodies=world.bodies)


@given(
    st.sampled_from(["schema", "deliveryKey", "origin", "receivedAt", "body", "claim"]),
    st.none() | st.integers() | st.text() | st.lists(st.integers(), max_size=2),
)
@settings(max_examples=60, deadline=None)
def test_whatever_became_of_an_envelope_it_is_kept(name: str, value: Any) -> None:
    world = World()
    told = json.loads(encode(message()))
    raw = json.dumps({**told, name: value}).encode()
    assert world.poisoned.blobs[world.record(raw).name] == raw
    assert len(world.rows.rows) == 1


# requeue


def test_requeueing_puts_the_message_back_once(world: World) -> None:
    kept = world.record(encode(message()))
    assert world.waiting() == [kept.name]
    assert world.requeue(kept.name[:8])["requeued"] == [kept.name]
    assert world.queue.messages == [replace(message(), requeued=True)]
    assert world.waiting() == []
    again = world.requeue(kept.name)
    assert (again["requeued"], again["requeuedBefore"]) == ([], [kept.name])
    assert len(world.queue.sent) == 1


def test_all_that_wait_are_requeued(world: World) -> None:
    names = [world.record(encode(message(name))).name for name in "abc"]
    world.requeue(names[0])
    assert sorted(world.requeue()["requeued"]) == sorted(names[1:])
    assert world.requeue()["requeued"] == []
    assert len(world.queue.sent) == 3


def test_one_that_is_poisoned_again_waits_again(world: World) -> None:
    raw = encode(message())
    kept = world.record(raw)
    world.requeue(kept.name)
    world.now += timedelta(hours=1)
    again = world.record(raw)
    assert (again.times, again.at) == (2, world.now)
    assert world.waiting() == [kept.name]
    assert len({row["EventId"] for row in world.rows.rows}) == 2, "it happened twice"
    assert world.requeue(kept.name)["requeued"] == [kept.name]


def test_a_requeue_that_dies_before_it_is_noted_sends_again_and_loses_nothing(world: World) -> None:
    kept = world.record(encode(message()))
    world.queue.trouble = busy()
    with pytest.raises(Transient):
        world.requeue(kept.name)
    assert world.waiting() == [kept.name], "not sent: not marked"
    world.queue.trouble = None
    world.requeue(kept.name)
    assert world.queue.messages == [replace(message(), requeued=True)]


def test_a_large_alert_full_of_quotes_is_put_back_with_all_others(world: World) -> None:
    large = message("large")
    body = json.dumps({**json.loads(large.body or b""), "more": ['"""'] * 70_000}).encode()
    assert len(body) < alerts.MAX_BYTES < len(encode(replace(large, body=body)))
    claim = world.claims.store(large.delivery_key, body)
    kept = world.record(encode(replace(large, body=None, claim=claim)))
    done = world.requeue()
    assert (done["requeued"], done["stay"]) == ([kept.name], [])
    assert world.queue.bodies() == [body]


def test_each_is_sent_before_the_next_is_read(world: World) -> None:
    for name in "abc":
        world.record(encode(message(name)))
    sent_before: list[int] = []
    read = world.poisoned.read

    class Watched(FakePoisonedAlerts):
        def read(self, name: str) -> tuple[Poisoned, bytes, bytes | None]:
            sent_before.append(len(world.queue.sent))
            return read(name)

    watched = Watched()
    watched.known, watched.blobs = world.poisoned.known, world.poisoned.blobs
    world.poisoned = watched
    world.requeue()
    assert sent_before == [0, 1, 2]


def test_of_those_that_are_named_none_is_sent_when_one_cannot_be(world: World) -> None:
    good, none = world.record(encode(message())), world.record(b"no json")
    with pytest.raises(BadInput):
        world.requeue(good.name, none.name)
    assert world.queue.sent == []


def test_what_cannot_be_read_is_not_put_back(world: World) -> None:
    kept = world.record(b"no json")
    with pytest.raises(BadInput) as caught:
        world.requeue(kept.name)
    assert caught.value.code == "alert-poison-unreadable"
    good = world.record(encode(message()))
    told = world.requeue()
    assert told["requeued"] == [good.name]
    assert told["stay"] == [{"name": kept.name, "code": "message-unreadable"}]
    assert world.waiting() == [kept.name]


def test_one_whose_body_is_gone_does_not_keep_the_others(world: World) -> None:
    gone = world.record(encode(replace(message("gone"), body=None, claim=f"{'a' * 64}/{'b' * 64}")))
    good = world.record(encode(message()))
    told = world.requeue()
    assert told["requeued"] == [good.name]
    assert told["stay"] == [{"name": gone.name, "code": "alert-claim-missing"}]
    with pytest.raises(Failed):
        world.requeue(gone.name)


def no_alert(body: bytes) -> bytes:
    return encode(Message(name_of(body), "http", NOW, body))


def test_what_would_only_come_back_stays_unless_it_is_named_or_forced(world: World) -> None:
    hello, empty = world.record(no_alert(b'{"hello": 1}')), world.record(no_alert(b"[]"))
    none, good = world.record(b"no json"), world.record(encode(message()))
    done = world.requeue()
    assert done["requeued"] == [good.name]
    assert {one["name"] for one in done["stay"]} == {hello.name, empty.name, none.name}
    assert (
        "3 stay, for they would only come back: 1 empty, 1 message-unreadable, 1 not-an-alert." in world.told
    )
    assert world.requeue(hello.name)["requeued"] == [hello.name]
    forced = world.requeue(force=True)
    assert (forced["requeued"], forced["stay"]) == (
        [empty.name],
        [{"name": none.name, "code": "message-unreadable"}],
    )


def test_what_we_read_by_now_is_put_back_whatever_was_noted_then(world: World) -> None:
    kept = world.record(encode(message()))
    told = replace(kept.told, code="not-an-alert")
    world.poisoned.known[kept.name] = replace(kept, told=told)
    assert world.requeue()["requeued"] == [kept.name]


def test_one_whose_alert_nobody_can_read_has_a_row_with_a_subject(world: World) -> None:
    world.record(no_alert(b'{"hello": 1}'))
    world.record(b"no json")
    world.record(encode(message()))
    told = [row["Message"] for row in world.rows.rows]
    assert all(text.startswith("A message was given up: ") for text in told[:2])
    assert all(text.endswith(".") and not text.endswith("..") for text in told)
    assert told[2].startswith("vd-web-5xx fired")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [("", "alert-poison-unknown"), ("zz", "alert-poison-unknown"), ("../x", "alert-poison-unknown")],
)
def test_a_name_that_is_none(world: World, wanted: str, code: str) -> None:
    world.record(encode(message()))
    for act in (
        lambda: world.requeue(wanted),
        lambda: show_poisoned.run(wanted, poisoned=world.poisoned, bodies=world.bodies),
    ):
        with pytest.raises(BadInput) as caught:
            act()
        assert caught.value.code == code


def test_letters_that_begin_several_names(world: World) -> None:
    names = [world.record(b"%d" % number).name for number in range(17)]
    shared = next(one[0] for one in names if sum(other[0] == one[0] for other in names) > 1)
    with pytest.raises(BadInput) as caught:
        world.requeue(shared)
    assert caught.value.code == "alert-poison-ambiguous"


def test_showing_one_gives_its_message_and_its_body(world: World) -> None:
    kept = world.record(encode(message()))
    shown = show_poisoned.run(kept.name[:10], poisoned=world.poisoned, bodies=world.bodies).data
    assert shown["body"].encode() == message().body
    assert shown["message"].encode() == encode(message())
    unread = show_poisoned.run(world.record(b"\xff").name, poisoned=world.poisoned, bodies=world.bodies).data
    assert (unread["body"], unread["message"]) == ("", "\\xff")


def test_a_kept_body_is_shown_by_its_blob(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    path = world.bodies.keep(b"no alert \xff", NOW, "not-json", "no JSON: \x1b[2J")
    kept = world.record(b"x")
    shown = show_poisoned.run(path, poisoned=world.poisoned, bodies=world.bodies)
    given_up = show_poisoned.run(kept.name, poisoned=world.poisoned, bodies=world.bodies)
    assert set(shown.data) == set(given_up.data), "one document, whatever is shown"
    assert shown.data["body"] == "no alert \\xff"
    assert [shown.data[name] for name in ("code", "reason", "origin", "at")] == [
        *("not-json", "no JSON: \x1b[2J", "eventhub"),
        NOW.isoformat(),
    ]
    alert_console.poisoned_one(shown)
    told = capsys.readouterr().out
    assert told.endswith("no alert \\xff\n")
    assert "reason       no JSON: \\x1b[2J\n" in told
    by_its_blob = f"alerts-rejected/poison/{kept.name}"
    same = show_poisoned.run(by_its_blob, poisoned=world.poisoned, bodies=world.bodies)
    assert same == given_up, "the same, however it is called"
    with pytest.raises(BadInput) as caught:
        show_poisoned.run("alerts-rejected/none", poisoned=world.poisoned, bodies=world.bodies)
    assert caught.value.code == "alert-body-unknown"


def test_rejected_bodies_are_listed_newest_first_and_bounded(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alert_console.rejected(list_rejected.run(bodies=world.bodies))
    assert capsys.readouterr().out == "0 kept of what was sent and was no alert.\n"
    paths = [world.bodies.keep(b"%d" % hour, NOW + timedelta(hours=hour)) for hour in (1, 3, 2)]
    done = list_rejected.run(bodies=world.bodies)
    assert [one["name"] for one in done.data["rejected"]] == [paths[1], paths[2], paths[0]]
    alert_console.rejected(done)
    told = capsys.readouterr().out.splitlines()
    assert told[1].startswith(
        paths[1][: len("alerts-rejected/sha256/") + 12] + "  2026-03-01 15:00:00  eventhub"
    )
    assert told[-1].startswith("3 kept of what was sent and was no alert. `vibedata alerts poison show NAME`")
    assert [line for line in told if line != line.rstrip()] == []
    monkeypatch.setattr(list_rejected, "MAX_LISTED", 2)
    few = list_rejected.run(bodies=world.bodies)
    assert ([one["name"] for one in few.data["rejected"]], few.data["count"]) == ([paths[1], paths[2]], 3)
    assert "The newest 2 are shown." in few.message
    monkeypatch.setattr(list_rejected, "MAX_LOOKED_AT", 2)
    assert list_rejected.run(bodies=world.bodies).message.startswith("2 or more kept")


def test_a_message_shows_no_terminal_what_to_do(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    kept = world.record(b"\x1b]0;owned\x07\x1b[2J\xc2\x9b31m\r\n[red]plain[/red]")
    alert_console.poisoned_one(show_poisoned.run(kept.name, poisoned=world.poisoned, bodies=world.bodies))
    told = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\x9b", "\r"} & set(told)
    assert "\\x1b]0;owned\\x07" in told
    assert "[red]plain[/red]" in told


# stranded


def record_stranded(world: World, stranded: FakeStrandedMessages) -> int:
    return record_stranded_flow.run(
        stranded=stranded,
        poisoned=world.poisoned,
        claims=world.claims,
        rows=world.rows,
        clock=lambda: world.now,
        instance_id="instance-1",
    )


def test_what_has_lain_there_for_too_long_is_recorded_and_taken_away(world: World) -> None:
    stranded = FakeStrandedMessages()
    stranded.put(b"plain text", NOW - timedelta(hours=2))
    stranded.put(encode(message()), NOW - timedelta(hours=3))
    stranded.put(encode(message("young")), NOW - timedelta(minutes=59))
    assert record_stranded(world, stranded) == 2
    assert {one.told.code for one in world.poisoned.kept()} == {"message-unreadable", "processing-failed"}
    assert len(stranded.lying) == 1
    assert {row["Details"]["dequeueCount"] for row in world.rows.rows} == {6}
    assert record_stranded(world, stranded) == 0


def test_what_cannot_be_recorded_stays_there(world: World) -> None:
    stranded = FakeStrandedMessages()
    stranded.put(b"plain text", NOW - timedelta(hours=2))
    world.rows.trouble = busy()
    with pytest.raises(Transient):
        record_stranded(world, stranded)
    assert len(stranded.lying) == 1
    world.rows.trouble = None
    assert record_stranded(world, stranded) == 1
    assert len(world.poisoned.known) == 1
