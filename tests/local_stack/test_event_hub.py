"""Event Hubs over the wire: who may send and read, which partition takes an event, what is kept and for how long."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack.threaded import ThreadedStack
from tests.local_stack.hubs import BATCH, RECEIVER, SENDER, Caller, HubPlace

SERVICES = ("identity", "arm", "event_hub")


@pytest.fixture(scope="module")
def hub_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    with ThreadedStack(tmp_path_factory.mktemp("hub") / "stack", services=SERVICES) as stack:
        yield stack


@pytest.fixture
def stack(hub_stack: ThreadedStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedStack]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(hub_stack.ca_file))
    yield hub_stack
    hub_stack.faults.clear()


@pytest.fixture
def place(stack: ThreadedStack) -> HubPlace:
    return HubPlace(stack)


@pytest.fixture
def both(place: HubPlace) -> Caller:
    return place.caller(SENDER, RECEIVER)


def test_a_hub_says_where_it_is_and_which_partitions_it_has(place: HubPlace) -> None:
    assert place.hub_body["properties"]["partitionIds"] == ["0", "1", "2", "3"]
    assert place.hub_body["properties"]["status"] == "Active"
    assert place.namespace in place.namespace_body["properties"]["serviceBusEndpoint"]
    groups = place.rest("GET", f"{place.hub}/consumergroups").json()["value"]
    assert sorted(group["name"] for group in groups) == ["$Default", "vibedata"]


def test_a_namespace_name_is_taken_everywhere(place: HubPlace, stack: ThreadedStack) -> None:
    other = HubPlace(stack)
    refused = other.rest("PUT", other.id("Microsoft.EventHub/namespaces", place.namespace), {"location": "x"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "NameUnavailable")


def test_the_partition_count_is_settled_when_the_hub_is_made(place: HubPlace) -> None:
    again = place.rest("PUT", place.hub, {"properties": {"partitionCount": 4}})
    changed = place.rest("PUT", place.hub, {"properties": {"partitionCount": 8}})
    assert (again.status_code, changed.status_code) == (200, 400)


def test_an_event_that_was_sent_is_read_with_all_it_says(both: Caller) -> None:
    assert both.send(b'{"a": 1}').status_code == 201
    (event,) = both.events(0, after=-1, max=10)
    assert base64.b64decode(event["body"]) == b'{"a": 1}'
    assert (event["sequenceNumber"], event["offset"], event["partitionKey"]) == (0, "0", None)
    assert event["enqueuedTimeUtc"].endswith("Z")
    assert both.events(0, after=0) == []


def test_events_without_a_key_take_turns(both: Caller) -> None:
    for number in range(8):
        both.send(str(number))
    assert [len(events) for events in both.bodies().values()] == [2, 2, 2, 2]


def test_a_partition_key_always_leads_to_the_same_partition(both: Caller) -> None:
    for number in range(12):
        both.send(str(number), BrokerProperties=json.dumps({"PartitionKey": f"key-{number % 3}"}))
    found = both.bodies()
    for key in range(3):
        holders = [n for n, bodies in found.items() if str(key).encode() in bodies]
        assert len(holders) == 1
        mine = [body for body in found[holders[0]] if int(body) % 3 == key]
        assert mine == [str(number).encode() for number in range(key, 12, 3)]


def test_one_partition_can_be_named(both: Caller) -> None:
    assert both.send("x", "partitions/2/messages").status_code == 201
    assert both.bodies()[2] == [b"x"]
    assert both.send("x", "partitions/4/messages").status_code == 400


def test_a_batch_goes_in_together(both: Caller) -> None:
    rows = [
        {"Body": "eins", "UserProperties": {"kind": "a"}},
        {"Body": "zwei"},
        {"Body": "drei", "BrokerProperties": {"PartitionKey": "k"}},
    ]
    assert both.send(json.dumps(rows), **{"Content-Type": BATCH}).status_code == 201
    found = both.bodies()
    assert [b"eins", b"zwei"] in [[b for b in bodies if b != b"drei"] for bodies in found.values()]
    assert sum(map(len, found.values())) == 3


@pytest.mark.parametrize(
    "body", ["no json", "[]", '{"Body": "x"}', '[{"Body": 1}]', '[{"Body": "x", "BrokerProperties": 1}]']
)
def test_a_batch_that_is_none_is_refused_whole(both: Caller, body: str) -> None:
    assert both.send(body, **{"Content-Type": BATCH}).status_code == 400
    assert sum(map(len, both.bodies().values())) == 0


def test_an_event_may_have_a_mebibyte_and_no_byte_more(both: Caller) -> None:
    limit = 1024 * 1024 - len("{}")
    assert both.send(b"x" * limit).status_code == 201
    refused = both.send(b"x" * (limit + 1))
    assert refused.status_code == 413
    assert "exceeds the limit (1048576 bytes)" in refused.text


def test_a_sender_without_the_role_is_refused_in_the_services_words(place: HubPlace) -> None:
    refused = place.caller(RECEIVER).send("x")
    assert refused.status_code == 401
    assert refused.headers["Content-Type"].startswith("application/xml")
    assert "<Code>401</Code><Detail>Unauthorized access. 'Send' claim(s) are required" in refused.text
    assert f"sb://{place.namespace}.servicebus.windows.net/alerts" in refused.text


def test_a_reader_without_the_role_is_refused(place: HubPlace) -> None:
    sender = place.caller(SENDER)
    for path in ("partitions", "consumergroups/vibedata/partitions/0/events"):
        refused = sender.get(path)
        assert refused.status_code == 401
        assert "'Listen' claim(s)" in refused.text


def test_a_role_counts_at_its_hub_alone(place: HubPlace) -> None:
    elsewhere = place.caller(SENDER, scope=f"{place.hub}2")
    above = place.caller(SENDER, scope=place.namespace_body["id"])
    assert (elsewhere.send("x").status_code, above.send("x").status_code) == (401, 201)


def test_a_role_at_a_consumer_group_reads_that_group_alone(place: HubPlace) -> None:
    reader = place.caller(RECEIVER, scope=f"{place.hub}/consumergroups/vibedata")
    assert reader.events(0) == []
    assert reader.get("consumergroups/$Default/partitions/0/events").status_code == 401


@pytest.mark.parametrize(
    ("audience", "status"),
    [
        ("https://eventhubs.azure.net", 201),
        ("https://servicebus.azure.net", 201),
        ("https://storage.azure.com", 401),
        ("https://management.azure.com", 401),
    ],
)
def test_the_token_must_be_meant_for_event_hubs(place: HubPlace, audience: str, status: int) -> None:
    answer = place.caller(SENDER, audience=audience).send("x")
    assert answer.status_code == status
    assert ("InvalidAudience" in answer.text) is (status == 401)


def test_no_token_and_a_broken_one_are_told_apart(place: HubPlace) -> None:
    assert "MissingToken" in Caller(place, None).send("x").text
    assert "InvalidSignature" in Caller(place, "a.b.c").send("x").text


def test_an_unknown_hub_namespace_or_group_is_not_found(place: HubPlace, both: Caller) -> None:
    place.url = place.url.replace("/alerts", "/other")
    assert both.send("x").status_code == 404
    place.url = place.url.replace(place.namespace, "nowhere").replace("/other", "/alerts")
    assert "could not be found" in both.send("x").text
    place.url = f"{place.namespace_body['properties']['serviceBusEndpoint']}/alerts"
    assert both.get("consumergroups/none/partitions/0/events").status_code == 404


def test_a_reader_waits_for_the_next_event(both: Caller, place: HubPlace) -> None:
    began = time.monotonic()
    assert both.events(1, after=-1, wait=0.3) == []
    assert time.monotonic() - began > 0.25
    sender = place.caller(SENDER)
    timer = threading.Timer(0.2, lambda: sender.send("late", "partitions/1/messages"))
    timer.start()
    began = time.monotonic()
    (event,) = both.events(1, after=-1, wait=60)
    timer.join()
    assert base64.b64decode(event["body"]) == b"late"
    assert time.monotonic() - began < 50


def test_events_are_gone_when_their_time_is_over(stack: ThreadedStack) -> None:
    place = HubPlace(stack, retentionDescription={"cleanupPolicy": "Delete", "retentionTimeInHours": 1})
    both = place.caller(SENDER, RECEIVER)
    both.send("old", "partitions/0/messages")
    stack.clock.advance(3000)
    both.send("newer", "partitions/0/messages")
    assert len(both.events(0)) == 2
    stack.clock.advance(700)
    assert [event["sequenceNumber"] for event in both.events(0)] == [1]


def test_a_hub_made_anew_begins_anew(place: HubPlace, both: Caller) -> None:
    both.send("x", "partitions/0/messages")
    assert place.rest("DELETE", place.hub).ok
    assert place.rest("PUT", place.hub, {"properties": {}}).ok
    anew = place.caller(SENDER, RECEIVER)
    anew.send("y", "partitions/0/messages")
    assert [(e["sequenceNumber"], base64.b64decode(e["body"])) for e in anew.events(0, group="$Default")] == [
        (0, b"y")
    ]


@pytest.mark.parametrize("status", [429, 503])
def test_faults_strike_and_end(both: Caller, stack: ThreadedStack, status: int) -> None:
    stack.faults.add("event_hub", "events.send", status=status, retry_after=1, times=1)
    struck = both.send("x")
    assert (struck.status_code, struck.headers["Retry-After"]) == (status, "1")
    assert f"<Code>{status}</Code>" in struck.text
    assert both.send("x").status_code == 201
    assert sum(map(len, both.bodies().values())) == 1


def test_a_lost_answer_leaves_the_event_behind(both: Caller, stack: ThreadedStack) -> None:
    stack.faults.add("event_hub", "events.send", status=503, after=True, times=1)
    assert both.send("x").status_code == 503
    assert sum(map(len, both.bodies().values())) == 1


def test_the_write_log_says_what_was_sent_and_not_what_was_read(both: Caller, stack: ThreadedStack) -> None:
    before = stack.writes.last
    both.send("x")
    both.events(0)
    (write,) = stack.writes.since(before, service="event_hub")
    assert (write.operation, write.status, write.detail["events"]) == ("events.send", 201, 1)


def test_events_outlive_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadedStack(tmp_path / "stack", services=SERVICES) as stack:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stack.ca_file))
        place = HubPlace(stack, partitions=1)
        both = place.caller(SENDER, RECEIVER)
        both.send("before")
    files = sorted(path.name for path in (tmp_path / "stack" / "files" / "event_hub").iterdir())
    assert files == ["events.db"]  # one file, complete: a copy of the directory has everything
    with ThreadedStack(tmp_path / "stack", services=SERVICES) as again:
        place.stack = again
        both.send("after")
        assert both.bodies(1) == {0: [b"before", b"after"]}
        assert [event["sequenceNumber"] for event in both.events(0)] == [0, 1]
