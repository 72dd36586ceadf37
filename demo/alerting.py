"""What an instance's alerts need: a hub that they arrive in, an action group that sends them, queues, the Function app.

As the template's phases 6 and 10 leave them; and what the Functions host is told of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo.arm import Arm
from demo.publisher import LOCATION
from vibedata.settings import Settings

HUB = "alerts"
GROUP = "vibedata"
QUEUES = ("alerts", "alerts-poison")
CONTAINERS = ("alerts-claims", "alerts-rejected")
TABLES = ("alertdeliveries", "alertincidents", "alertstate")
THREADS = 32
TOLD = (
    *("tenant_id", "subscription_id", "resource_group", "instance_id", "uami_client_id", "arm_endpoint"),
    *("blob_endpoint", "queue_endpoint", "table_endpoint", "logs_ingestion_endpoint", "dcr_immutable_id"),
    "alert_http_audience",
)


def ids(group: str, suffix: str) -> dict[str, str]:
    """Return the ids of the resources, by the names that rbac.json gives to scopes and principals."""
    namespace = f"{group}/providers/Microsoft.EventHub/namespaces/evhns-{suffix}"
    return {
        "eventHubNamespace": namespace,
        "eventHub": f"{namespace}/eventhubs/{HUB}",
        "actionGroup": f"{group}/providers/Microsoft.Insights/actionGroups/ag-vibedata-{suffix}",
        "functionApp": f"{group}/providers/Microsoft.Web/sites/func-operations-{suffix}",
    }


def seed(arm: Arm, known: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Create them all; `known` holds the ids of these and of the instance's storage account and identity."""
    made = {"eventHubNamespace": arm.put(known["eventHubNamespace"], **_namespace())}
    arm.put(known["eventHub"], properties=_hub())
    arm.put_all(
        [
            (f"{known['eventHub']}/consumergroups/{GROUP}", {"properties": {}}),
            *_storage(known["storageAccount"]),
        ]
    )
    later = ["actionGroup", "functionApp"]
    bodies = [_action_group(arm, known), _function_app(known["uami"])]
    rows = [(known[key], body) for key, body in zip(later, bodies, strict=True)]
    return {**made, **dict(zip(later, arm.put_all(rows), strict=True))}


def host_settings(settings: Settings, authority: str) -> dict[str, str]:
    """Return the Function app's settings, as the template sets them; `authority` is Entra's token service."""
    connections = {
        "AzureWebJobsStorage__blobServiceUri": settings.blob_endpoint,
        "AzureWebJobsStorage__queueServiceUri": settings.queue_endpoint,
        "AzureWebJobsStorage__tableServiceUri": settings.table_endpoint,
        "AlertQueue__queueServiceUri": settings.queue_endpoint,
        "AlertHub__fullyQualifiedNamespace": settings.event_hub_namespace,
    }
    for name in ("AzureWebJobsStorage", "AlertQueue", "AlertHub"):
        connections[f"{name}__credential"] = "managedidentity"
        connections[f"{name}__clientId"] = settings.uami_client_id
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "PYTHON_THREADPOOL_THREAD_COUNT": str(THREADS),
        **connections,
        **{f"VIBEDATA_{name.upper()}": str(getattr(settings, name)) for name in TOLD},
        "VIBEDATA_AUTHORITY": authority,
    }


def write_host_settings(file: Path, settings: Settings, authority: str, http_caller: str) -> None:
    """Write the `local.settings.json` that the Functions host reads; `http_caller` may use the HTTP fallback."""
    values = {**host_settings(settings, authority), "VIBEDATA_ALERT_HTTP_CALLER": http_caller}
    document = {"IsEncrypted": False, "Values": values}
    file.write_text(json.dumps(document, indent=2) + "\n", "utf-8")


def _namespace() -> dict[str, Any]:
    return {
        "location": LOCATION,
        "sku": {"name": "Standard", "tier": "Standard", "capacity": 1},
        "properties": {
            "disableLocalAuth": True,
            "minimumTlsVersion": "1.2",
            "publicNetworkAccess": "Disabled",
        },
    }


def _hub() -> dict[str, Any]:
    return {
        "partitionCount": 4,
        "retentionDescription": {"cleanupPolicy": "Delete", "retentionTimeInHours": 168},
    }


def _storage(account: str) -> list[tuple[str, dict[str, Any]]]:
    places = {
        "queueServices/default/queues": QUEUES,
        "tableServices/default/tables": TABLES,
        "blobServices/default/containers": CONTAINERS,
    }
    return [
        (f"{account}/{place}/{name}", {"properties": {}}) for place, names in places.items() for name in names
    ]


def _action_group(arm: Arm, known: dict[str, str]) -> dict[str, Any]:
    receiver = {
        "name": HUB,
        "subscriptionId": arm.subscription_id,
        "eventHubNameSpace": known["eventHubNamespace"].rsplit("/", 1)[1],
        "eventHubName": HUB,
        "useCommonAlertSchema": True,
        "managedIdentity": "SystemAssigned",
    }
    return {
        "location": "Global",
        "identity": {"type": "SystemAssigned"},
        "properties": {"groupShortName": "vibedata", "enabled": True, "eventHubReceivers": [receiver]},
    }


def _function_app(uami: str) -> dict[str, Any]:
    return {
        "location": LOCATION,
        "kind": "functionapp,linux",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {uami: {}}},
        "properties": {"publicNetworkAccess": "Disabled", "siteConfig": {"linuxFxVersion": "Python|3.12"}},
    }
