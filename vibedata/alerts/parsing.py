"""From a document to an Alert, whatever Azure sent. The one table of readers, one per kind; the rest is general."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from vibedata.alerts import activity, costs, criteria, health_events, keys, kinds, legacy, logs_v1, services
from vibedata.alerts.assembling import Essence, assemble, condition_word, severity_of
from vibedata.alerts.criteria import is_resource_id, short
from vibedata.alerts.fields import Fields, Notes
from vibedata.alerts.model import (
    COMMON_SCHEMA,
    LEGACY,
    MAX_ID_CHARS,
    MAX_NAME_CHARS,
    MAX_TEXT_CHARS,
    Alert,
    Findings,
    Link,
)
from vibedata.alerts.shapes import Shape, is_context, is_essentials, shape_of
from vibedata.alerts.values import mapping

Reader = Callable[[Fields], Findings]

READERS: dict[str, Reader] = {
    "metric": criteria.read_criteria,
    "log": criteria.read_criteria,
    "log-v1": logs_v1.read_log_v1,
    "activity-administrative": activity.read_event,
    "activity-policy": activity.read_event,
    "activity-autoscale": activity.read_autoscale,
    "activity-security": activity.read_security,
    "activity-recommendation": activity.read_recommendation,
    "service-health": health_events.read_service_health,
    "resource-health": health_events.read_resource_health,
    kinds.ACTIVITY_LOG: activity.read_event,
    "prometheus": services.read_prometheus,
    "smart-detector": services.read_smart_detector,
    "budget": costs.read_budget,
    "backup": services.read_backup,
    "health-model": services.read_health_model,
}
_OF_A_LISTING = (
    *("alertState", "lastModifiedDateTime", "lastModifiedUserName", "actionStatus", "isSuppressed"),
    *("smartGroupId", "smartGroupingReason"),
)
READER_FAILED = "its reader failed; what follows from it is missing"


def parse(document: Any, shape: Shape | None = None) -> Alert | None:
    """Return the alert that a document is, None for one that is none. Never raises."""
    shape = shape or shape_of(document)
    if shape.name == LEGACY:
        return _legacy(document, shape)
    return _common(document, shape) if shape.is_alert else None


def _common(document: Any, shape: Shape) -> Alert:
    notes = Notes()
    given, told, custom = keys.parts(document)
    _note_strangers(document, notes)
    essentials = Fields(given, "data.essentials", notes)
    context = Fields(told, "data.alertContext", notes)
    if not essentials:
        notes.add("data.essentials", "absent, empty or no object")
    signal = essentials.text("signalType")
    kind, service = kinds.kind_of(essentials.text("monitoringService", "monitorService"), signal, context)
    essence = replace(
        _essence(essentials, document),
        kind=kind,
        service=service,
        signal=kinds.signal_of(kind, signal),
        delivery_key=keys.delivery_key(document, shape),
        custom_properties=_custom(custom, kind, context, notes),
    )
    return assemble(essence, found_in(READERS.get(kind, services.read_unknown), context), notes)


def found_in(reader: Reader, context: Fields) -> Findings:
    """Return what a reader finds; should one fail, nothing: the alert is more than its details."""
    try:
        return reader(context)
    except Exception as error:  # noqa: BLE001 - an alert must not be lost for a field that we misread
        context.notes.add(context.path, f"{READER_FAILED} ({type(error).__name__})", always=True)
        return Findings()


def _essence(essentials: Fields, document: Any) -> Essence:
    word = essentials.text("monitorCondition")
    if word and condition_word(word) is None:
        essentials.notes.add(f"{essentials.path}.monitorCondition", f"{word!r} is neither Fired nor Resolved")
    link = essentials.link("investigationLink")
    rule = essentials.text("alertRule", "alertRuleName", limit=MAX_ID_CHARS)
    essence = Essence(
        kind="",
        schema=COMMON_SCHEMA,
        service="",
        delivery_key="",
        alert_id=essentials.text("alertId", limit=MAX_ID_CHARS) or _listed_id(document, essentials),
        rule=short(rule)[:MAX_NAME_CHARS],
        rule_id=essentials.text("alertRuleId", limit=MAX_ID_CHARS) or (rule if is_resource_id(rule) else ""),
        origin=essentials.text("originAlertId", "sourceCreatedId", limit=MAX_ID_CHARS),
        word=word,
        severity=severity_of(essentials, "severity"),
        fired_at=essentials.time("firedDateTime", "startDateTime"),
        resolved_at=essentials.time("resolvedDateTime", "monitorConditionResolvedDateTime"),
        targets=essentials.texts("alertTargetIds", "targetResource", "targetResourceId", limit=MAX_ID_CHARS),
        configuration_items=essentials.texts("configurationItems", "targetResourceName"),
        description=essentials.text("description", limit=MAX_TEXT_CHARS),
        links=(Link("investigate", link),) if link else (),
        essentials=essentials.whole or None,
    )
    essentials.ignore("essentialsVersion", "alertContextVersion", "targetResourceType", "targetResourceGroup")
    essentials.ignore("region", "resourceGroupName", "signalType", "monitoringService", "targetResourceName")
    essentials.ignore(*_OF_A_LISTING)
    essentials.rest()
    return essence


def _listed_id(document: Any, essentials: Fields) -> str:
    """Return the id that an instance has as a resource, beside its essentials."""
    top = Fields(document, "", essentials.notes)
    is_listed = essentials and "essentials" in mapping(top.raw("properties"))
    return top.text("id", limit=MAX_ID_CHARS) if is_listed else ""


def _custom(value: Any, kind: str, context: Fields, notes: Notes) -> dict[str, str]:
    """Return the rule's custom properties; metric and log alerts had them in their context first."""
    place = Fields({"customProperties": value}, "data", notes)
    found = place.pairs("customProperties") if mapping(value) or isinstance(value, list) else {}
    if value not in (None, "", {}, []) and not found:
        notes.add("data.customProperties", "no names and texts")
    return found or (context.pairs("properties") if kind in ("metric", "log", "log-v1") else {})


def _note_strangers(document: Any, notes: Notes) -> None:
    top = Fields(document, "", notes)
    if is_context(top.whole) and not top.has("data", "essentials", "alertContext"):
        notes.add("data", "absent; all of it is an alert's context")
        return
    if is_essentials(top.whole) and not top.has("data", "essentials", "properties"):
        notes.add("data", "absent; the essentials stand at the top")
        return
    top.ignore("schemaId", "data", "essentials", "alertContext", "customProperties")
    data = Fields(top.raw("data"), "data", notes)
    data.ignore("essentials", "alertContext", "customProperties", "schemaId")
    data.rest()
    instance = Fields(mapping(top.whole.get("properties")), "properties", notes)
    if instance.has("essentials"):
        top.ignore("properties", "id", "name", "type")
        instance.ignore("essentials", "context", "alertContext", "customProperties", "egressConfig")
        instance.rest()
    elif not top.has("schemaId"):
        notes.add("schemaId", "absent; the rest tells that it is an alert of the common schema")
    top.rest()


def _legacy(document: Any, shape: Shape) -> Alert:
    notes = Notes()
    reader, place, essence = legacy.essence_of(document, shape, notes)
    essence = replace(essence, delivery_key=keys.delivery_key(document, shape))
    return assemble(essence, found_in(READERS.get(reader, legacy.read_classic), place), notes)
