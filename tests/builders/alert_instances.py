"""Alert instances as Alerts Management lists them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from vibedata import alerts
from vibedata.alerts.incident import Incident, begun, facts_of, merge, step_of

SUBSCRIPTION = "/subscriptions/5c0f1a52-7d5e-4c58-9b0e-2f6a1d0c8e11"
TARGET = f"{SUBSCRIPTION}/resourceGroups/rg-vibedata/providers/Microsoft.Web/sites/app-web-x7k2"
RULE = f"{SUBSCRIPTION}/resourceGroups/rg-vibedata/providers/microsoft.insights/metricAlerts/vd-web-5xx"


def alert_id(name: str) -> str:
    """Return an alert's id as deliveries give it."""
    return f"{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts/{name}"


def listed(name: str, at: datetime, **changes: Any) -> dict[str, Any]:
    """Return an item of the list: fired at `at`; `resolved_at` makes it resolved, `changed_at` later changed."""
    resolved = changes.pop("resolved_at", None)
    changed = changes.pop("changed_at", resolved or at)
    essentials: dict[str, Any] = {
        "severity": "Sev2",
        "signalType": "Metric",
        "alertState": "New",
        "monitorCondition": "Resolved" if resolved else "Fired",
        "monitorService": "Platform",
        "targetResource": TARGET,
        "targetResourceName": "app-web-x7k2",
        "sourceCreatedId": f"origin-{name}",
        "alertRule": RULE,
        "startDateTime": at.isoformat(),
        "lastModifiedDateTime": changed.isoformat(),
        "monitorConditionResolvedDateTime": resolved.isoformat() if resolved else "",
        "description": "5xx above 10",
        **changes,
    }
    return {
        "id": f"{TARGET}/providers/Microsoft.AlertsManagement/alerts/{name}",
        "name": "vd-web-5xx",
        "type": "Microsoft.AlertsManagement/alerts",
        "properties": {"essentials": essentials},
    }


def delivered(name: str, at: datetime, resolved_at: datetime | None = None) -> dict[str, Any]:
    """Return the delivery of the same: its times are a little off the list's."""
    essentials = {
        "alertId": alert_id(name),
        "alertRule": "vd-web-5xx",
        "severity": "Sev2",
        "signalType": "Metric",
        "monitorCondition": "Resolved" if resolved_at else "Fired",
        "monitoringService": "Platform",
        "alertTargetIDs": [TARGET.lower()],
        "firedDateTime": (at - timedelta(seconds=2)).isoformat(),
    }
    if resolved_at:
        essentials["resolvedDateTime"] = (resolved_at - timedelta(seconds=2)).isoformat()
    context = {"conditionType": "SingleResourceMultipleMetricCriteria", "condition": {"allOf": []}}
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {"essentials": essentials, "alertContext": context},
    }


def put_into(known: Incident | None, document: Any, received_at: datetime, **changes: Any) -> Incident:
    """Return an incident with a delivery in it, or a new one; `reconciled`: it is none, but a listing's."""
    alert = alerts.parse(document)
    assert alert
    key, reconciled = alert.delivery_key, bool(changes.pop("reconciled", False))
    step = step_of(alert, key, alerts.event_id(key), received_at, reconciled=reconciled)
    facts = facts_of(alert, changes.pop("component", "web"))
    return merge(known, step, facts) if known else begun(alert.incident_key, step, facts)
