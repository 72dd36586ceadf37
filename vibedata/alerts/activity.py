"""The activity log's alerts: administrative, policy, autoscale, security, recommendation (health has its own file).

All are stateless: Azure says Fired, whatever happened. What closes is read from the event. All are Sev4, because
the rule has no severity: how grave it is, is read from the event too. Claims and the HTTP request of who did it
are left where they are; neither belongs into a log.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from vibedata.alerts.criteria import is_resource_id
from vibedata.alerts.fields import Fields
from vibedata.alerts.model import (
    MAX_ID_CHARS,
    MAX_TEXT_CHARS,
    Findings,
    Link,
    Metric,
    ResourceId,
    Severity,
    graver,
)
from vibedata.alerts.values import clean, fold, mapping, scalar

_LEVELS: dict[str, Severity] = {
    "critical": "Error",
    "error": "Error",
    "warning": "Warning",
    "1": "Error",  # numbers: as service health writes them
    "2": "Error",
    "3": "Warning",
}
_OVER = {"resolved", "complete", "completed", "canceled", "cancelled", "rca"}
_FINDINGS: dict[str, Severity] = {"critical": "Error", "high": "Error", "medium": "Warning"}
_IMPACTS: dict[str, Severity] = {"high": "Warning"}
_LONG = ("communication", "defaultlanguagecontent", "impactedservicestablerows")  # HTML, told elsewhere
_UNUSED = (
    *("authorization", "channels", "claims", "httpRequest", "correlationId", "eventDataId", "operationId"),
    *("subStatus", "submissionTimestamp", "ResourceType", "resourceProviderName", "resourceGroupName"),
    *("subscriptionId", "tenantId", "category", "eventName", "resourceUri", "eventCategory", "id", "name"),
    *("eventProperties", "eventDescription", "version", "source", "identity", "resourceType", "tags"),
    *("ReceivedTime", "ingestionTime"),
)


def read_event(context: Fields) -> Findings:
    """Read an event that has no reader of its own: administrative, policy and what is to come."""
    properties = context.object("properties")
    details = event_of(context)
    failed = fold(str(details["status"])) in ("failed", "failure")
    headline = joined(details["operation"], details["status"], _by(details["caller"]))
    close(context)
    return Findings(
        series={"operation": str(details["operation"]).lower()},
        resources=tuple(resources_of(context, properties)),
        details=details | told_by_event(properties),
        headline=headline,
        at=when(context),
        severity=graver(level_of(context), "Warning" if failed else None),
    )


def read_autoscale(context: Fields) -> Findings:
    """Read which resource was scaled, from how many instances to how many."""
    properties = context.object("properties")
    details = event_of(context)
    before, after = properties.number("oldInstancesCount"), properties.number("newInstancesCount")
    target = properties.text("resourceName", limit=MAX_ID_CHARS)
    named = (ResourceId(target, "the autoscaled resource"),) if is_resource_id(target) else ()
    close(context)
    return Findings(
        metrics=(Metric("instances", value=after, dimensions={}),) if after is not None else (),
        series={"operation": str(details["operation"]).lower(), "resource": target.lower()},
        resources=(*named, *resources_of(context, properties)),
        details=details
        | {"oldInstancesCount": before, "newInstancesCount": after}
        | told_by_event(properties),
        headline=joined(f"scaled from {before} to {after} instances", details["status"]),
        at=when(context),
        severity=level_of(context),
    )


def read_security(context: Fields) -> Findings:
    """Read a security alert of Defender for Cloud: what was found, on which entity."""
    properties = context.object("properties")
    details = event_of(context)
    grave = properties.text("severity", "Severity")
    entity = properties.text("compromisedEntity")
    operation = str(details["operation"]).lower()
    over = operation.endswith(("/resolve/action", "/dismiss/action")) or is_over(details["status"])
    close(context)
    return Findings(
        series={
            "entity": entity.lower(),
            "category": properties.text("category", "alertName", "intent").lower(),
        },
        resources=tuple(resources_of(context, properties)),
        details=details | {"entity": entity, "findingSeverity": grave} | told_by_event(properties),
        headline=joined(
            details["description"] or properties.text("category"), f"on {entity}" if entity else ""
        ),
        condition="Resolved" if over else None,
        at=when(context),
        severity=graver(level_of(context), _FINDINGS.get(fold(grave or "-"))),
    )


def read_recommendation(context: Fields) -> Findings:
    """Read a recommendation of Azure Advisor."""
    properties = context.object("properties")
    details = event_of(context)
    name = properties.text("recommendationName", limit=MAX_TEXT_CHARS)
    link = properties.link("recommendationResourceLink")
    impact = properties.text("recommendationImpact")
    kind = properties.text("recommendationType")
    close(context)
    return Findings(
        series={"recommendation": (kind or name).lower()},
        resources=tuple(resources_of(context, properties)),
        links=(Link("recommendation", link),) if link else (),
        details=details | {"recommendation": name, "impact": impact} | told_by_event(properties),
        headline=joined(name or details["operation"], f"impact {impact}" if impact else ""),
        at=when(context),
        severity=_IMPACTS.get(fold(impact or "-")),
    )


def event_of(context: Fields) -> dict[str, object]:
    """Return what every event has."""
    return {
        "operation": context.text("operationName"),
        "status": context.text("status"),
        "level": context.text("level"),
        "eventSource": context.text("eventSource"),
        "caller": context.text("caller"),
        "eventTimestamp": context.text("eventTimestamp"),
        "description": context.text("Activity Log Event Description", "description", limit=MAX_TEXT_CHARS),
    }


def close(context: Fields) -> None:
    """Note what of an event nobody read."""
    context.ignore(*_UNUSED, "resourceId", "properties")
    context.rest()


def told_by_event(properties: Fields) -> dict[str, object]:
    """Return an event's own properties as they are: each service has its own, and adds to them as it likes."""
    found = {}
    for name, value in mapping(properties.whole).items():
        told = scalar(value, MAX_TEXT_CHARS)
        if told and fold(name) not in _LONG:
            found[clean(name, 128)] = told
    return {"properties": dict(list(found.items())[:32])} if found else {}


def resources_of(context: Fields, properties: Fields) -> Iterator[ResourceId]:
    """Yield the resources that an event names."""
    authorization = mapping(context.raw("authorization"))
    for where, told in (
        ("the event's resourceId", context.text("resourceId", limit=MAX_ID_CHARS)),
        ("the event's entity", properties.text("entity", limit=MAX_ID_CHARS)),
        ("the event's scope", scalar(authorization.get("scope"), MAX_ID_CHARS) or ""),
    ):
        if is_resource_id(told):
            yield ResourceId(told, where)


def level_of(context: Fields) -> Severity | None:
    """Return how grave the event says it is."""
    return _LEVELS.get(fold(context.text("level") or "-"))


def when(context: Fields) -> datetime | None:
    """Return when the event was."""
    return context.time("eventTimestamp")


def is_over(word: object) -> bool:
    """Say whether a stage or status tells that it is over."""
    return fold(str(word)) in _OVER


def _by(caller: object) -> str:
    return f"by {caller}" if caller else ""


def joined(*parts: object) -> str:
    """Return what there is as one phrase."""
    return ", ".join(str(part) for part in parts if part)
