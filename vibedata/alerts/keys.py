"""The keys of an alert: which delivery is the same, which incident it belongs to, which cause.

    delivery     sha256(lower(alertId)|monitorCondition|resolvedDateTime, else firedDateTime|eventDataId), as received:
                 the same alert sent twice has the same key; Fired and Resolved of one incident do not
    incident     lower(alertId), as of its subscription: what Fired opens and Resolved closes
    correlation  originAlertId for metric rules, else rule, targets and dimensions: what ties an event that
                 closes to the one that opened where each event is an alert of its own
    fingerprint  kind, rule, targets, what is measured and dimensions, never a value, a text or a time: the same
                 trouble again, for noise

A delivery without an alertId, or without a time, would share its key with every other such: its content is added.
The key of a legacy alert is its schema and content.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from vibedata.alerts import times
from vibedata.alerts.model import LEGACY, MAX_ID_CHARS, Metric, comparable
from vibedata.alerts.shapes import Shape, is_context, is_essentials
from vibedata.alerts.values import fold, folded, mapping, scalar
from vibedata.envelope import NAMESPACE

_PASSING = (
    *("runid", "operationid", "requestid", "traceid", "spanid", "correlationid", "invocationid", "sessionid"),
    *("messageid", "eventid", "eventdataid", "jobid", "executionid", "activityid"),
    *("timegenerated", "timestamp"),
)
_COUNTING = ("count", "duration", "elapsed", "latency", "seconds", "ms", "attempts", "retries")
# What other keys of the same table begin with: no alertId may be one of them.
_OURS = ("alert:", "cause:", "delivery:", "rule:")
_SCOPED = re.compile(
    r"(?P<subscription>/subscriptions/[^/]+)(?:/.+)?(?P<alert>/providers/microsoft\.alertsmanagement/alerts/[^/]+)",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"\d+(?:[.,:]\d+)*")


def delivery_key(document: Any, shape: Shape) -> str:
    """Return the key of a delivery, 64 hexadecimal digits; it needs no parsing beyond the shape."""
    if shape.name == LEGACY:
        return _digest([LEGACY, shape.schema.lower(), content_digest(document)])
    essentials, context, _ = parts(document)
    told = folded_texts(essentials, "alertid", "monitorcondition", "resolveddatetime", "fireddatetime")
    when = told["resolveddatetime"] or told["fireddatetime"]
    event = folded_texts(context, "eventdataid")["eventdataid"]
    key = [told["alertid"].lower(), told["monitorcondition"], when, event]
    return _digest(key if key[0] and when else [*key, content_digest(document)])


def event_id(delivery: str) -> str:
    """Return the EventId of the operations row that a delivery gets."""
    return str(uuid.uuid5(NAMESPACE, f"alert/{delivery}"))


def incident_key(alert_id: str, delivery: str) -> str:
    """Return the key of the incident; a delivery without an alertId is an incident of its own."""
    told = of_subscription(alert_id).lower()
    return f"alert:{told}" if told.startswith(_OURS) else told or f"delivery:{delivery}"


def of_subscription(alert_id: str) -> str:
    """Return an alert's id as most deliveries give it: of its subscription, where a list gives that of its target."""
    found = _SCOPED.fullmatch(alert_id)
    return found["subscription"] + found["alert"] if found else alert_id


def correlation_key(
    kind: str, origin: str, rule: str, targets: Iterable[str], series: Mapping[str, str]
) -> str:
    """Return the key of the cause."""
    if kind == "metric" and origin:
        return origin.lower()
    return _digest([rule.lower(), *sorted(map(comparable, targets)), "", *_sorted(series)])


def fingerprint(
    kind: str, rule: str, targets: Iterable[str], metrics: Iterable[Metric], series: Mapping[str, str]
) -> str:
    """Return the key of the same trouble again: nothing in it changes while a cause lasts."""
    measured = sorted({f"{one.namespace}/{one.name}/{one.operator}".lower() for one in metrics})
    steady = {name: _steady(value) for name, value in series.items() if not _is_passing(name, value)}
    return _digest(
        [kind, rule.lower(), *sorted(map(comparable, targets)), "", *measured, "", *_sorted(steady)]
    )


def parts(document: Any) -> tuple[Any, Any, Any]:
    """Return essentials, alertContext and customProperties, wherever the document holds them.

    A listed instance holds them in its `properties`, where the context has another name.
    """
    top = folded(mapping(document))
    for place in (folded(mapping(top.get("data"))), folded(mapping(top.get("properties"))), top):
        if {"essentials", "alertcontext"} & set(place):
            context = place.get("alertcontext", place.get("context"))
            flat = _flat(document) if place is top else None
            return place.get("essentials") or flat, context, place.get("customproperties")
    if is_essentials(top):
        return _flat(document), None, top.get("customproperties")
    return None, document if is_context(top) else None, None


def folded_texts(value: Any, *names: str) -> dict[str, str]:
    """Return fields as texts by their compared names; "" for what is absent or no scalar."""
    known = folded(mapping(value))
    return {name: scalar(known.get(name), MAX_ID_CHARS) or "" for name in names}


def content_digest(document: Any) -> str:
    """Return the SHA-256 of a document's content, whatever the order of its fields."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _flat(document: Any) -> dict[str, Any] | None:
    """Return the essentials that stand at the top, None where they do not."""
    whole = mapping(document)
    beside = ("schemaid", "alertcontext", "context", "customproperties")
    return {n: v for n, v in whole.items() if fold(n) not in beside} if is_essentials(whole) else None


def _is_passing(name: str, value: str) -> bool:
    """Say whether a dimension is of one run, one moment or one count: `PipelineRunId`, `TimeGenerated`."""
    plain = fold(name)
    return (
        plain.endswith(_PASSING)
        or (plain.endswith(_COUNTING) and value[:1].isdigit())
        or bool(times.parse(value))
    )


def _steady(value: str) -> str:
    """Return a dimension without what counts or measures: free text loses its numbers, a name keeps them."""
    return _NUMBERS.sub("#", value) if " " in value.strip() else value


def _sorted(series: Mapping[str, str]) -> list[str]:
    return sorted(f"{name}={value}".lower() for name, value in series.items())


def _digest(told: Iterable[str]) -> str:
    return hashlib.sha256("|".join(told).encode(errors="replace")).hexdigest()
