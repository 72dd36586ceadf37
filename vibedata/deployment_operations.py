"""Turns what Azure Resource Manager did for the template into operations rows (PRD-19 NFR-7).

Most of RFC-60's phases are ARM's own work; its deployment operations, which ARM keeps until the same deployment runs
again, are their record. An operation that has ended is one row, however often it is read: its EventId follows from the
deployment's correlation id, the operation's id and how it ended.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vibedata import arm_errors, operations
from vibedata.alerts import times
from vibedata.arm_errors import ArmError
from vibedata.operations import Event, Operation, Row
from vibedata.sequence import Phase, phases

VERB = "deployment"
ENDED = frozenset({"Succeeded", "Failed", "Canceled"})
SEVERITIES = {"Failed": "Error", "Canceled": "Warning"}
DEPLOYMENT_TYPE = "microsoft.resources/deployments"
MAX_CHARS = 1024  # of a name or an id: Azure's own are shorter
_MODULE = re.compile(r"(\d{2})-")
_DURATION = re.compile(
    r"P(?:(?P<days>\d{1,4})D)?(?:T(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?"
    r"(?:(?P<seconds>\d{1,8}(?:\.\d{1,9})?)S)?)?"
)


@dataclass(frozen=True)
class Deployment:
    """One deployment of the resource group: the template itself, or a module of it."""

    id: str
    name: str
    state: str
    timestamp: str
    correlation_id: str

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens in it."""
        return self.state in ENDED


@dataclass(frozen=True)
class DeploymentOperation:
    """One thing that a deployment did to one resource."""

    id: str
    kind: str
    state: str
    at: datetime | None
    duration_ms: int | None
    status_code: str
    target_id: str
    target_type: str
    target_name: str
    tracking_id: str
    error: ArmError | None

    @property
    def has_ended(self) -> bool:
        """Whether it is over, so that it can be told once and for all."""
        return self.state in ENDED


def deployment(document: Mapping[str, Any]) -> Deployment:
    """Return a deployment from ARM's document; what is missing is empty."""
    properties = _mapping(document.get("properties"))
    return Deployment(
        id=_text(document.get("id")),
        name=_text(document.get("name")),
        state=_text(properties.get("provisioningState")),
        timestamp=_text(properties.get("timestamp")),
        correlation_id=_text(properties.get("correlationId")),
    )


def operation(document: Mapping[str, Any]) -> DeploymentOperation:
    """Return an operation from ARM's document; what is missing is empty."""
    properties = _mapping(document.get("properties"))
    target = _mapping(properties.get("targetResource"))
    state = _text(properties.get("provisioningState"))
    failed = state in ENDED and state != "Succeeded"
    return DeploymentOperation(
        id=_text(document.get("operationId")),
        kind=_text(properties.get("provisioningOperation")),
        state=state,
        at=times.parse(properties.get("timestamp")),
        duration_ms=duration_ms(properties.get("duration")),
        status_code=_text(properties.get("statusCode")),
        target_id=_text(target.get("id")),
        target_type=_text(target.get("resourceType")),
        target_name=_text(target.get("resourceName")),
        tracking_id=_text(properties.get("trackingId")),
        error=arm_errors.deepest(properties.get("statusMessage")) if failed else None,
    )


def duration_ms(text: Any) -> int | None:
    """Return an ISO 8601 duration (`PT1M2.5S`) in ms, or None for what is none."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) and len(text) <= MAX_CHARS else None
    if match is None or not any(match.groups()):
        return None
    units = {"days": 86_400_000, "hours": 3_600_000, "minutes": 60_000, "seconds": 1000}
    return round(sum(float(match[name] or 0) * ms for name, ms in units.items()))


def phase_of(module: str) -> Phase | None:
    """Return the phase that a module belongs to: its name begins with the number of the phase's file."""
    match = _MODULE.match(module)
    number = int(match[1]) if match else None
    return next((one for one in phases() if one.number == number), None)


def row(within: Deployment, done: DeploymentOperation, *, instance_id: str, now: datetime) -> Row:
    """Return the row of an operation that has ended; `now` stands in where ARM gives no time."""
    module = done.target_name if done.target_type.lower() == DEPLOYMENT_TYPE else within.name
    phase = phase_of(within.name) or phase_of(module)
    number = phase.number if phase else None
    return operations.row(
        Operation(_operation_id(within), VERB, instance_id, number, actor="Azure Resource Manager"),
        Event(
            name=_stem(phase) if phase else within.name,
            status=done.state,
            at=done.at or times.parse(within.timestamp) or now,
            severity=SEVERITIES.get(done.state, "Information"),
            key=f"{within.name}/{done.id}",
            duration_ms=done.duration_ms,
            error_code=done.error.code if done.error else "",
            message=_sentence(done),
            remedy=_remedy(within, done),
            details=_details(within, done),
        ),
    )


def _operation_id(within: Deployment) -> str:
    """Return the deployment's correlation id: under it stands the same in Azure's activity log."""
    try:
        return str(uuid.UUID(within.correlation_id))
    except ValueError:
        return operations.event_id(VERB, within.id.lower(), within.timestamp)


def _stem(phase: Phase) -> str:
    return phase.file.rsplit("/", 1)[-1].partition(".")[0]


def _sentence(done: DeploymentOperation) -> str:
    what = " ".join(part for part in (done.kind, done.target_type, done.target_name) if part)
    why = f" {done.error.message or done.error.code}" if done.error else ""
    return f"{what}: {done.state}.{why}"


def _remedy(within: Deployment, done: DeploymentOperation) -> str:
    if done.state != "Failed":
        return ""
    known = done.error.remedy if done.error else ""
    return (
        known
        or f"Read `az deployment operation group list -n {within.name} -g <resource group>`, then press Create again."
    )


def _details(within: Deployment, done: DeploymentOperation) -> dict[str, Any]:
    found = {
        "deployment": within.name,
        "operation": done.id,
        "provisioningOperation": done.kind,
        "resourceType": done.target_type,
        "resourceId": done.target_id,
        "statusCode": done.status_code,
        "trackingId": done.tracking_id,
        "errorTarget": done.error.target if done.error else "",
    }
    return {key: value for key, value in found.items() if value}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value[:MAX_CHARS] if isinstance(value, str) else ""
