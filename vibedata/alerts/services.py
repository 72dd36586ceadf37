"""Prometheus, smart detection, Azure Backup, health models; and the reader for every kind that nobody knows yet."""

from __future__ import annotations

import re
from typing import Any

from vibedata.alerts import quantities
from vibedata.alerts.criteria import is_resource_id, measured, resource_ids
from vibedata.alerts.fields import Fields
from vibedata.alerts.model import MAX_ID_CHARS, MAX_TEXT_CHARS, Findings, Link, Metric, ResourceId
from vibedata.alerts.values import clean, scalar

MAX_GENERIC = 64
MAX_GENERIC_DEPTH = 4

_LIMIT = re.compile(
    r"(>=|<=|==|!=|>|<)\s*(?:bool\s+)?\(?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*\)*\s*$"
)


def read_prometheus(context: Fields) -> Findings:
    """Read a rule group's alert: the expression, its value and the labels of the series."""
    expression = context.text("expression", limit=MAX_TEXT_CHARS)
    labels, annotations = context.pairs("labels"), context.pairs("annotations")
    limit = _LIMIT.search(expression[-200:])
    shown = context.text("expressionValue")
    metric = Metric(
        name=labels.get("__name__") or labels.get("alertname") or "expression",
        operator=quantities.operator(limit[1]) if limit else "",
        threshold=quantities.number(limit[2]) if limit else None,
        value=quantities.scaled(shown),
        dimensions={name: value for name, value in labels.items() if name not in ("alertname", "__name__")},
        window=context.text("for"),
        received=shown if quantities.number(shown) is None else "",
    )
    group = context.text("ruleGroup", limit=MAX_ID_CHARS)
    links = tuple(Link(name, url) for name, url in annotations.items() if url.lower().startswith("https://"))
    context.ignore("interval", "ruleGroupId", "clusterName", "properties")
    context.rest()
    return Findings(
        metrics=(metric,),
        series=metric.dimensions,
        resources=tuple(resource_ids(labels, "label")),
        links=links,
        details={"expression": expression, "annotations": annotations, "ruleGroup": group},
        headline=annotations.get("summary") or annotations.get("description") or measured(metric),
    )


def read_smart_detector(context: Fields) -> Findings:
    """Read what a detector of Application Insights saw, against what is normal."""
    summary = context.text("DetectionSummary", limit=MAX_TEXT_CHARS)
    seen = context.text("DetectedValue", "DetectedFailureRate", "FailureRate")
    normal = context.text("NormalValue", "NormalFailureRate")
    value, unit = quantities.quantity(seen)
    detector = context.text("SmartDetectorId", "SmartDetectorName")
    metric = Metric(
        context.text("SmartDetectorName") or detector or "detected value",
        value=value,
        unit=unit,
        received=seen,
    )
    details = {
        "detector": detector,
        "normal": normal,
        "occurred": context.text("FormattedOccurrenceTime", "FormattedOccurenceTime"),  # spelled both ways
    }
    context.ignore("PresentationInsightEventRequest", "AnalysisTimestamp", "SmartDetectorName", "properties")
    context.ignore("ArmSystemEventsRequest", "FailureRateChart", "LinksTable")  # what the portal draws
    context.rest("a detector's own field")
    return Findings(
        metrics=(metric,) if seen else (),
        series={"detector": detector.lower()},
        details=details,
        headline=", ".join(
            part
            for part in (summary, f"now {seen}" if seen else "", f"normal {normal}" if normal else "")
            if part
        ),
    )


def read_backup(context: Fields) -> Findings:
    """Read an alert of a vault: what is protected, and what to do."""
    extended = context.object("extendedInfo")
    item = context.text("sourceId", "protectedItemId", limit=MAX_ID_CHARS)
    linked = context.text("linkedResourceId", limit=MAX_ID_CHARS)
    action = extended.text("recommendedActions", limit=MAX_TEXT_CHARS)
    cause = extended.text("possibleCauses", limit=MAX_TEXT_CHARS)
    affected = context.texts("affectedItems", limit=MAX_ID_CHARS)
    found = [ResourceId(linked, "the protected resource")] if linked else []
    found += [ResourceId(one, "an affected item") for one in (*affected, item) if is_resource_id(one)]
    name = context.text("linkedResourceName", "BackupItemName", "sourceType")
    details = {
        "category": context.text("category"),
        "item": item,
        "job": extended.text("jobId"),
        "cause": cause,
        "recommendedActions": action,
        "code": context.text("JobFailureCode", "errorCode"),
    }
    context.ignore(
        "protectedItemId", "sourceType", "sourceVersion", "alertVersionNumber", "formattedSourceType"
    )
    context.ignore(
        "firstLevelContainerId", "secondLevelContainerId", "linkedResourceName", "properties", "type"
    )
    context.rest()
    return Findings(
        series={"item": (item or name).lower()},
        resources=tuple(found),
        details=details,
        headline=", ".join(part for part in (name, cause or action[:300]) if part),
    )


def read_health_model(context: Fields) -> Findings:
    """Read which entity of a health model is not well; there is no rule, so it gives the name."""
    entity, name = context.text("entityName"), context.text("entityDisplayName")
    link = context.link("linkToHealthTimeline")
    context.ignore("properties")
    context.rest()
    return Findings(
        series={"entity": (entity or name).lower()},
        links=(Link("health timeline", link),) if link else (),
        details={"entity": entity, "entityDisplayName": name},
        rule=name or entity,
    )


def read_unknown(context: Fields) -> Findings:
    """Read a kind that is not known: its values as they are, flat, and each noted as not placed."""
    flat: dict[str, Any] = {}
    _flatten(context.whole, "", flat, 0)
    context.rest("no kind of alert that is known has it")
    texts = {name: value for name, value in flat.items() if isinstance(value, str)}
    return Findings(resources=tuple(resource_ids(texts, "field")), details=flat)


def _flatten(value: Any, path: str, flat: dict[str, Any], depth: int) -> None:
    if len(flat) >= MAX_GENERIC or depth > MAX_GENERIC_DEPTH:
        return
    if isinstance(value, (dict, list)):
        parts = value.items() if isinstance(value, dict) else enumerate(value[:MAX_GENERIC])
        for name, held in list(parts)[:MAX_GENERIC]:
            _flatten(
                held, f"{path}.{clean(str(name), 128)}" if path else clean(str(name), 128), flat, depth + 1
            )
    elif value is not None and path:
        flat[path[:512]] = (
            value if isinstance(value, bool) else quantities.number(value) or scalar(value, MAX_TEXT_CHARS)
        )
