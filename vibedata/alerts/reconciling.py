"""What Azure keeps of each alert, and which of it never reached us.

Alerts Management has no common-schema body and times of its own, so nothing here goes by a delivery's key: an event is
known when the incident of its alertId has one of the same condition at nearly that time. An instance that is Resolved
tells of two events, for it has fired before; after an outage both may be missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from vibedata.alerts import times
from vibedata.alerts.incident import MAX_STEPS, Incident, is_known
from vibedata.alerts.keys import delivery_key, of_subscription
from vibedata.alerts.message import Message
from vibedata.alerts.model import COMMON_SCHEMA, MAX_ID_CHARS, MAX_NAME_CHARS, MAX_TEXT_CHARS
from vibedata.alerts.shapes import shape_of
from vibedata.alerts.values import clean, fold, mapping

WATERMARK = "alert-instances"
KEPT = timedelta(days=30)  # by Azure
FIRST_LOOK_BACK = timedelta(days=1)  # without a watermark: nobody has reconciled here before
OVERLAP = timedelta(hours=1)  # a change may be listed late; looking again costs one read for each instance
GRACE = timedelta(minutes=10)  # the delivery itself may be on its way: retries of the group, hub, queue

REPEATED = ("condition", "rule", "severity", "signal", "service", "target", "target_name", "description")


@dataclass(frozen=True, slots=True)
class AlertInstance:
    """An alert as Azure keeps it: its state now, and when it came to be so. Times are UTC."""

    listed_id: str
    condition: str
    changed_at: datetime
    started_at: datetime
    resolved_at: datetime | None = None
    rule: str = ""
    severity: str = ""
    signal: str = ""
    service: str = ""
    target: str = ""
    target_name: str = ""
    source_id: str = ""
    description: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the incident that it may be known under."""
        return tuple(dict.fromkeys((self.alert_id.lower(), self.listed_id.lower())))

    @property
    def alert_id(self) -> str:
        """The id as deliveries give it: of the subscription, where a listing gives that of the alert's target."""
        return of_subscription(self.listed_id)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that an instance tells of: a delivery should have told of it too."""

    instance: AlertInstance
    condition: Literal["Fired", "Resolved"]
    at: datetime


def instance_of(listed: Any) -> AlertInstance | None:
    """Return the instance of an item of the list; None for one that has no id, no time or no condition."""
    item = mapping(listed)
    essentials = mapping(mapping(item.get("properties")).get("essentials"))
    started, changed = (times.parse(essentials.get(n)) for n in ("startDateTime", "lastModifiedDateTime"))
    listed_id, moment = _text(item, "id", MAX_ID_CHARS), started or changed
    condition = _text(essentials, "monitorCondition").capitalize()
    if not listed_id or moment is None or condition not in ("Fired", "Resolved"):
        return None
    return AlertInstance(
        listed_id=listed_id,
        condition=condition,
        started_at=moment,
        changed_at=changed or moment,
        resolved_at=times.parse(essentials.get("monitorConditionResolvedDateTime")),
        rule=_text(essentials, "alertRule", MAX_ID_CHARS),
        severity=_text(essentials, "severity"),
        signal=_text(essentials, "signalType"),
        service=_text(essentials, "monitorService"),
        target=_text(essentials, "targetResource", MAX_ID_CHARS),
        target_name=_text(essentials, "targetResourceName"),
        source_id=_text(essentials, "sourceCreatedId", MAX_ID_CHARS),
        description=_text(essentials, "description", MAX_TEXT_CHARS),
    )


def sharing(instance: AlertInstance, texts: dict[str, str]) -> AlertInstance:
    """Return the instance with the texts of earlier ones where they are the same: 25,000 take half the memory."""
    values = ((name, getattr(instance, name)) for name in REPEATED)
    known: dict[str, Any] = {name: texts.setdefault(value, value) for name, value in values}
    return replace(instance, **known)


def events(instance: AlertInstance) -> Iterator[Event]:
    """Yield what an instance tells of: that it fired, and that it was resolved, if it was."""
    yield Event(instance, "Fired", instance.started_at)
    if instance.condition == "Resolved":
        yield Event(instance, "Resolved", instance.resolved_at or instance.changed_at)


def is_missing(event: Event, incident: Incident | None) -> bool:
    """Say whether no delivery has told of an event, as far as the incident of its alertId knows.

    An event of the activity log is an alert of its own, and its delivery may say that it ends what another began: any
    delivery of it is the one. A delivery of a Resolved one that has lost its time bears the time of the start.
    """
    if incident is None or not incident.steps:
        return True
    instance = event.instance
    if fold(instance.signal) == "activitylog":
        return False
    if is_known(incident, event.condition, event.at):
        return False
    if event.condition == "Resolved" and is_known(incident, "Resolved", instance.started_at):
        return False
    return not (
        len(incident.steps) >= MAX_STEPS and event.at < incident.steps[0].at
    )  # older ones are forgotten


def is_due(event: Event, now: datetime) -> bool:
    """Say whether its delivery should have arrived by now."""
    return min(event.at, event.instance.changed_at) <= horizon(now)


def horizon(now: datetime) -> datetime:
    """Return the moment up to which everything should have arrived."""
    return now - GRACE


def look_from(watermark: datetime | None, now: datetime) -> datetime:
    """Return from which change on to look: before the watermark, and never before what Azure keeps."""
    start = now - FIRST_LOOK_BACK if watermark is None else min(watermark, now) - OVERLAP
    return max(start, now - KEPT)


def go_on_from(watermark: datetime | None, now: datetime) -> datetime:
    """Return from which change on to look where there are too many: no overlap, so that each run comes further."""
    return look_from(watermark, now) if watermark is None else max(min(watermark, now), now - KEPT)


def gap(watermark: datetime | None, now: datetime) -> timedelta:
    """Return how much time can no longer be looked at: nobody reconciled for longer than Azure keeps alerts."""
    return max(now - KEPT - watermark, timedelta()) if watermark else timedelta()


def message(event: Event, now: datetime) -> Message:
    """Return the message that stands for a delivery which did not arrive; the same event gives the same key.

    It is never the key of the delivery itself, whose times may be just these: that one may still come, and tells more.
    """
    told = document(event)
    body = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
    key = hashlib.sha256(f"reconciled|{delivery_key(told, shape_of(told))}".encode()).hexdigest()
    return Message(key, "reconciled", now, body)


def document(event: Event) -> dict[str, Any]:
    """Return an event as an alert of the common schema: what the instance tells, and nothing that it does not."""
    instance = event.instance
    essentials: dict[str, Any] = {
        "alertId": instance.alert_id,
        "alertRule": rule_name(instance.rule),
        "severity": instance.severity or None,
        "signalType": instance.signal or None,
        "monitorCondition": event.condition,
        "monitoringService": instance.service or None,
        "alertTargetIDs": [instance.target] if instance.target else [],
        "configurationItems": [instance.target_name] if instance.target_name else [],
        "originAlertId": instance.source_id or None,
        "firedDateTime": _iso(instance.started_at),
        "description": instance.description,
    }
    if instance.rule.startswith("/"):
        essentials["alertRuleID"] = instance.rule
    if event.condition == "Resolved":
        essentials["resolvedDateTime"] = _iso(event.at)
    return {"schemaId": COMMON_SCHEMA, "data": {"essentials": essentials, "alertContext": {}}}


def rule_name(rule: str) -> str:
    """Return a rule's name: a listing gives its resource id, a delivery its name."""
    return rule.rstrip("/").rsplit("/", 1)[-1] if rule.startswith("/") else rule


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _text(fields: Mapping[str, Any], name: str, limit: int = MAX_NAME_CHARS) -> str:
    value = fields.get(name)
    return clean(value, limit) if isinstance(value, str) else ""
