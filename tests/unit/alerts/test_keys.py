"""Which delivery is the same, which incident, which cause, which trouble again."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

import pytest

from tests.unit.alerts.samples import document, names, parsed
from vibedata import alerts
from vibedata.alerts import keys
from vibedata.envelope import NAMESPACE


def by_hand(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def essentials(changed: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = changed["data"]["essentials"]
    return found


def test_a_delivery_key_is_made_of_id_condition_time_and_event() -> None:
    given = document("activity-administrative-fired")["data"]
    told = given["essentials"]
    assert parsed("activity-administrative-fired").delivery_key == by_hand(
        told["alertId"].lower(),
        "Fired",
        told["firedDateTime"],
        given["alertContext"]["eventDataId"],
    )


def test_of_a_resolved_alert_the_time_is_when_it_resolved() -> None:
    told = essentials(document("metric-static-resolved"))
    key = by_hand(told["alertId"].lower(), "Resolved", told["resolvedDateTime"], "")
    assert parsed("metric-static-resolved").delivery_key == key


def test_the_same_delivery_has_the_same_key_whatever_the_order_and_the_case_of_its_id() -> None:
    changed = document("metric-static-fired")
    essentials(changed)["alertId"] = essentials(changed)["alertId"].upper()
    reordered = json.loads(json.dumps(changed, sort_keys=True))
    assert parsed(reordered).delivery_key == parsed("metric-static-fired").delivery_key


def test_fired_and_resolved_are_two_deliveries_of_one_incident() -> None:
    fired, resolved = parsed("metric-static-fired"), parsed("metric-static-resolved")
    assert fired.delivery_key != resolved.delivery_key
    assert fired.incident_key == resolved.incident_key == fired.alert_id.lower()
    assert fired.correlation_key == resolved.correlation_key
    assert fired.fingerprint == resolved.fingerprint


@pytest.mark.parametrize("field", ["monitorCondition", "firedDateTime", "alertId"])
def test_what_makes_another_delivery(field: str) -> None:
    changed = document("metric-static-fired")
    essentials(changed)[field] = "2026-09-14T09:00:00Z"
    assert parsed(changed).delivery_key != parsed("metric-static-fired").delivery_key


def test_another_event_of_the_activity_log_is_another_delivery() -> None:
    changed = document("activity-administrative-fired")
    changed["data"]["alertContext"]["eventDataId"] = "another"
    assert parsed(changed).delivery_key != parsed("activity-administrative-fired").delivery_key


@pytest.mark.parametrize("missing", ["alertId", "firedDateTime"])
def test_without_id_or_time_the_content_tells_deliveries_apart(missing: str) -> None:
    one, other = document("metric-static-fired"), document("metric-static-fired")
    for changed in (one, other):
        del essentials(changed)[missing]
    essentials(other)["description"] = "another"
    assert parsed(one).delivery_key != parsed(other).delivery_key
    assert parsed(one).delivery_key == parsed(json.loads(json.dumps(one, sort_keys=True))).delivery_key


def test_without_an_id_a_delivery_is_an_incident_of_its_own() -> None:
    changed = document("metric-static-fired")
    del essentials(changed)["alertId"]
    assert parsed(changed).incident_key == f"delivery:{parsed(changed).delivery_key}"


def test_a_legacy_delivery_is_its_content() -> None:
    changed = document("legacy-metric-fired")
    changed["data"]["context"]["timestamp"] = "2026-09-14T06:42:12Z"
    assert parsed(changed).delivery_key != parsed("legacy-metric-fired").delivery_key
    again = json.loads(json.dumps(document("legacy-metric-fired"), sort_keys=True))
    assert parsed(again).delivery_key == parsed("legacy-metric-fired").delivery_key


def test_the_key_needs_no_parsing() -> None:
    for name in names():
        given = document(name)
        assert alerts.delivery_key(given, alerts.shape_of(given)) == parsed(given).delivery_key


def test_no_two_samples_share_a_delivery() -> None:
    assert len({parsed(name).delivery_key for name in names()}) == len(names())


def test_an_event_id_is_uuid5_of_the_delivery_key() -> None:
    key = parsed("metric-static-fired").delivery_key
    assert alerts.event_id(key) == str(uuid.uuid5(NAMESPACE, f"alert/{key}"))


def test_of_a_metric_rule_the_cause_is_its_origin() -> None:
    given = essentials(document("metric-static-fired"))["originAlertId"]
    assert parsed("metric-static-fired").correlation_key == given.lower()


def test_what_closes_in_service_health_has_the_cause_of_what_opened() -> None:
    opened, closed = parsed("service-health-active"), parsed("service-health-resolved")
    assert opened.incident_key != closed.incident_key
    assert opened.correlation_key == closed.correlation_key


def test_what_closes_in_resource_health_has_the_cause_of_what_opened() -> None:
    opened, closed = parsed("resource-health-unavailable"), parsed("resource-health-available")
    assert opened.correlation_key == closed.correlation_key
    assert (opened.closes, closed.closes) == ("", "correlation")


def test_a_legacy_alert_without_an_id_closes_by_its_cause() -> None:
    opened, closed = parsed("legacy-metric-fired"), parsed("legacy-metric-resolved")
    assert opened.correlation_key == closed.correlation_key
    assert closed.closes == "correlation"


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("metric-static-fired", "data.essentials.description", "for 13 minutes"),
        ("metric-static-fired", "data.essentials.firedDateTime", "2026-10-01T00:00:00Z"),
        ("metric-static-fired", "data.essentials.alertId", "/another"),
        ("metric-static-fired", "data.alertContext.condition.allOf.0.metricValue", 99.1),
        ("metric-dynamic-fired", "data.alertContext.condition.allOf.0.threshold", "1300.7"),
        ("metric-static-fired", "data.alertContext.condition.windowEndTime", "2026-10-01T00:00:00Z"),
        ("log-v1-results-fired", "data.alertContext.ResultCount", 77),
        ("prometheus-fired", "data.alertContext.annotations.summary", "for 5m12s"),
        ("budget-actual-fired", "data.alertContext.AlertData.SpentAmount", "$4,999.99"),
        ("smart-detector-fired", "data.alertContext.DetectedValue", "44% of requests"),
        ("activity-administrative-fired", "data.alertContext.eventDataId", "another"),
        ("service-health-active", "data.alertContext.properties.communicationId", "12000"),
    ],
)
def test_the_same_trouble_has_the_same_fingerprint(name: str, path: str, value: Any) -> None:
    changed: Any = document(name)
    *parents, last = path.split(".")
    place = changed
    for part in parents:
        place = place[int(part)] if part.isdigit() else place[part]
    place[last] = value
    assert parsed(changed).fingerprint == parsed(name).fingerprint


def test_numbers_in_a_text_that_is_a_dimension_do_not_change_the_fingerprint() -> None:
    told = set()
    for text in ("timed out after 31 ms, 4 tries", "timed out after 900 ms, 12 tries"):
        changed = document("log-v2-fired")
        changed["data"]["alertContext"]["condition"]["allOf"][0]["dimensions"] = [
            {"name": "Message", "value": text}
        ]
        told.add(parsed(changed).fingerprint)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("PipelineRunId", "531b0498-3d4b-4fa0-b5ed-2c0a7a4075a9", "77c7e4d9-3d4b-4fa0-b5ed-2c0a7a4075a9"),
        ("TimeGenerated", "yesterday", "today"),
        ("bin", "2026-09-14T06:41:07.2Z", "2026-09-14T06:46:07.2Z"),
        ("RetryCount", "3", "4"),
        ("DurationMs", "31", "900"),
    ],
)
def test_a_dimension_of_one_run_does_not_change_the_fingerprint(name: str, first: str, second: str) -> None:
    told = set()
    for value in (first, second):
        changed = document("log-v2-fired")
        changed["data"]["alertContext"]["condition"]["allOf"][0]["dimensions"] = [
            {"name": name, "value": value},
            {"name": "PipelineName", "value": "copy"},
        ]
        told.add(parsed(changed).fingerprint)
    assert len(told) == 1


@pytest.mark.parametrize(
    "spelled",
    [
        {"ALERTID": "alertId", "monitorcondition": "monitorCondition", "FiredDateTime": "firedDateTime"},
        {"Alert Id": "alertId"},
    ],
)
def test_the_key_is_the_same_however_its_fields_are_spelled(spelled: dict[str, str]) -> None:
    changed = document("metric-static-fired")
    for name, was in spelled.items():
        essentials(changed)[name] = essentials(changed).pop(was)
    assert parsed(changed).delivery_key == parsed("metric-static-fired").delivery_key


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("essentials.alertTargetIDs", ["/subscriptions/s/resourceGroups/g/providers/a/b/other"]),
        ("essentials.alertRuleID", "/another"),
    ],
)
def test_other_trouble_has_another_fingerprint(path: str, value: Any) -> None:
    changed = document("metric-static-fired")
    part, name = path.split(".")
    changed["data"][part][name] = value
    assert parsed(changed).fingerprint != parsed("metric-static-fired").fingerprint


def test_another_time_series_is_other_trouble() -> None:
    changed = document("metric-custom-fired")
    changed["data"]["alertContext"]["condition"]["allOf"][0]["dimensions"][1]["value"] = 4
    assert parsed(changed).fingerprint != parsed("metric-custom-fired").fingerprint


@pytest.mark.parametrize("alert_id", ["Rule:vd-web", "cause:0f", "delivery:0f", "alert:rule:vd-web"])
def test_no_alert_id_is_the_key_of_something_else(alert_id: str) -> None:
    assert keys.incident_key(alert_id, "0" * 64) == f"alert:{alert_id.lower()}"


def test_an_incident_is_the_same_whether_its_alert_is_named_of_the_target_or_of_the_subscription() -> None:
    name = "providers/Microsoft.AlertsManagement/alerts/0a1b"
    told, listed = (
        f"/subscriptions/5C0F/{name}",
        f"/subscriptions/5c0f/resourceGroups/rg/providers/M.W/sites/a/{name}",
    )
    assert keys.incident_key(told, "") == keys.incident_key(listed, "") == told.lower()
