"""Payloads that Azure Monitor sent, read in place: each understood, with the fields that matter asserted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import peers
from vibedata import alerts
from vibedata.alerts import Alert, explaining


@pytest.fixture(scope="module")
def folder() -> Path:
    return peers.alert_payloads()


def understood(folder: Path, name: str) -> Alert:
    path = folder / f"{name}.json"
    if not path.is_file():
        peers.absent(f"no {path}")
    (body,) = alerts.read(path.read_bytes())
    alert = alerts.parse(body.document, body.shape)
    assert alert is not None
    return alert


# file: kind, service, condition, severity, rule, firedAt, resolvedAt, number of targets
GIVEN: dict[str, tuple[Any, ...]] = {
    "01-metric-static-fired": (
        *("metric", "Platform", "Fired", "Sev3", "test-metricAlertRule"),
        *("2022-11-07T12:13:31.365000+00:00", None, 1),
    ),
    "04-metric-resolved": (
        *("metric", "Platform", "Resolved", "Sev3", "WCUS-R2-Gen2"),
        *("2019-03-22T13:58:24.371321+00:00", "2019-03-22T14:03:16.224631+00:00", 1),
    ),
    "05-log-alerts-v2-fired": (
        *("log", "Log Alerts V2", "Fired", "Sev3", "test-logAlertRule-v2"),
        *("2022-11-23T16:21:24.565000+00:00", None, 1),
    ),
    "07-activitylog-administrative-fired": (
        *("activity-administrative", "Activity Log - Administrative", "Fired", "Sev4"),
        *("test-activityLogAlertRule", "2022-11-07T12:01:33.048000+00:00", None, 1),
    ),
    "08-resource-health-fired": (
        *("resource-health", "Resource Health", "Fired", "Sev4", "test-ResourceHealthAlertRule"),
        *("2022-11-07T14:33:10.068000+00:00", None, 1),
    ),
    "09-service-health-test-fired": (
        *("service-health", "ServiceHealth", "Resolved", "Sev4", "test-ServiceHealthAlertRule"),
        *("2022-11-07T13:13:05.521000+00:00", "2022-11-07T13:13:05.521000+00:00", 1),
    ),
    "10-smart-detector-fired": (
        *("smart-detector", "SmartDetector", "Fired", "Sev3", "test-SmartAlertRule"),
        *("2021-10-28T19:09:09.111508+00:00", None, 1),
    ),
    "11-budget-actual-nulls": (
        *("budget", "CostAlerts", "Fired", None, "Test_actual_cost_budget"),
        *("2025-04-15T17:53:32.996000+00:00", None, 0),
    ),
    "17-metric-multiresource-fired-2024": (
        *("metric", "Platform", "Fired", "Sev3", "default"),
        *("2024-06-25T03:01:54.764734+00:00", None, 1),
    ),
    "25-synthetic-hybrid-platform-logquery-resolved": (
        *("log", "Platform", "Resolved", "Sev3", "WCUS-R2-Gen2"),
        *("2019-03-22T13:58:24.371321+00:00", "2019-03-22T14:03:16.224631+00:00", 1),
    ),
}

# file: name, operator, threshold, value, dimensions of its first metric
MEASURED: dict[str, tuple[Any, ...]] = {
    "01-metric-static-fired": ("Transactions", "GreaterThan", 0, 100, {"ApiName": "GetBlob"}),
    "04-metric-resolved": (
        *("Percentage CPU", "GreaterThan", 25, 7.727),
        {"ResourceId": "a0a0a0a0-bbbb-cccc-dddd-e1e1e1e1e1e1"},
    ),
    "05-log-alerts-v2-fired": ("Count", "GreaterThan", 0, 3.0, {"Computer": "test-computer"}),
    "10-smart-detector-fired": ("Dependency Performance Degradation Detector", "", None, 0.45, {}),
    "11-budget-actual-nulls": ("Test_actual_cost_budget", "GreaterThan", 25.0, 11111.0, {}),
    "17-metric-multiresource-fired-2024": ("Available Memory Bytes", "GreaterThan", 0, 480142950.4, {}),
    "25-synthetic-hybrid-platform-logquery-resolved": (
        *("CounterValue", "LessThan", 1, 0.0),
        {"Computer": "TestComputer"},
    ),
}


@pytest.mark.parametrize("name", GIVEN)
def test_a_payload_is_understood(folder: Path, name: str) -> None:
    alert = understood(folder, name)
    told = explaining.normalised(alert)
    assert (
        alert.kind,
        told["service"],
        told["condition"],
        told["severity"],
        told["rule"],
        told["firedAt"],
        told["resolvedAt"],
        len(told["targets"]),
    ) == GIVEN[name]


@pytest.mark.parametrize("name", MEASURED)
def test_what_a_payload_measured(folder: Path, name: str) -> None:
    first = understood(folder, name).metrics[0]
    told = (first.name, first.operator, first.threshold, first.value, dict(first.dimensions))
    assert told == MEASURED[name]


def test_every_payload_is_an_alert_wholly_placed(folder: Path) -> None:
    """Whatever is put into the folder: an alert, with a key, and no reader that failed."""
    for path in sorted(folder.glob("*.json")):
        for body in alerts.read(path.read_bytes()):
            alert = alerts.parse(body.document, body.shape)
            assert alert is not None, path
            assert len(alert.delivery_key) == 64, path
            if path.stem in GIVEN:
                assert alert.unplaced == (), path


def test_targets_are_as_received_and_compare_in_any_case(folder: Path) -> None:
    alert = understood(folder, "01-metric-static-fired")
    given = json.loads((folder / "01-metric-static-fired.json").read_bytes())
    assert list(alert.targets) == given["data"]["essentials"]["alertTargetIDs"]
    assert explaining.normalised(alert)["targets"] == [alert.targets[0].lower()]


def test_test_actions_share_an_alert_id_and_no_delivery_key(folder: Path) -> None:
    """The portal's test actions come with the same alertId whatever the kind."""
    tests = [understood(folder, name) for name in ("01-metric-static-fired", "05-log-alerts-v2-fired")]
    tests += [understood(folder, name) for name in ("08-resource-health-fired", "10-smart-detector-fired")]
    assert len({alert.incident_key for alert in tests}) == 1
    assert len({alert.delivery_key for alert in tests}) == len(tests)


def test_a_budget_names_its_scope(folder: Path) -> None:
    alert = understood(folder, "11-budget-actual-nulls")
    assert alert.resources[0].key == "/subscriptions/aaaa0a0a-bb1b-cc2c-dd3d-eeeeee4e4e4e"
    assert (alert.metrics[0].unit, alert.metrics[0].received) == ("USD", "$11,111.00")


def test_resource_health_is_as_grave_as_its_cause(folder: Path) -> None:
    assert (
        understood(folder, "08-resource-health-fired").operations_severity == "Information"
    )  # UserInitiated
