"""Service health and resource health: events of the activity log that tell whether something is over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

from vibedata.alerts.activity import (
    close,
    event_of,
    is_over,
    joined,
    level_of,
    resources_of,
    told_by_event,
    when,
)
from vibedata.alerts.fields import Fields
from vibedata.alerts.model import MAX_TEXT_CHARS, Findings, Severity, graver
from vibedata.alerts.values import clean, fold, listed, mapping, scalar

_INCIDENTS: dict[str, Severity] = {"incident": "Error", "security": "Error", "actionrequired": "Warning"}
_HEALTH: dict[str, Severity] = {"unavailable": "Error", "degraded": "Warning", "unknown": "Warning"}
_TAG = re.compile(r"<[^<>]{0,2000}>")
_ESCAPED_TAG = re.compile(
    r"</?(?:a|b|br|div|em|i|li|ol|p|span|strong|t[dhr]|table|u|ul)\b[^<>]{0,2000}>", re.IGNORECASE
)


def read_service_health(context: Fields) -> Findings:
    """Read what Azure says of its own services; `stage` tells whether it is over, monitorCondition does not."""
    properties = context.object("properties")
    details = event_of(context)
    stage, kind = properties.text("stage"), properties.text("incidentType")
    tracking, title = properties.text("trackingId"), properties.text("title", limit=MAX_TEXT_CHARS)
    service, region = properties.text("service"), properties.text("region")
    over = is_over(stage or details["status"])
    told = {
        "stage": stage,
        "incidentType": kind,
        "trackingId": tracking,
        "title": title,
        "service": service,
        "region": region,
        "impactStart": properties.text("impactStartTime"),
        "impactedServices": _impacted(properties),
        "communication": _plain(properties.text("communication", limit=64 * 1024)),
    }
    ended = properties.time("impactMitigationTime")
    close(context)
    return Findings(
        series={"trackingId": tracking.lower()},
        resources=tuple(resources_of(context, properties)),
        details=details | told | told_by_event(properties),
        headline=joined(
            title or " in ".join(part for part in (service, region) if part),
            f"{kind or ('event' if tracking else '')} {tracking}".strip(),
            f"stage {stage}" if stage else "",
        ),
        condition="Resolved" if over else None,
        at=(ended if over else None) or when(context),
        severity=None if over else graver(level_of(context), _INCIDENTS.get(fold(kind or "-"))),
    )


def read_resource_health(context: Fields) -> Findings:
    """Read how a resource is and was; Available again closes, Available still does not."""
    properties = context.object("properties")
    details = event_of(context)
    now, before = properties.text("currentHealthStatus"), properties.text("previousHealthStatus")
    over = _is_over(now, before, details)
    cause = properties.text("cause")
    grave = None if fold(cause or "-") == "userinitiated" else _HEALTH.get(fold(now or "-"))
    health = f"{now or 'health not given'} (before: {before or 'not given'})" if now or before else ""
    told = {
        "currentHealthStatus": now,
        "previousHealthStatus": before,
        "cause": cause,
        "title": properties.text("title", limit=MAX_TEXT_CHARS),
        "type": properties.text("type"),
    }
    close(context)
    return Findings(
        series={},
        resources=tuple(resources_of(context, properties)),
        details=details | told | told_by_event(properties),
        headline=joined(health, told["title"], told["cause"]),
        condition="Resolved" if over else None,
        at=when(context),
        severity=None if over else graver(level_of(context), grave),
    )


def _is_over(now: str, before: str, event: Mapping[str, object]) -> bool:
    """Say whether the resource is well again; an event may begin (a reboot by its user) and leave it Available."""
    if now and fold(now) != "available":
        return False
    said = is_over(event["status"]) or str(event["operation"]).lower().endswith("/resolved/action")
    return said or bool(now and fold(before or "-") != "available")


def _impacted(properties: Fields) -> list[str]:
    found = []
    for item in properties.items("impactedServices"):
        service = mapping(item)
        regions = [
            scalar(mapping(one).get("RegionName")) or "" for one in listed(service.get("ImpactedRegions"))
        ]
        name = scalar(service.get("ServiceName")) or ""
        if name:
            found.append(f"{name} ({', '.join(filter(None, regions))})" if any(regions) else name)
    return found


def _plain(html: str) -> str:
    """Return what people read of HTML; some of it arrives escaped once more."""
    told = _ESCAPED_TAG.sub(" ", unescape(_TAG.sub(" ", html)))
    return clean(re.sub(r"\s+", " ", unescape(told)), 1000)
