"""An instance as the processor sees it: a registry of three components that depend on each other, and its tables."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.fakes.alert_processing import (
    NOW,
    Dying,
    FakeAlertRows,
    FakeDeliveries,
    FakeIncidents,
    FakeNotices,
    FakeRegistry,
)
from tests.fakes.alert_queue import FakeAlertClaims, FakeRejectedAlerts
from vibedata import alerts
from vibedata.alerts.message import Message, Origin
from vibedata.alerts.noise import Limits
from vibedata.flows import process_alert
from vibedata.flows.process_alert import Processed
from vibedata.registry import Row

GROUP = "/subscriptions/5c0f1a52-7d5e-4c58-9b0e-2f6a1d0c8e11/resourceGroups/mrg-vibedata/providers"
POSTGRES = f"{GROUP}/Microsoft.DBforPostgreSQL/flexibleServers/psql-vibedata-x7k2"
API = f"{GROUP}/Microsoft.Web/sites/app-api-x7k2"
WEB = f"{GROUP}/Microsoft.Web/sites/app-web-x7k2"
FIRED = datetime(2026, 3, 4, 5, 0, 0, tzinfo=timezone.utc)
ROWS = [
    Row("component:postgres", {"resourceId": POSTGRES, "dependsOn": []}),
    Row("component:api", {"resourceId": API, "dependsOn": ["postgres"]}),
    Row("component:web", {"resourceId": WEB, "dependsOn": ["api"]}),
]


@dataclass
class AlertWorld:
    """The fakes, and the flow over them."""

    limits: Limits = field(default_factory=Limits)
    dying: Dying = field(default_factory=Dying)
    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.claims = FakeAlertClaims()
        self.rejected = FakeRejectedAlerts()
        self.registry = FakeRegistry(list(ROWS))
        self.incidents = FakeIncidents(self.dying, lambda: self.now)
        self.deliveries = FakeDeliveries(self.dying)
        self.rows = FakeAlertRows(self.dying)
        self.notices = FakeNotices(self.dying)

    def process(self, message: Message | dict[str, Any], **changes: Any) -> Processed:
        """Process a message, or the document of an alert."""
        if not isinstance(message, Message):
            message = message_of(message, **changes)
        return process_alert.run(
            message,
            claims=self.claims,
            registry=self.registry,
            incidents=self.incidents,
            deliveries=self.deliveries,
            rows=self.rows,
            notices=self.notices,
            clock=lambda: self.now,
            instance_id="instance-1",
            limits=self.limits,
            pause=self.slept.append,
        )

    def last(self) -> dict[str, Any]:
        """The newest row of an alert."""
        return self.rows.alerts()[-1]

    def event_ids(self) -> set[str]:
        """The EventIds of alerts, folded."""
        return {row["EventId"] for row in self.rows.alerts()}


def message_of(document: Any, origin: Origin = "eventhub", received_at: datetime = NOW) -> Message:
    """Return the message that intake makes of an alert."""
    key = alerts.delivery_key(document, alerts.shape_of(document))
    return Message(key, origin, received_at, json.dumps(document).encode())


def alert(
    number: int = 1,
    condition: str = "Fired",
    *,
    minute: float = 0,
    target: str = POSTGRES,
    rule: str = "vd-postgres-cpu",
    fired_minute: float = 0,
) -> dict[str, Any]:
    """Return a metric alert; `minute` is when it fired, or was resolved after it had `fired_minute`."""
    resolved = condition == "Resolved"
    essentials = {
        "alertId": f"/subscriptions/5c0f1a52-7d5e-4c58-9b0e-2f6a1d0c8e11/providers/"
        f"Microsoft.AlertsManagement/alerts/{number:08d}-0000-4000-8000-000000000000",
        "alertRule": rule,
        "severity": "Sev1",
        "signalType": "Metric",
        "monitorCondition": condition,
        "monitoringService": "Platform",
        "alertTargetIDs": [target],
        "firedDateTime": stamp(fired_minute if resolved else minute),
        **({"resolvedDateTime": stamp(minute)} if resolved else {}),
    }
    criterion = {"metricName": "cpu", "operator": "GreaterThan", "threshold": "80", "metricValue": 93.0}
    context = {
        "conditionType": "SingleResourceMultipleMetricCriteria",
        "condition": {"windowSize": "PT5M", "allOf": [criterion]},
    }
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {"essentials": essentials, "alertContext": context},
    }


def health(number: int, status: str, *, minute: float) -> dict[str, Any]:
    """Return a resource health alert, which Azure always says has fired: each event is an alert of its own."""
    base = alert(number, minute=minute, rule="vd-health")
    base["data"]["essentials"] |= {"signalType": "Activity Log", "monitoringService": "Resource Health"}
    base["data"]["alertContext"] = {
        "eventDataId": f"event-{number}",
        "eventTimestamp": stamp(minute),
        "properties": {
            "currentHealthStatus": status,
            "previousHealthStatus": "Available" if status != "Available" else "Unavailable",
            "cause": "PlatformInitiated",
        },
    }
    return base


def reconciled(message: Message) -> Message:
    """Return a message as reconciliation enqueues it."""
    return replace(message, origin="reconciled")


def stamp(minute: float) -> str:
    """Return a time so many minutes after the first one."""
    return (FIRED + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")
