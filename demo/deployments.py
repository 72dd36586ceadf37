"""What Resource Manager would have written into its history by the time that phase 7 begins."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from azure.core.rest import HttpRequest

from demo.arm import NAMESPACE, Arm

API_VERSION = "2025-04-01"
TEMPLATE = "vibedata"
TYPE = "Microsoft.Resources/deployments"
# The modules of phases 1 to 6 whose resources an instance is seeded with, by the names that rbac.json gives scopes.
MODULES = {
    "01-identity": ["uami"],
    "02-observability": ["workspace", "dataCollectionEndpoint", "dataCollectionRule"],
    "05-security": ["keyVault"],
    "06-automation": ["automationAccount"],
    "06-worker": ["worker"],
    "06-storage": ["storageAccount"],
    "06-event-hub": ["eventHubNamespace"],
    "06-registry": ["containerRegistry"],
}
SECONDS = 21.0544514


def seed(arm: Arm, group: str, ids: Mapping[str, str]) -> None:
    """Record the template's own deployment, which still runs, and its modules that have ended."""
    began = datetime.now(timezone.utc) - timedelta(minutes=6)
    correlation = str(uuid.uuid5(NAMESPACE, f"{group}/create".lower()))
    own = [(f"{group}/providers/{TYPE}/{name}", TYPE, "Create") for name in MODULES]
    _record(arm, group, TEMPLATE, own, began, correlation, state="Running")
    for number, (module, keys) in enumerate(MODULES.items(), start=1):
        made = [(ids[key], _type(ids[key]), "Create") for key in keys]
        _record(arm, group, module, made, began + timedelta(seconds=20 * number), correlation)


def record(
    arm: Arm, group: str, name: str, properties: Mapping[str, Any], operations: Sequence[Mapping[str, Any]]
) -> None:
    """Write one deployment into the history; the local stack has an action for it, which Azure has not."""
    body = {"properties": dict(properties), "operations": list(operations)}
    request = HttpRequest(
        "POST", f"{group}/providers/{TYPE}/{name}/record", params={"api-version": API_VERSION}, json=body
    )
    arm.client.send_request(request).raise_for_status()


def _record(
    arm: Arm,
    group: str,
    name: str,
    targets: Sequence[tuple[str, str, str]],
    began: datetime,
    correlation: str,
    state: str = "Succeeded",
) -> None:
    ended = _time(began + timedelta(seconds=SECONDS))
    times = {"timestamp": ended, "duration": f"PT{SECONDS}S"}
    properties = {"provisioningState": state, "correlationId": correlation, "mode": "Incremental", **times}
    operations = [_operation(name, target, kind, verb, times) for target, kind, verb in targets]
    record(arm, group, name, properties, operations)


def _operation(module: str, target: str, kind: str, verb: str, times: Mapping[str, str]) -> dict[str, Any]:
    number = hashlib.sha256(f"{module}/{target.rsplit('/', 1)[1]}".lower().encode()).hexdigest()
    return {
        "operationId": number[:16].upper(),
        "properties": {
            "provisioningOperation": verb,
            "provisioningState": "Succeeded",
            "statusCode": "OK",
            "trackingId": str(uuid.UUID(number[:32])),
            "targetResource": {"id": target, "resourceType": kind, "resourceName": target.rsplit("/", 1)[1]},
            **times,
        },
    }


def _type(resource_id: str) -> str:
    parts = resource_id.rsplit("/providers/", 1)[1].split("/")
    return "/".join(parts[:1] + parts[1::2])


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
