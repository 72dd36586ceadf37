"""The schemas before the common one: each still arrives where a rule or an action group never switched it on.

    AzureMonitorMetricAlert               data.context, the condition as in the common schema
    Microsoft.Insights/activityLogs       data.context.activityLog, the event as in the common schema
    Microsoft.Insights/LogAlert           data, or with no schemaId at the top: log alerts V1
    AIP Budget Notification               data: a budget
    Microsoft.Insights/alertRules         no schemaId: classic metric alerts
    Microsoft.Insights/autoscaleSettings  no schemaId: notifications of autoscale
    SmartAlert                            smart detection

Only their wrapping is read here; the reader of the kind does the rest.
"""

from __future__ import annotations

from datetime import datetime

from vibedata.alerts import kinds, quantities, shapes
from vibedata.alerts.assembling import Essence, severity_of
from vibedata.alerts.criteria import is_resource_id, measured
from vibedata.alerts.fields import Fields, Notes
from vibedata.alerts.model import LEGACY, MAX_ID_CHARS, MAX_TEXT_CHARS, Findings, Link, Metric
from vibedata.alerts.shapes import Shape

_USED = (
    *("subscriptionId", "resourceGroupName", "resourceName", "resourceType", "resourceRegion", "details"),
    *("conditionType", "condition", "properties", "oldCapacity", "newCapacity", "odata.type"),
    *("resourceProviderName", "level", "status"),
)


def essence_of(document: object, shape: Shape, notes: Notes) -> tuple[str, Fields, Essence]:
    """Return the kind whose reader reads it, the object that this one reads, and what is said of every alert."""
    top = Fields(document, "", notes)
    data = top.object("data") if top.has("data") and not top.has("context") else top
    wrapping = data.object("context") if data.has("context") else data
    kind, place = _reading(shape.schema, wrapping)
    essence = Essence(
        kind=LEGACY,
        schema=shape.schema,
        service=shape.schema,
        delivery_key="",
        rule=wrapping.text("name", "AlertRuleName", "BudgetName", "alertRule", "SmartDetectorName"),
        rule_id=wrapping.text("id", limit=MAX_ID_CHARS) if data is not wrapping else "",
        word=data.text("status") or ("Fired" if _always_fires(shape.schema) else ""),
        severity=severity_of(wrapping, "Severity"),
        signal=kinds.signal_of(kind, ""),
        fired_at=_fired(wrapping, place),
        targets=_targets(wrapping, place) or _scope(shape.schema, place),
        configuration_items=_names(wrapping),
        description=wrapping.text("description", limit=MAX_TEXT_CHARS),
        links=_links(wrapping),
        custom_properties=_custom(data, wrapping),
    )
    if place is not wrapping:
        wrapping.ignore(*_USED, "activityLog", "event")
        wrapping.rest()
    return kind, place, essence


def read_classic(context: Fields) -> Findings:
    """Read a classic metric alert, or what autoscale did."""
    condition = context.object("condition")
    before, after = context.text("oldCapacity"), context.text("newCapacity")
    metric = Metric(
        name=condition.text("metricName", "webTestName") or "capacity",
        operator=quantities.operator(condition.text("operator")),
        threshold=condition.number("threshold"),
        value=quantities.number(after) if after else condition.number("metricValue", "failedLocationCount"),
        unit=condition.text("metricUnit"),
        aggregation=condition.text("timeAggregation"),
        window=condition.text("windowSize"),
    )
    is_measured = condition.has("metricName", "metricValue", "webTestName") or bool(after)
    told = f"scaled from {before} to {after}" if after else measured(metric)
    failure = condition.text("failureDetails", limit=MAX_TEXT_CHARS)
    context.ignore(*_USED, "description", "severity", "name", "id", "timestamp", "resourceId", "portalLink")
    context.rest()
    return Findings(
        metrics=(metric,) if is_measured else (),
        details={"details": context.text("details", limit=MAX_TEXT_CHARS) or failure},
        headline=told if is_measured else "",
    )


def _reading(schema: str, wrapping: Fields) -> tuple[str, Fields]:
    if wrapping.has("activityLog", "event"):
        event = wrapping.object("activityLog", "event")
        return kinds.told_by(event) or kinds.ACTIVITY_LOG, event
    if schema == shapes.METRIC or wrapping.object("condition").has("allOf"):
        wrapping.ignore(
            "name", "id", "description", "severity", "timestamp", *_USED, "portalLink", "resourceId"
        )
        return "metric", wrapping
    found = {shapes.LOG: "log-v1", shapes.BUDGET: "budget", shapes.SMART: "smart-detector"}.get(schema)
    return found or "classic", wrapping


def _always_fires(schema: str) -> bool:
    return schema in (shapes.LOG, shapes.BUDGET, shapes.SMART, shapes.ACTIVITY)


def _fired(wrapping: Fields, place: Fields) -> datetime | None:
    for part, names in (
        (wrapping, ("timestamp", "firedDateTime", "SearchIntervalEndtimeUtc", "AnalysisTimestamp")),
        (place, ("eventTimestamp", "submissionTimestamp", "timestamp")),
    ):
        moment = part.time(*names)
        if moment:
            return moment
    return None


def _targets(wrapping: Fields, place: Fields) -> tuple[str, ...]:
    for part in (wrapping, place):
        told = part.text("resourceId", "resourceUri", limit=MAX_ID_CHARS)
        if is_resource_id(told):
            return (told,)
    return ()


def _scope(schema: str, place: Fields) -> tuple[str, ...]:
    """Return what an event or a budget that names no resource is about: a subscription, or a group of it."""
    subscription = place.text("subscriptionId", limit=MAX_ID_CHARS).strip("/").rpartition("/")[2]
    if schema not in (shapes.ACTIVITY, shapes.BUDGET) or not subscription:
        return ()
    group = place.text("resourceGroup", "resourceGroupName", limit=MAX_ID_CHARS)
    return (f"/subscriptions/{subscription}{f'/resourceGroups/{group}' if group else ''}",)


def _names(wrapping: Fields) -> tuple[str, ...]:
    told = wrapping.text("resourceName")
    return (told,) if told else wrapping.texts("AffectedConfigurationItems")


def _links(wrapping: Fields) -> tuple[Link, ...]:
    url = wrapping.link("portalLink")
    return (Link("resource", url),) if url else ()


def _custom(data: Fields, wrapping: Fields) -> dict[str, str]:
    return {} if wrapping is data else data.pairs("properties")
