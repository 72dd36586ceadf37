"""The rows of `VibeData_Operations_CL` that an alert gives: its own, its notice's, and a limited rule's.

Everything about one incident shares an OperationId. The EventId of a delivery's row follows from its key, so a
message that is processed again writes the same row again, and every reader folds the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from vibedata import operations
from vibedata.alerts.concern import Concern
from vibedata.alerts.incident import Incident, operation_id
from vibedata.alerts.message import Message
from vibedata.alerts.model import LEGACY, Alert
from vibedata.alerts.noise import Limited, Notice, Verdict

VERB = "process_alert"
CATEGORY = "Alert"
MAX_UNPLACED = 10


@dataclass(frozen=True)
class Told:
    """What was made of a delivery: everything that its row says beside the alert itself."""

    message: Message
    concern: Concern
    incident: Incident
    verdict: Verdict
    event_id: str
    at: datetime


def alert_row(alert: Alert, told: Told, instance_id: str, now: datetime) -> operations.Row:
    """Return the row of a delivery; `now` is when it is made."""
    event = operations.Event(
        name=alert.kind,
        status=alert.condition,
        at=told.at,
        component=told.concern.component or "",
        category=CATEGORY,
        severity=alert.operations_severity,
        message=alert.summary,
        details=_details(alert, told),
    )
    return _row(event, told.incident.key, told.event_id, instance_id, now)


def notice_row(
    word: Literal["open", "close"], notice: Notice, instance_id: str, now: datetime
) -> operations.Row:
    """Return the row of a notice that opens or closes."""
    event = operations.Event(
        name="notice",
        status="Opened" if word == "open" else "Closed",
        at=notice.at,
        component=notice.component,
        category=CATEGORY,
        severity=notice.severity if word == "open" else "Information",
        message=notice.summary,
        details=_full(
            {
                "incident": notice.incident,
                "rule": notice.rule,
                "deliveryKey": notice.delivery,
                "link": notice.link,
                **(_times(notice.at, None) if word == "open" else _times(None, notice.at)),
            }
        ),
    )
    return _row(event, notice.incident, notice.event_id(word), instance_id, now)


def limit_row(
    limited: Limited, count: int | None, notices: int, instance_id: str, now: datetime
) -> operations.Row:
    """Return the row that sums up a window in which a rule was limited; `count` None: it is still running."""
    span = f"{limited.start:%H:%M} and {limited.end:%H:%M} UTC"
    so_far = "further ones are suppressed" if count is None else f"{count} more were suppressed"
    event = operations.Event(
        name="limit",
        status="Limited",
        at=limited.start,
        category=CATEGORY,
        severity="Warning",
        message=f"Rule {limited.rule} had its {notices} notices between {span}; {so_far}. Every alert has its row.",
        details=_full(
            {
                "rule": limited.rule,
                "windowStart": limited.start.isoformat(),
                "windowEnd": limited.end.isoformat(),
                "notices": notices,
                "suppressed": count,
                "final": count is not None,
            }
        ),
    )
    return _row(event, f"rule:{limited.rule}", limited.event_id, instance_id, now)


def _row(
    event: operations.Event, incident: str, event_id: str, instance_id: str, now: datetime
) -> operations.Row:
    operation = operations.Operation(operation_id(incident), VERB, instance_id, actor="Azure Monitor")
    return {
        **operations.row(operation, event),
        "EventId": event_id,
        "TimeGenerated": now.isoformat(),
    }


def _details(alert: Alert, told: Told) -> dict[str, Any]:
    verdict, incident, message = told.verdict, told.incident, told.message
    closes = alert.condition == "Resolved"  # never suppressed; reconciliation may have told of it before
    return {
        "notice": verdict.word,  # these first: they stay in the preview of Details that are too large
        "suppressed": verdict.is_suppressed and not closes,
        "reconciled": message.origin == "reconciled",
        **_times(incident.opened_at, incident.closed_at),
        "incident": {"key": incident.key, "state": incident.state},
        **_full(
            {
                "suppressedWhy": verdict.why if verdict.is_suppressed and not closes else "",
                "kind": alert.kind,
                "schema": alert.schema if alert.kind == LEGACY else "",
                "alertId": alert.alert_id,
                "rule": alert.rule,
                "origin": message.origin,
                "requeued": message.requeued or None,
                "componentWhy": told.concern.why,
                "ruleId": alert.rule_id,
                "severity": alert.severity,
                "service": alert.service,
                "signal": alert.signal,
                "firedAt": _iso(alert.fired_at),
                "resolvedAt": _iso(alert.resolved_at),
                "targets": list(alert.targets),
                "configurationItems": list(alert.configuration_items),
                "metrics": [metric.as_dict() for metric in alert.metrics],
                "facts": dict(alert.details),
                "description": alert.description,
                "links": [{"name": link.name, "url": link.url} for link in alert.links],
                "customProperties": dict(alert.custom_properties),
                "unplaced": [one.as_dict() for one in alert.unplaced[:MAX_UNPLACED]],
                "candidates": list(told.concern.candidates) if not told.concern.component else [],
                "correlation": alert.correlation_key,
                "fingerprint": alert.fingerprint,
                "deliveryKey": message.delivery_key,
                "receivedAt": _iso(message.received_at),
                "putOff": message.put_off.as_dict() if message.put_off else None,
            }
        ),
    }


def _times(opened: datetime | None, closed: datetime | None) -> dict[str, Any]:
    """Return what a row knows of its incident: the latest of all its rows tell whether it is open, in any order."""
    return _full({"openedAt": _iso(opened), "closedAt": _iso(closed)})


def _full(values: dict[str, Any]) -> dict[str, Any]:
    """Return what is there: a row has no empty fields."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {}, ())}


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
