"""What only carries alerts is taken off; what carries none is told of as it is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.unit.alerts.samples import document, parsed
from vibedata import alerts

METRIC = document("metric-static-fired")
LEGACY = document("legacy-metric-fired")


def in_base64(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


CARRIED: dict[str, Any] = {
    "data in data": METRIC | {"data": {"data": METRIC["data"]}},
    "the same, under an older schema's name": {"schemaId": "Microsoft.Insights/LogAlert", "data": METRIC},
    "an alert as the data of an alert": METRIC | {"data": METRIC},
    "data as a text": METRIC | {"data": json.dumps(METRIC["data"])},
    "an answer of the list of alerts": {"value": [METRIC], "nextLink": "https://management.azure.com/next"},
    "an answer of Resource Graph": {"count": 1, "data": [METRIC], "facets": []},
    "a workflow's trigger": {"name": "manual", "outputs": {"headers": {"Host": "h"}, "body": METRIC}},
    "a workflow's binary body": {"$content-type": "application/json", "$content": in_base64(METRIC)},
    "a CloudEvent with binary data": {"specversion": "1.0", "id": "1", "data_base64": in_base64(METRIC)},
    "a message of Service Bus": {"body": {"ContentData": in_base64(METRIC), "MessageId": "1"}},
    "a text in a text": json.dumps(json.dumps(METRIC)),
    "a text with a byte order mark": "\ufeff" + json.dumps(METRIC),
}


@pytest.mark.parametrize("carrier", CARRIED)
def test_an_alert_is_understood_as_if_it_came_alone(carrier: str) -> None:
    (body,) = alerts.read(json.dumps(CARRIED[carrier]).encode())
    found = alerts.parse(body.document, body.shape)
    alone = parsed(METRIC)
    assert found is not None
    assert (found.kind, found.rule, found.metrics, found.delivery_key, found.unplaced) == (
        *(alone.kind, alone.rule, alone.metrics, alone.delivery_key, alone.unplaced),
    )


def test_a_legacy_alert_in_data_twice_is_understood() -> None:
    (body,) = alerts.read(json.dumps({**LEGACY, "data": {"data": LEGACY["data"]}}).encode())
    assert body.document == LEGACY
    assert alerts.parse(body.document, body.shape) == parsed(LEGACY)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_an_encoding_is_told_without_a_mark(encoding: str) -> None:
    (body,) = alerts.read(json.dumps(METRIC).encode(encoding))
    assert body.document == METRIC


@pytest.mark.parametrize("depth", range(8))
def test_what_was_taken_off_is_not_there_when_it_is_read_again(depth: int) -> None:
    given: Any = METRIC | {"data": {"data": {"data": METRIC["data"]}}}
    for _ in range(depth):
        given = {"records": [given]}
    (body,) = alerts.read(json.dumps(given).encode())
    (again,) = alerts.read(json.dumps(body.document).encode())
    assert (again.document == body.document) is body.shape.is_alert
    assert body.shape.is_alert is (depth <= 2)  # a list in an object is two


FOREIGN: dict[str, Any] = {
    "alerts of Prometheus' own manager": {
        "version": "4",
        "status": "firing",
        "alerts": [{"status": "firing", "labels": {"alertname": "X"}, "fingerprint": "a"}],
    },
    "a push to a repository": {"ref": "refs/heads/main", "commits": [{"id": "1"}], "pusher": {"name": "me"}},
    "a list of something else": {"value": [{"id": "1", "name": "x"}, {"id": "2"}]},
    "rows of something else": {"count": 2, "data": [{"id": 1}, {"id": 2}]},
    "data in data of something else": {"data": {"data": {"x": 1}}},
    "binary data of something else": {"$content-type": "text/plain", "$content": "aGVsbG8="},
    "an event of a resource": {
        "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "data": {"operationName": "Microsoft.Storage/storageAccounts/write", "status": "Succeeded"},
    },
    "an incident of Sentinel": {
        "objectSchemaType": "Incident",
        "object": {"properties": {"severity": "High", "alerts": [{"properties": {"alertDisplayName": "x"}}]}},
    },
    "an event of something else": {"status": "done", "context": {"event": "page viewed", "name": "x"}},
    "a condition that is a word": {"id": 7, "context": {"condition": "sunny", "name": "x"}},
    "an alert of Defender": {"AlertType": "VM_X", "Severity": "High", "SystemAlertId": "1", "Status": "New"},
    "a rule of alerts": {
        "type": "Microsoft.Insights/metricAlerts",
        "properties": {"severity": 3, "criteria": {"allOf": [{"metricName": "cpu_percent"}]}},
    },
}


@pytest.mark.parametrize("given", FOREIGN)
def test_what_is_no_alert_of_azure_monitor_is_one_thing_with_a_reason(given: str) -> None:
    (body,) = alerts.read(json.dumps(FOREIGN[given]).encode())
    assert body.shape.code == "not-an-alert"
    assert f"it has {next(iter(body.document))}" in body.shape.reason


def test_a_reason_shows_little_of_what_it_is_about() -> None:
    (body,) = alerts.read(json.dumps({"x\n" * 5000: 1, **{f"f{n}": n for n in range(9)}}).encode())
    assert body.shape.reason.endswith("…, f0, f1, f2, f3, …")
    assert "\n" not in body.shape.reason
    assert len(body.shape.reason) < 200


def test_essentials_alone_are_an_alert() -> None:
    essentials = METRIC["data"]["essentials"]
    alert = parsed(essentials)
    assert (alert.kind, alert.rule, alert.essentials) == ("metric", "vd-postgres-cpu", essentials)
    assert [one.field for one in alert.unplaced] == ["data"]
    assert (
        parsed(essentials | {"alertContext": METRIC["data"]["alertContext"]}).metrics
        == parsed(METRIC).metrics
    )


def test_alerts_of_others_that_share_a_few_names_are_none() -> None:
    assert not alerts.shape_of({"alertId": "1", "severity": "critical", "alertRule": "cpu"}).is_alert
    assert not alerts.shape_of(
        {"monitorCondition": "Fired", "rule": "cpu", "monitorService": "Platform"}
    ).is_alert
