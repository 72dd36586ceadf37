"""Which questions to ask of a component, from its registry row alone; and the answers Azure's data gives.

`arm` is answered from one listing for all components, `digest` from one read per component; everything else
is asked by a Prober.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vibedata.discovery import Resource
from vibedata.endpoints import host_and_port, value_at
from vibedata.errors import VibedataError
from vibedata.health import DEGRADED, HEALTHY, MISSING, OK, PROGRESSING, UNHEALTHY, UNKNOWN, Outcome
from vibedata.registry import Row

DEFAULT_PORTS = {"https": 443, "postgresql": 5432}
BY_NAME = {"storage": "blob", "keyVault": "vault"}
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")

# Reasons that may pass by themselves: asked again, as the retry policy says, before they are believed.
PASSING = frozenset(
    {"timeout", "connection-refused", "connection-lost", "resolver-unreachable", "unexpected-status"}
)


@dataclass(frozen=True)
class Probe:
    """One question to one component; `url` is the endpoint asked, `host` and `port` are where it is."""

    component: str
    type: str
    timeout_seconds: float
    url: str = ""
    host: str = ""
    port: int = 443
    path: str = "/"
    expect_status: int = 200
    resource_id: str = ""


def plan(component: Row) -> list[Probe]:
    """Return the questions to ask of a component; none for one without probes, unless its resource is missing."""
    items = component.values.get("probes") or ()
    if not items and not component.values.get("resourceId"):
        items = ({"type": "arm", "timeoutSeconds": 1},)
    return [_probe(component, item) for item in items]


def answer_without_asking(probe: Probe, now: datetime) -> Outcome | None:
    """Return the outcome when the registry already says that there is nothing to ask; else None."""
    if not probe.resource_id:
        message = "Its Azure resource was not found when the registry was built."
        return Outcome(probe.type, UNHEALTHY, MISSING, message, now)
    if probe.type not in ("arm", "digest") and not probe.host:
        return Outcome(probe.type, UNKNOWN, "no-endpoint", "The registry knows no endpoint to ask.", now)
    return None


def judge_arm(probe: Probe, listing: Mapping[str, Resource], now: datetime) -> Outcome:
    """Return what the listing (resources by lower-case id) says of a component's provisioning state."""
    resource = listing.get(probe.resource_id.lower())
    if resource is None:
        return Outcome("arm", UNHEALTHY, MISSING, "Azure no longer lists its resource.", now)
    state = resource.provisioning_state
    evidence = {"provisioningState": state}
    if state is None:
        return Outcome("arm", UNKNOWN, "provisioning-unknown", "Azure gives no provisioning state.", now)
    if state == "Succeeded":
        return Outcome("arm", HEALTHY, OK, "Provisioned.", now, evidence=evidence)
    if state in ("Failed", "Canceled"):
        message = f"Its last deployment ended {state}."
        return Outcome("arm", UNHEALTHY, "provisioning-failed", message, now, evidence=evidence)
    return Outcome("arm", PROGRESSING, "provisioning", f"Azure says {state}.", now, evidence=evidence)


def judge_digest(component: Row, resource: Resource | None, now: datetime) -> Outcome:
    """Return whether the image that runs is the release's: what is pinned by tag only is Degraded (D5)."""
    if resource is None:
        return Outcome("digest", UNHEALTHY, MISSING, "Its resource is gone.", now)
    wanted, path = component.values.get("digest"), component.values.get("imageProperty")
    image = value_at({"properties": resource.properties}, path) if path else None
    if not isinstance(image, str) or not image:
        return Outcome(
            "digest", UNKNOWN, "digest-unreadable", f"{path or 'No property'} names no image.", now
        )
    image = image.partition("|")[2] or image
    running = _DIGEST.search(image)
    evidence = {"image": image[-300:], "expected": wanted}
    if running is None:
        message = f"It runs {image[-100:]}, which no digest pins."
        return Outcome("digest", DEGRADED, "digest-unpinned", message, now, evidence=evidence)
    if running[1] != wanted:
        message = f"It runs {running[1][:19]}, the release has {str(wanted)[:19]}."
        return Outcome("digest", UNHEALTHY, "digest-mismatch", message, now, evidence=evidence)
    return Outcome("digest", HEALTHY, OK, "It runs the release's digest.", now, evidence=evidence)


def unanswered(probe: Probe, error: VibedataError, now: datetime) -> Outcome:
    """Return the outcome of a question that Azure did not answer."""
    return Outcome(probe.type, UNKNOWN, error.code, error.message, now, evidence=error.detail)


def overdue(probe: Probe, now: datetime) -> Outcome:
    """Return the outcome of a probe that had no result by its deadline."""
    message = f"No result within {probe.timeout_seconds:g} s."
    return Outcome(probe.type, UNHEALTHY, "timeout", message, now, round(probe.timeout_seconds * 1000))


def _probe(component: Row, item: Mapping[str, Any]) -> Probe:
    endpoints: Mapping[str, str] = component.values.get("endpoints") or {}
    url = endpoints.get(BY_NAME.get(item["type"], ""), "") or next(iter(endpoints.values()), "")
    host, port = host_and_port(url)
    return Probe(
        component=component.name,
        type=item["type"],
        timeout_seconds=float(item["timeoutSeconds"]),
        url=url,
        host=host,
        port=port or item.get("port") or DEFAULT_PORTS.get(url.partition(":")[0], 443),
        path=item.get("path", "/"),
        expect_status=int(item.get("expectStatus", 200)),
        resource_id=component.values.get("resourceId") or "",
    )
