"""Is this an alert at all, and of which schema? What intake asks of a body before anything else.

    common   the common alert schema, or what is left of one
    legacy   one of the older schemas, each by its name
    none     no alert; `code` and `reason` say why

Being an alert is decided by what is there, not by `schemaId` alone: of an alert that lost it the rest still tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from itertools import islice
from typing import Any, Literal

from vibedata.alerts import decoding, wrapping
from vibedata.alerts.model import COMMON_SCHEMA
from vibedata.alerts.values import clean, fold, folded, mapping, shown
from vibedata.alerts.wrapping import NotRead

MAX_ALERTS = (
    250  # of a body: each becomes a message, 64 bodies are one batch of minutes, and Azure sends one alert
)

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
_ESSENTIALS_ALONE = (  # one of each tells an alert's essentials, though nothing else of the alert is there
    {"monitorcondition"},
    {"alertid", "alertrule"},
    {"monitoringservice", "monitorservice", "signaltype"},
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


def read(raw: bytes, at_most: int = MAX_ALERTS) -> list[Body]:
    """Return each alert that a body holds, and each thing that is none; at least one, and at most so many.

    Of a body that holds more the last is none, and says so.
    """
    decoded = decoding.decode(raw)
    if decoded.problem:
        return [_none(decoded.code, decoded.problem)]
    unwrapped = wrapping.unwrap(decoded.value, shape_of, at_most)
    found = [
        _none(*astuple(one)) if isinstance(one, NotRead) else Body(one, shape) for one, shape in unwrapped
    ]
    if len(found) > at_most:
        why = f"more than the {at_most} alerts that a body may hold; the rest is not read"
        found[at_most:] = [_none("too-many", why)]
    return found or [_none("empty", "nothing in it")]


def unwrap(value: Any) -> Iterator[Any]:
    """Yield the documents of a value: itself, or those that it only carries."""
    for document, _ in wrapping.unwrap(value, shape_of, decoding.MAX_BYTES):
        yield document


def shape_of(document: Any) -> Shape:
    """Return what a document is."""
    if isinstance(document, NotRead):
        return Shape("none", code=document.code, reason=document.reason)
    if not isinstance(document, Mapping):
        return Shape("none", code="not-an-object", reason=f"{shown(document)} is no JSON object")
    parts = folded(document)
    schema = parts.get("schemaid")
    if fold(str(schema)) == fold(COMMON_SCHEMA) or _is_common(parts):
        return Shape("common", COMMON_SCHEMA)
    legacy = _legacy(parts, schema)
    if legacy:
        return Shape("legacy", legacy)
    if _is_context(parts) or _is_essentials(parts):
        return Shape("common", COMMON_SCHEMA)
    named = f"schemaId is {shown(schema)}, which is none" if schema else "no schemaId"
    return Shape(
        "none",
        code="not-an-alert",
        reason=f"{named} of Azure Monitor's, and no field tells of an alert{_told_instead(document)}",
    )


def _told_instead(document: Mapping[str, Any]) -> str:
    names = ", ".join(clean(name, 24) for name in islice(document, 5))
    more = ", …" if len(document) > 5 else ""
    return f": it has {names}{more}" if names else ""


def is_context(document: Mapping[str, Any]) -> bool:
    """Say whether a document is the context of an alert, without the rest."""
    return _is_context(folded(document))


def _is_context(parts: Mapping[str, Any]) -> bool:
    if "conditiontype" in parts and "allof" in folded(mapping(parts.get("condition"))):
        return True
    return any(told <= set(parts) for told in _CONTEXT_ALONE)


def is_essentials(document: Mapping[str, Any]) -> bool:
    """Say whether a document is the essentials of an alert, without what they are the essentials of."""
    return _is_essentials(folded(document))


def _is_essentials(parts: Mapping[str, Any]) -> bool:
    return all(any(parts.get(name) for name in names) for names in _ESSENTIALS_ALONE)


def _none(code: str, reason: str) -> Body:
    return Body(None, Shape("none", code=code, reason=reason))


def _is_common(top: Mapping[str, Any]) -> bool:
    for parts in (top, folded(mapping(top.get("data"))), folded(mapping(top.get("properties")))):
        if _ESSENTIALS & set(folded(mapping(parts.get("essentials")))):
            return True
        if _CONTEXT & set(folded(mapping(parts.get("alertcontext")))):
            return True
    return False


def _legacy(top: Mapping[str, Any], schema: Any) -> str:
    """Return the older schema's name: the one it gives, if it is known or its fields tell of an alert."""
    known = {fold(name): name for name in KNOWN}
    given = schema if isinstance(schema, str) else ""
    guessed = _guessed(top) or _guessed(folded(mapping(top.get("data"))))
    if fold(given) in known and given:
        return known[fold(given)]
    return clean(given, 128) or guessed if guessed else ""


def _guessed(parts: Mapping[str, Any]) -> str:
    names, context = set(parts), folded(mapping(parts.get("context")))
    if "activitylog" in context or (mapping(context.get("event")) and "status" in names):
        return ACTIVITY
    if "operation" in parts and {"oldcapacity", "newcapacity"} & set(context):
        return AUTOSCALE
    if "version" in parts and "condition" in context and "allof" in folded(mapping(context["condition"])):
        return METRIC
    is_condition = "conditiontype" in context or mapping(context.get("condition"))
    if is_condition and {"status", "id", "name"} & (names | set(context)):
        return CLASSIC
    if "alertrulename" in names and _SEARCH & names:
        return LOG
    if "budgetname" in names and {"budget", "spendingamount", "notificationthresholdamount"} & names:
        return BUDGET
    return SMART if {"smartdetectorid", "smartdetectorname"} & names else ""
