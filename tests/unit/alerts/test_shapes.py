"""Whether a body is an alert, of which schema, and why not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.alerts.samples import document, names, raw
from vibedata import alerts
from vibedata.alerts import MAX_BYTES, MAX_DEPTH
from vibedata.alerts.shapes import MAX_ALERTS

COMMON = {"schemaId": "azureMonitorCommonAlertSchema"}
NONE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "white space": (b" \n", "empty"),
    "text": (b"CPU is high", "not-json"),
    "half of an alert": (raw("metric-static-fired")[:500], "not-json"),
    "a number": (b"42", "not-an-object"),
    "null": (b"null", "not-an-object"),
    "a word": (b'"alert"', "not-an-object"),
    "an empty list": (b"[]", "empty"),
    "no records": (b'{"records": []}', "empty"),
    "an empty object": (b"{}", "not-an-alert"),
    "something else": (
        b'{"id": "1", "eventType": "Microsoft.Storage.BlobCreated", "data": {}}',
        "not-an-alert",
    ),
    "a foreign schema": (b'{"schemaId": "somethingElse", "data": {"x": 1}}', "not-an-alert"),
    "a custom webhook": (b'{"text": "rule fired with 18 records"}', "not-an-alert"),
    "an event of the activity log": (
        b'{"eventDataId": "1", "submissionTimestamp": "t", "operationName": {"value": "x"}, "caller": "me"}',
        "not-an-alert",
    ),
    "a condition of something else": (b'{"conditionType": "if", "condition": {"x": 1}}', "not-an-alert"),
    "a diagnostic record": (b'{"records": [{"time": "t", "category": "Audit"}]}', "not-an-alert"),
    "hostile nesting": (b"[" * 100_000, "too-deep"),
    "hostile objects": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "too-deep"),
    "too much": (b" " * (MAX_BYTES + 1), "too-large"),
}


@pytest.mark.parametrize("given", NONE)
def test_what_is_no_alert_says_why(given: str) -> None:
    body, code = NONE[given]
    (found,) = alerts.read(body)
    assert (found.shape.name, found.shape.code) == ("none", code)
    assert found.shape.reason
    assert alerts.parse(found.document, found.shape) is None


@pytest.mark.parametrize("name", names())
def test_every_sample_is_an_alert(name: str) -> None:
    (found,) = alerts.read(raw(name))
    assert found.shape.name == ("legacy" if name.startswith("legacy") else "common")


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("legacy-metric-fired", "AzureMonitorMetricAlert"),
        ("legacy-activity-administrative-fired", "Microsoft.Insights/activityLogs"),
        ("legacy-log-application-insights-fired", "Microsoft.Insights/LogAlert"),
        ("legacy-log-fired", "Microsoft.Insights/LogAlert"),
        ("legacy-classic-metric-fired", "Microsoft.Insights/alertRules"),
        ("legacy-autoscale-fired", "Microsoft.Insights/autoscaleSettings"),
        ("legacy-budget-fired", "AIP Budget Notification"),
        ("legacy-smart-detector-fired", "SmartAlert"),
    ],
)
def test_a_legacy_schema_is_named(name: str, schema: str) -> None:
    assert alerts.shape_of(document(name)) == alerts.Shape("legacy", schema)


def test_a_schema_that_nobody_knows_is_legacy_by_its_own_name_where_its_fields_tell_of_an_alert() -> None:
    changed = document("legacy-metric-fired") | {"schemaId": "AzureMonitorMetricAlert.v3"}
    assert alerts.shape_of(changed) == alerts.Shape("legacy", "AzureMonitorMetricAlert.v3")


@pytest.mark.parametrize(
    "given",
    [
        COMMON,
        COMMON | {"data": None},
        COMMON | {"data": {}},
        COMMON | {"data": {"essentials": {}}},
        {"schemaId": "AZUREMONITORCOMMONALERTSCHEMA", "data": []},
        {"data": document("metric-static-fired")["data"]},
        document("metric-static-fired")["data"],
        {"alertContext": document("log-v1-results-fired")["data"]["alertContext"]},
        *(
            document(name)["data"]["alertContext"]
            for name in ("metric-static-fired", "log-v2-fired", "log-v1-results-fired", "budget-actual-fired")
        ),
        *(
            document(name)["data"]["alertContext"]
            for name in ("prometheus-fired", "activity-policy-fired", "service-health-active", "backup-fired")
        ),
        {"SchemaID": None, "Data": {"Essentials": {"AlertID": "x"}}},
        document("metric-static-fired") | {"data": json.dumps(document("metric-static-fired")["data"])},
    ],
    ids=str,
)
def test_what_is_left_of_a_common_alert_is_still_one(given: Any) -> None:
    assert alerts.shape_of(given).name == "common"
    alert = alerts.parse(given)
    assert alert is not None
    assert len(alert.delivery_key) == 64
    assert alert.summary


def test_a_context_alone_is_read_as_the_kind_it_is_of() -> None:
    whole = document("log-v1-results-fired")
    alert, expected = alerts.parse(whole["data"]["alertContext"]), alerts.parse(whole)
    assert alert is not None
    assert expected is not None
    assert (alert.kind, alert.service) == ("log-v1", "Application Insights")
    assert alert.metrics == expected.metrics
    assert [one.field for one in alert.unplaced] == ["data", "data.essentials"]


def one() -> dict[str, Any]:
    return document("metric-static-fired")


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (one(), 1),
        ([one()], 1),
        ([one(), document("legacy-log-fired")], 2),
        ({"records": [one(), document("budget-actual-fired")]}, 2),
        ([{"records": [one()]}, [one()]], 2),
        (json.dumps(one()), 1),
        ([json.dumps(one()), json.dumps(one())], 2),
        ({"WebhookName": "w", "RequestBody": json.dumps(one()), "RequestHeader": {}}, 1),
        ({"WebhookName": "w", "RequestBody": one()}, 1),
        ([{"id": "1", "eventType": "alert", "data": one()}], 1),
        ({"specversion": "1.0", "data": json.dumps(document("legacy-metric-fired"))}, 1),
        ({"statusCode": 200, "headers": {}, "body": one()}, 1),
    ],
    ids=[
        *("object", "array", "array of two", "records", "mixed", "text", "texts"),
        *("runbook webhook", "runbook webhook, object"),
        *("event", "event of a text", "output of a workflow"),
    ],
)
def test_alerts_are_unwrapped(given: Any, count: int) -> None:
    found = alerts.read(json.dumps(given).encode())
    assert [body.shape.is_alert for body in found] == [True] * count


def test_one_that_is_none_does_not_spoil_the_others() -> None:
    found = alerts.read(json.dumps([one(), {"no": "alert"}, None, one()]).encode())
    assert [body.shape.is_alert for body in found] == [True, False, False, True]


@pytest.mark.parametrize(
    "encoded",
    [
        b"\xef\xbb\xbf" + raw("metric-static-fired"),
        raw("metric-static-fired").decode().encode("utf-16"),
        raw("metric-static-fired").replace(b"scale the server", b"scale \xff\xfe the server"),
        raw("metric-static-fired").replace(b"scale the server", b"half \\ud800 pair"),
        raw("metric-static-fired").replace(b"scale the server", b"raw\ttab"),
        raw("metric-static-fired").replace(b"93.4", b"NaN"),
        raw("metric-static-fired").replace(b"93.4", b"1e999"),
        raw("metric-static-fired").replace(b"93.4", b"9" * 5000),
    ],
    ids=["BOM", "UTF-16", "broken UTF-8", "half a pair", "control character", "NaN", "infinite", "endless"],
)
def test_odd_encodings_are_taken(encoded: bytes) -> None:
    (body,) = alerts.read(encoded)
    alert = alerts.parse(body.document, body.shape)
    assert alert is not None
    assert alert.rule == "vd-postgres-cpu"
    json.dumps(alert.custom_properties, ensure_ascii=False).encode()


def test_nesting_up_to_the_limit_is_read() -> None:
    deep = one()
    deep["data"]["essentials"]["description"] = json.loads("[" * (MAX_DEPTH - 3) + "]" * (MAX_DEPTH - 3))
    (body,) = alerts.read(json.dumps(deep).encode())
    assert body.shape.name == "common"


def test_of_a_body_with_too_many_the_first_count_and_the_rest_is_told() -> None:
    small = [{"data": {"essentials": {"alertId": str(number)}}} for number in range(MAX_ALERTS + 1)]
    found = alerts.read(json.dumps(small).encode())
    assert len(found) == MAX_ALERTS + 1
    assert all(body.shape.is_alert for body in found[:-1])
    assert (found[-1].shape.code, found[-1].document) == ("too-many", None)
    assert all(body.shape.is_alert for body in alerts.read(json.dumps(small[:-1]).encode()))


def test_a_schema_that_nobody_knows_is_told_without_what_a_terminal_obeys() -> None:
    (body,) = alerts.read(json.dumps({"schemaId": "a\x1b[2Jb", "context": {"activityLog": {}}}).encode())
    assert (body.shape.name, body.shape.schema) == ("legacy", "a [2Jb")
