"""Nothing is lost in unwrapping: of what a body carries each alert is found, or what was not read is told of."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.alerts.samples import document
from tests.unit.alerts.test_sturdiness import FEW
from vibedata import alerts

METRIC, LEGACY, LISTED = "metric-static-fired", "legacy-metric-fired", "log-v2-fired"
LONG = 300_000  # more than a field of an alert may have as a text

Wrap = Callable[[list[Any]], Any]


def numbered(number: int, name: str = METRIC) -> dict[str, Any]:
    made = document(name)
    if name == LEGACY:
        made["data"]["properties"] = {"number": number}
    else:
        made["data"]["essentials"]["alertId"] = f"/alerts/{number}"
    return made


def in_base64(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def keys(found: list[alerts.Body]) -> list[str]:
    return [alerts.delivery_key(one.document, one.shape) for one in found if one.shape.is_alert]


def read(value: Any) -> list[alerts.Body]:
    return alerts.read(json.dumps(value).encode())


def key(made: dict[str, Any]) -> str:
    return alerts.delivery_key(made, alerts.shape_of(made))


ONE, TWO = numbered(1), numbered(2, LEGACY)
SEVERAL: dict[str, Any] = {
    "a runbook's body that is a text of an array": {
        "WebhookName": "w",
        "RequestBody": json.dumps([ONE, TWO]),
    },
    "a runbook's body that is an array": {"RequestHeader": {}, "RequestBody": [ONE, TWO]},
    "a runbook's body that is a text of texts": {
        "WebhookName": "w",
        "RequestBody": json.dumps([json.dumps(ONE), json.dumps(TWO)]),
    },
    "a workflow's outputs with a list": {"outputs": {"headers": {}, "body": [ONE, TWO]}},
    "a workflow's outputs with a list in a text": {"outputs": {"body": json.dumps([ONE, TWO])}},
    "a body that is a text of a list": {"statusCode": 200, "body": json.dumps([ONE, TWO])},
    "data that is a text of a list": {"specversion": "1.0", "data": json.dumps([ONE, TWO])},
    "value that is a text of a list": {"value": json.dumps([ONE, TWO])},
    "two carriers": {"value": [ONE], "data": [TWO]},
    "a batch beside an answer": {"records": [ONE], "value": [TWO]},
    "a webhook beside a body": {"WebhookName": "w", "RequestBody": json.dumps(ONE), "body": TWO},
    "binary beside text": {"data_base64": in_base64(ONE), "data": TWO},
    "one name in two spellings": {"value": [ONE], "Value": [TWO]},
    "an alert beside a list": ONE | {"value": [TWO]},
    "an older alert beside a list": TWO | {"records": [ONE]},
    "a list under the schema of one": {"schemaId": ONE["schemaId"], "data": [ONE, TWO]},
    "a batch under the schema of one": {"schemaId": ONE["schemaId"], "data": {"records": [ONE, TWO]}},
    "an older alert as the data of an event, beside another": {"id": "1", "data": TWO, "value": [ONE]},
    "an alert in an alert, beside another": ONE | {"data": ONE, "value": [TWO]},
}


@pytest.mark.parametrize("carrier", SEVERAL)
def test_two_alerts_are_two(carrier: str) -> None:
    found = read(SEVERAL[carrier])
    assert sorted(keys(found)) == sorted(map(key, (ONE, TWO)))
    assert all(one.shape.is_alert for one in found)


def test_what_was_found_beside_another_is_one_when_it_is_read_again() -> None:
    for given_body in SEVERAL.values():
        for one in read(given_body):
            (again,) = read(one.document)
            assert again == one


def test_an_alert_that_is_no_carrier_stays_as_it_is() -> None:
    made = ONE | {"body": "[1]", "value": [], "outputs": {"x": [{"y": 1}]}, "records": []}
    (found,) = read(made)
    assert found.document == made


def test_what_is_beside_a_carrier_in_too_many_fields_is_told_of() -> None:
    found = read({"value": [ONE], **{f"f{n}": n for n in range(600)}, "data": [TWO]})
    assert keys(found) == [key(ONE)]
    assert [one.shape.code for one in found if not one.shape.is_alert] == ["too-many"]


def test_what_is_beside_an_alert_in_too_many_fields_is_told_of() -> None:
    found = read({"data": ONE, **{f"f{n}": n for n in range(600)}, "value": [TWO]})
    assert keys(found) == [key(ONE)]
    assert [one.shape.code for one in found if not one.shape.is_alert] == ["too-many"]


def test_the_first_alerts_of_a_list_count_and_what_no_alert_leads_to_is_one_thing() -> None:
    nothings = [{"x": number} for number in range(300)]
    found = read({"value": nothings, "body": ONE})
    assert keys(found) == [key(ONE)]
    assert found[-1].shape.code == "too-many"
    (alone,) = read({"value": nothings})
    assert alone.shape.code == "not-an-alert"


@pytest.mark.parametrize(
    "carry",
    [
        lambda one: {"specversion": "1.0", "data": json.dumps(one)},
        lambda one: {"WebhookName": "w", "RequestBody": json.dumps(one)},
        lambda one: {"data_base64": in_base64(one)},
        lambda one: {"body": {"ContentData": in_base64(one)}},
        lambda one: [json.dumps(one)],
        json.dumps,
        lambda one: one | {"data": json.dumps(one["data"])},
        lambda one: one | {"data": {"data": json.dumps(one["data"])}},
    ],
    ids=[
        *("event", "runbook", "binary event", "Service Bus", "texts", "text", "data as a text"),
        *("data in data",),
    ],
)
def test_a_long_alert_is_taken_wrapped_as_it_is_alone(carry: Callable[[Any], Any]) -> None:
    made = numbered(1)
    made["data"]["essentials"]["description"] = "x" * LONG
    (found,) = read(carry(made))
    assert found.document == made


def test_a_text_that_nests_too_deep_says_so() -> None:
    (found,) = read("[" * 200 + "]" * 200)
    assert (found.shape.code, found.document) == ("too-deep", None)
    assert "100 levels" in found.shape.reason


@pytest.mark.parametrize("beside", [{"value": [ONE]}, ONE], ids=["an answer", "an alert"])
def test_what_nests_too_deep_beside_an_alert_is_told_of(beside: dict[str, Any]) -> None:
    found = read(beside | {"body": "[" * 200 + "]" * 200})
    assert keys(found) == [key(ONE)]
    assert [one.shape.code for one in found] == ["", "too-deep"]


def test_data_that_nests_too_deep_leaves_the_alert() -> None:
    (found,) = read(ONE | {"data": "[" * 200 + "]" * 200})
    assert found.shape.is_alert


def test_what_is_wrapped_too_often_beside_an_alert_is_told_of() -> None:
    found = read({"value": [[[[[TWO]]]]], "body": ONE})
    assert [one.shape.code for one in found] == ["", "not-an-object"]


def test_alerts_in_alerts_come_to_an_end() -> None:
    def within(held: Any, times: int) -> Any:
        for _ in range(times):
            held = {"schemaId": ONE["schemaId"], "x": 1, "data": held}
        return held

    (found,) = read(within(ONE, 5))
    assert found.document == ONE
    held: Any = within(ONE, 90)
    for _ in range(12):
        held = within({"content": in_base64(held)}, 90)
    (found,) = read(held)
    assert found.shape.code == "too-deep"


def test_the_last_level_of_a_list_under_a_wrapper_is_told_of() -> None:
    (found,) = read([[[[[ONE]]]]])
    assert found.shape.code == "not-an-object"


WRAPPERS: dict[str, Wrap] = {
    "list": lambda held: held,
    "records": lambda held: {"records": held},
    "value": lambda held: {"value": held, "nextLink": "https://management.azure.com/next"},
    "rows": lambda held: {"count": len(held), "data": held, "facets": []},
    "text": lambda held: json.dumps(held),
    "runbook": lambda held: {"WebhookName": "w", "RequestBody": json.dumps(held), "RequestHeader": {}},
    "runbook's object": lambda held: {"WebhookName": "w", "RequestBody": held},
    "body": lambda held: {"statusCode": 200, "body": held},
    "outputs": lambda held: {"outputs": {"headers": {}, "body": held}},
    "outputs, text": lambda held: {"outputs": {"body": json.dumps(held)}},
    "content": lambda held: {"$content-type": "application/json", "$content": in_base64(held)},
    "event": lambda held: {"specversion": "1.0", "data_base64": in_base64(held)},
    "message": lambda held: {"body": {"ContentData": in_base64(held)}},
    "named": lambda held: {"schemaId": "azureMonitorCommonAlertSchema", "data": held},
    "beside": lambda held: {"value": held[:1], "body": held[1:2], "records": held[2:3], "Value": held[3:]},
    "beside in texts": lambda held: {"value": json.dumps(held[:2]), "data": json.dumps(held[2:])},
}


STRANGERS: list[Any] = [7, {"x": 1}, [], "word"]


@st.composite
def wrapped(draw: st.DrawFn) -> tuple[Any, set[str]]:
    """A body of one to four alerts, wrapped in ways that people and Azure do, and in some that nobody does."""
    kinds = draw(st.lists(st.sampled_from([METRIC, LEGACY, LISTED]), min_size=1, max_size=4))
    made = [numbered(number, name) for number, name in enumerate(kinds)]
    held: list[Any] = list(made)
    for name in draw(st.lists(st.sampled_from(sorted(WRAPPERS)), max_size=3)):
        cut = draw(st.integers(0, len(held)))
        strangers = draw(st.lists(st.sampled_from(STRANGERS), max_size=1))
        first, rest = held[:cut], held[cut:]
        one = [draw(st.sampled_from([first[0], json.dumps(first[0])]))] if len(first) == 1 else first
        held = [WRAPPERS[name](one + strangers), *rest] if one else rest
    return (held[0] if len(held) == 1 else held), {key(each) for each in made}


@FEW
@given(wrapped())
def test_every_alert_is_found_or_what_was_not_read_is_told_of(given_body: tuple[Any, set[str]]) -> None:
    body, expected = given_body
    found = read(body)
    told = keys(found)
    assert len(told) == len(set(told))
    assert set(told) <= expected
    refused = [one.document for one in found if not one.shape.is_alert]
    assert set(told) == expected or any(each not in STRANGERS for each in refused)
    for one in found:
        if one.shape.is_alert:
            (again,) = read(one.document)
            assert again.document == one.document
