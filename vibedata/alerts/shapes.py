"""Is this an alert at all, and of which schema? What intake asks of a body before anything else.

    common   the common alert schema, or what is left of one
    legacy   one of the older schemas, each by its name
    none     no alert; `code` and `reason` say why

Being an alert is decided by what is there, not by `schemaId` alone: of an alert that lost it the rest still tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vibedata.alerts import decoding
from vibedata.alerts.model import COMMON_SCHEMA
from vibedata.alerts.values import fold, listed, mapping, shown

MAX_WRAPS = 4  # a list of lists of records is nobody's alert

# The older schemas by their `schemaId`; those that have none carry the name of the resource type that sent them.
METRIC = "AzureMonitorMetricAlert"
ACTIVITY = "Microsoft.Insights/activityLogs"
LOG = "Microsoft.Insights/LogAlert"
BUDGET = "AIP Budget Notification"
CLASSIC = "Microsoft.Insights/alertRules"
AUTOSCALE = "Microsoft.Insights/autoscaleSettings"
SMART = "SmartAlert"
KNOWN = (METRIC, ACTIVITY, LOG, BUDGET, CLASSIC, AUTOSCALE, SMART)

_ESSENTIALS = {
    *("alertid", "alertrule", "monitorcondition", "monitoringservice", "fireddatetime", "signaltype"),
    *("alerttargetids", "originalertid", "essentialsversion", "severity", "alertruleid", "resolveddatetime"),
}
_CONTEXT = {
    *("conditiontype", "condition", "searchquery", "alertdata", "alertcategory", "smartdetectorid"),
    *("detectionsummary", "expression", "rulegroup", "eventsource", "operationname"),
    *("eventdataid", "sourceid"),
}
_CONTEXT_ALONE = (  # what tells an alert's context, though nothing else of the alert is there
    {"searchquery", "searchintervalstarttimeutc"},
    {"alertcategory", "alertdata"},
    {"expression", "expressionvalue", "rulegroup"},
    {"linkedresourceid", "protecteditemid"},
    {"eventsource", "eventdataid", "submissiontimestamp"},
)
_SEARCH = {"searchquery", "searchresult", "searchresults", "workspaceid", "linktosearchresults"}


@dataclass(frozen=True)
class Shape:
    """What a body is: its schema's name, or the reason why it is no alert."""

    name: Literal["common", "legacy", "none"]
    schema: str = ""
    code: str = ""
    reason: str = ""

    @property
    def is_alert(self) -> bool:
        """Whether it is an alert, of whatever schema."""
        return self.name != "none"


@dataclass(frozen=True)
class Body:
    """One alert of a body that may hold several, or one thing that is none."""

    document: Any
    shape: Shape


def read(raw: bytes) -> list[Body]:
    """Return each alert that a body holds, and each thing that is none; at least one."""
    decoded = decoding.decode(raw)
    if decoded.problem:
        return [Body(None, Shape("none", code=decoded.code, reason=decoded.problem))]
    found = [Body(document, shape_of(document)) for document in unwrap(decoded.value)]
    return found or [Body(None, Shape("none", code="empty", reason="nothing in it"))]


def unwrap(value: Any, wraps: int = 0) -> Iterator[Any]:
    """Yield the documents of a value: itself, or those of a list, of `records`, of a runbook's webhook."""
    if wraps < MAX_WRAPS:
        if isinstance(value, list):
            for item in value:
                yield from unwrap(item, wraps + 1)
            return
        within = _wrapped(value)
        if within is not None:
            yield from unwrap(within, wraps + 1)
            return
    yield value


def shape_of(document: Any) -> Shape:
    """Return what a document is."""
    if not isinstance(document, Mapping):
        return Shape("none", code="not-an-object", reason=f"{shown(document)} is no JSON object")
    schema = _folded(document).get("schemaid")
    if fold(str(schema)) == fold(COMMON_SCHEMA) or _is_common(document):
        return Shape("common", COMMON_SCHEMA)
    legacy = _legacy(document, schema)
    if legacy:
        return Shape("legacy", legacy)
    if is_context(document):
        return Shape("common", COMMON_SCHEMA)
    named = f"schemaId is {shown(schema)}, which is" if schema else "no schemaId, and"
    return Shape(
        "none",
        code="not-an-alert",
        reason=f"{named} none of Azure Monitor's, and no field tells of an alert either",
    )


def is_context(document: Mapping[str, Any]) -> bool:
    """Say whether a document is the context of an alert, without the rest."""
    parts = _folded(document)
    if "conditiontype" in parts and "allof" in _folded(mapping(parts.get("condition"))):
        return True
    return any(told <= set(parts) for told in _CONTEXT_ALONE)


def _is_common(document: Mapping[str, Any]) -> bool:
    top = _folded(document)
    for place in (document, mapping(top.get("data")), mapping(top.get("properties"))):
        parts = _folded(place)
        if _ESSENTIALS & set(_folded(mapping(parts.get("essentials")))):
            return True
        if _CONTEXT & set(_folded(mapping(parts.get("alertcontext")))):
            return True
    return False


def _legacy(document: Mapping[str, Any], schema: Any) -> str:
    """Return the older schema's name: the one it gives, if it is known or its fields tell of an alert."""
    known = {fold(name): name for name in KNOWN}
    given = schema if isinstance(schema, str) else ""
    guessed = next((name for place in _places(document) if (name := _guessed(_folded(place)))), "")
    if fold(given) in known and given:
        return known[fold(given)]
    return given[:128] if given and guessed else guessed


def _places(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return document, mapping(_folded(document).get("data"))


def _guessed(parts: Mapping[str, Any]) -> str:
    names, context = set(parts), _folded(mapping(parts.get("context")))
    if "activitylog" in context or ("event" in context and "status" in names):
        return ACTIVITY
    if "operation" in parts and {"oldcapacity", "newcapacity"} & set(context):
        return AUTOSCALE
    if "version" in parts and "condition" in context and "allof" in _folded(mapping(context["condition"])):
        return METRIC
    if {"condition", "conditiontype"} & set(context) and {"status", "id", "name"} & (names | set(context)):
        return CLASSIC
    if "alertrulename" in names and _SEARCH & names:
        return LOG
    if "budgetname" in names and {"budget", "spendingamount", "notificationthresholdamount"} & names:
        return BUDGET
    return SMART if {"smartdetectorid", "smartdetectorname"} & names else ""


def _wrapped(value: Any) -> Any:
    """Return what a document only wraps; None: it is one itself."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        return decoding.inner(value)
    if not isinstance(value, Mapping):
        return None
    parts = _folded(value)
    if isinstance(parts.get("records"), list) and not shape_of(value).is_alert:
        return parts["records"]
    if "requestbody" in parts and {"webhookname", "requestheader"} & set(parts):
        body = parts["requestbody"]
        return body if isinstance(body, (Mapping, list)) else (listed(body) or [body])[0]
    return _enveloped(value, parts)


def _enveloped(value: Mapping[str, Any], parts: Mapping[str, Any]) -> Any:
    """Return the alert that an event (`data`) or a workflow (`body`) carries, where the envelope is none itself."""
    carried = (mapping(parts.get(name)) for name in ("data", "body"))
    within = next((one for one in carried if one and shape_of(one).is_alert), None)
    return None if within is None or shape_of(value).is_alert else within


def _folded(place: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields by the names that are compared; of two the first that is not null stands."""
    found: dict[str, Any] = {}
    for name, value in place.items():
        if found.get(fold(name)) is None:
            found[fold(name)] = value
    return found
