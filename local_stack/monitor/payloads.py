"""Reads from a fired payload what Azure Monitor itself knows of the alert; shows it as Alerts Management does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from local_stack.core.arm_ids import name_of, resource_group_of
from local_stack.logs.times import format_time, parse_time
from local_stack.monitor.instances import Instance, Telling

ALERTS = "Microsoft.AlertsManagement/alerts"
_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc).timestamp()
_ALERT_ID = re.compile(
    r"/subscriptions/([0-9a-f-]{36})(?:/.+)?/providers/microsoft\.alertsmanagement/alerts/[^/]+",
    re.IGNORECASE,
)


def tellings(document: Any, now: datetime) -> Iterator[Telling]:
    """Yield what a payload tells of alerts that have an instance: an object, an array, or {"records": […]}.

    Alerts of other services (Cost Management's budgets, an action group's own test) have none.
    """
    if isinstance(document, dict) and isinstance(document.get("records"), list):
        document = document["records"]
    for each in document if isinstance(document, list) else [document]:
        told = _telling(each, now)
        if told:
            yield told


def shown(instance: Instance, lag: float) -> dict[str, Any]:
    """Return an instance as the list shows it. `lag`: how much later than the payload's Azure's own times are."""
    essentials = dict(instance.essentials)
    essentials["monitorCondition"] = "Fired" if instance.resolved is None else "Resolved"
    essentials["startDateTime"] = _time(instance.started + lag)
    essentials["lastModifiedDateTime"] = _time(instance.changed)
    if instance.resolved is not None:
        essentials["monitorConditionResolvedDateTime"] = _time(instance.resolved + lag)
    return {
        "id": listed_id(instance),
        "name": name_of(essentials["alertRule"]),
        "type": ALERTS,
        "properties": {"essentials": essentials},
    }


def listed_id(instance: Instance) -> str:
    """Return the id as lists give it: an extension of the alert's target, where it has one."""
    target = str(instance.essentials["targetResource"])
    place = target if target.startswith("/subscriptions/") else f"/subscriptions/{instance.subscription}"
    return f"{place}/providers/{ALERTS}/{name_of(instance.id)}"


def _telling(document: Any, now: datetime) -> Telling | None:
    data = document.get("data") if isinstance(document, dict) else None
    essentials = data.get("essentials") if isinstance(data, dict) else None
    if not isinstance(essentials, dict):
        return None
    found = _ALERT_ID.fullmatch(str(essentials.get("alertId")))
    if not found:
        return None
    fired = _moment(essentials.get("firedDateTime"))
    resolved = str(essentials.get("monitorCondition")).lower() == "resolved"
    ended = _moment(essentials.get("resolvedDateTime")) or now.timestamp() if resolved else None
    return Telling(
        str(essentials["alertId"]).lower(),
        found[1].lower(),
        min(filter(None, (fired, ended)), default=now.timestamp()),
        ended,
        _essentials(essentials),
    )


def _essentials(given: dict[str, Any]) -> dict[str, Any]:
    targets = given.get("alertTargetIDs")
    target = str(targets[0]) if isinstance(targets, list) and targets else ""
    kind = target.rsplit("/providers/", 1)[-1].split("/") if "/providers/" in target else []
    return {
        "severity": given.get("severity"),
        "signalType": given.get("signalType"),
        "alertState": "New",
        "monitorService": str(given.get("monitoringService") or "").replace(
            "Activity Log - ", "ActivityLog "
        ),
        "targetResource": target,
        "targetResourceName": name_of(target),
        "targetResourceGroup": name_of(resource_group_of(target)),
        "targetResourceType": "/".join([kind[0], *kind[1::2]]) if len(kind) > 1 else "",
        "sourceCreatedId": given.get("originAlertId"),
        "smartGroupId": "",
        "smartGroupingReason": "",
        "alertRule": str(
            given.get("alertRuleID") or given.get("alertRuleId") or given.get("alertRule") or ""
        ),
        "lastModifiedUserName": "System",
        "actionStatus": {"isSuppressed": False},
        "description": given.get("description"),
    }


def _moment(text: Any) -> float | None:
    found = parse_time(text) if isinstance(text, str) else None
    return found.timestamp() if found else None


def _time(seconds: float) -> str:
    return format_time(datetime.fromtimestamp(min(seconds, _LATEST), timezone.utc))
