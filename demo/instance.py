"""A freshly provisioned managed resource group: what the template's phases 1 to 6 and 9 to 13 leave behind.

Until the template itself runs on the local stack, this seeds the same resources through ARM, as the deployer.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from demo import alerting, components, deployments
from demo.arm import Arm
from demo.publisher import LOCATION, Publisher, arm_tenant
from vibedata import contracts
from vibedata.day0 import Deployment
from vibedata.manifest import Manifest
from vibedata.operations_table import data_flows, stream_declarations, table, table_schema
from vibedata.settings import Settings

CONTAINERS = ("manifests", "artifacts", "operations-spool", "operations-details")


@dataclass(frozen=True)
class Names:
    """The names of an instance's resources; the suffix is what uniqueString gives in the template (D11)."""

    instance_id: str

    @property
    def suffix(self) -> str:
        """Return 13 lower-case letters and digits that follow from the instance id."""
        return base64.b32encode(hashlib.sha256(self.instance_id.encode()).digest()).decode().lower()[:13]

    @property
    def group(self) -> str:
        """Return the managed resource group's name."""
        return f"mrg-vibedata-{self.suffix}"


@dataclass(frozen=True)
class Instance:
    """A seeded instance: its deployment parameters and the ids of what was seeded."""

    deployment: Deployment
    ids: dict[str, str]
    names: Names
    vm_id: str
    home: Path

    @property
    def settings(self) -> Settings:
        """Return the engine's settings for it."""
        return self.deployment.settings

    def save(self, file: Path) -> None:
        """Write the deployment's parameters where `vibedata day0` reads them."""
        document = asdict(self.deployment)
        file.write_text(json.dumps(document, indent=2, default=str) + "\n", "utf-8")


def seed(
    arm: Arm,
    publisher: Publisher,
    release: Manifest,
    *,
    instance_id: str,
    home: Path,
    bundle: tuple[str, str],
    release_keys: Sequence[str],
    addresses: Mapping[str, str],
    without_roles: Collection[str] = (),
    without_components: Collection[str] = (),
) -> Instance:
    """Create an instance; `bundle` is (repository, digest), `addresses` the stack's own, by listener.

    `release_keys` are pinned, as the offer's template would.
    `without_roles` leaves out rows of rbac.json by key, `without_components` the resources of components by name.
    """
    names = Names(instance_id)
    group = arm.group(names.group, LOCATION)
    foundation = _foundation(arm, group, names, home)
    _roles(arm, foundation, without_roles)
    deployment = Deployment(
        settings=_settings(arm, foundation, names, publisher, release_keys, addresses),
        vm_id=foundation.ids["worker"],
        location=LOCATION,
        bundle_repository=bundle[0],
        bundle_digest=bundle[1],
        publisher_vault_url=publisher.vault_url,
        publisher_secret=publisher.secret,
        publisher_username=publisher.username,
    )
    components.seed(arm, group, names.suffix, release, deployment.settings, without=without_components)
    deployments.seed(arm, group, foundation.ids)
    return Instance(
        deployment, foundation.ids, names, str(foundation.made["worker"]["properties"]["vmId"]), home
    )


@dataclass(frozen=True)
class _Foundation:
    ids: dict[str, str]
    made: dict[str, dict[str, Any]]


def _foundation(arm: Arm, group: str, names: Names, home: Path) -> _Foundation:
    s = names.suffix
    types = {
        "resourceGroup": group,
        "uami": f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/vibedata-uami",
        "workspace": f"{group}/providers/Microsoft.OperationalInsights/workspaces/log-{s}",
        "dataCollectionEndpoint": f"{group}/providers/Microsoft.Insights/dataCollectionEndpoints/dce-{s}",
        "dataCollectionRule": f"{group}/providers/Microsoft.Insights/dataCollectionRules/dcr-operations-{s}",
        "keyVault": f"{group}/providers/Microsoft.KeyVault/vaults/kv-{s}",
        "storageAccount": f"{group}/providers/Microsoft.Storage/storageAccounts/st{s}",
        "containerRegistry": f"{group}/providers/Microsoft.ContainerRegistry/registries/cr{s}",
        "automationAccount": f"{group}/providers/Microsoft.Automation/automationAccounts/aa-{s}",
        "worker": f"{group}/providers/Microsoft.Compute/virtualMachines/vm-worker-{s}",
        **alerting.ids(group, s),
    }
    first = [
        "uami",
        "workspace",
        "dataCollectionEndpoint",
        "keyVault",
        "storageAccount",
        "containerRegistry",
        "automationAccount",
    ]
    made = dict(zip(first, arm.put_all([(types[key], _body(key, arm)) for key in first]), strict=True))
    arm.put(
        f"{types['workspace']}/tables/{table().name}",
        properties={"plan": "Analytics", "schema": table_schema()},
    )
    containers = f"{types['storageAccount']}/blobServices/default/containers"
    arm.put_all([(f"{containers}/{name}", {"properties": {"publicAccess": "None"}}) for name in CONTAINERS])
    made.update(alerting.seed(arm, types))
    made["dataCollectionRule"] = arm.put(types["dataCollectionRule"], **_rule(types))
    made["worker"] = arm.put(types["worker"], **_worker(types, home))
    worker_group = f"{types['automationAccount']}/hybridRunbookWorkerGroups/vibedata-workers"
    arm.put(worker_group, properties={})
    worker = hashlib.sha256(types["worker"].encode()).hexdigest()
    worker_id = f"{worker[:8]}-{worker[8:12]}-4{worker[13:16]}-8{worker[17:20]}-{worker[20:32]}"
    arm.put(f"{worker_group}/hybridRunbookWorkers/{worker_id}", properties={"vmResourceId": types["worker"]})
    return _Foundation(types, made)


def _body(key: str, arm: Arm) -> dict[str, Any]:
    bodies: dict[str, dict[str, Any]] = {
        "uami": {},
        "workspace": {"properties": {"sku": {"name": "PerGB2018"}, "retentionInDays": 90}},
        "dataCollectionEndpoint": {"properties": {"networkAcls": {"publicNetworkAccess": "Disabled"}}},
        "keyVault": {
            "properties": {
                "tenantId": arm_tenant(arm),
                "sku": {"family": "A", "name": "standard"},
                "enableRbacAuthorization": True,
                "enablePurgeProtection": True,
                "publicNetworkAccess": "Disabled",
            }
        },
        "storageAccount": {
            "kind": "StorageV2",
            "sku": {"name": "Standard_ZRS"},
            "properties": {"allowSharedKeyAccess": False, "publicNetworkAccess": "Disabled"},
        },
        "containerRegistry": {
            "sku": {"name": "Premium"},
            "properties": {"publicNetworkAccess": "Disabled", "networkRuleBypassOptions": "AzureServices"},
        },
        "automationAccount": {"properties": {"sku": {"name": "Basic"}, "publicNetworkAccess": True}},
    }
    return {"location": LOCATION, **bodies[key]}


def _rule(types: dict[str, str]) -> dict[str, Any]:
    return {
        "location": LOCATION,
        "properties": {
            "dataCollectionEndpointId": types["dataCollectionEndpoint"],
            "streamDeclarations": stream_declarations(),
            "destinations": {
                "logAnalytics": [{"workspaceResourceId": types["workspace"], "name": "workspace"}]
            },
            "dataFlows": data_flows("workspace"),
        },
    }


def _worker(types: dict[str, str], home: Path) -> dict[str, Any]:
    cloud_config = (
        "#cloud-config\nwrite_files:\n- path: /etc/environment\n  append: true\n"
        f"  content: |\n    VIBEDATA_HOME={home}\n"
    )
    return {
        "location": LOCATION,
        "identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {types["uami"]: {}}},
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_B2s"},
            "osProfile": {
                "computerName": "worker",
                "adminUsername": "vibedata",
                "customData": base64.b64encode(cloud_config.encode()).decode(),
            },
        },
    }


def _roles(arm: Arm, foundation: _Foundation, without: Collection[str]) -> None:
    principals = {
        "vibedata-uami": foundation.made["uami"]["properties"]["principalId"],
        "actionGroup": _own_identity(foundation.made["actionGroup"]),
    }
    for row in contracts.load("rbac.json")["assignments"]:
        if row["key"] not in without and row["scope"] in foundation.ids:
            who = str(principals[row.get("principal", "vibedata-uami")])
            arm.assign(foundation.ids[row["scope"]], row["roleDefinitionId"], who)


def _own_identity(resource: dict[str, Any]) -> str:
    identity = resource["identity"]
    return str(identity.get("principalId") or identity["principal_id"])  # as ARM says it, or as its SDK does


def _settings(
    arm: Arm,
    foundation: _Foundation,
    names: Names,
    publisher: Publisher,
    release_keys: Sequence[str],
    addresses: Mapping[str, str],
) -> Settings:
    made = {key: value["properties"] for key, value in foundation.made.items()}
    endpoints = made["storageAccount"]["primaryEndpoints"]
    return Settings(
        tenant_id=str(made["uami"]["tenantId"]),
        subscription_id=arm.subscription_id,
        resource_group=names.group,
        instance_id=names.instance_id,
        name_suffix=names.suffix,
        uami_client_id=str(made["uami"]["clientId"]),
        automation_account=f"aa-{names.suffix}",
        customer_registry=str(made["containerRegistry"]["loginServer"]),
        customer_registry_name=f"cr{names.suffix}",
        publisher_registry=publisher.registry,
        release_keys=list(release_keys),
        image_tag="day0",
        blob_endpoint=endpoints["blob"],
        table_endpoint=endpoints["table"],
        queue_endpoint=endpoints["queue"],
        key_vault_url=str(made["keyVault"]["vaultUri"]),
        logs_ingestion_endpoint=str(made["dataCollectionEndpoint"]["logsIngestion"]["endpoint"]),
        dcr_immutable_id=str(made["dataCollectionRule"]["immutableId"]),
        log_workspace_id=str(made["workspace"]["customerId"]),
        arm_endpoint=arm.endpoint,
        logs_query_endpoint=f"{addresses['logs_query']}/v1",
        event_hub_namespace=str(made["eventHubNamespace"]["serviceBusEndpoint"]).removeprefix("https://"),
        action_group_id=foundation.ids["actionGroup"],
        alert_http_audience=f"api://vibedata-alerts-{names.suffix}",
        dns_servers=[addresses["dns"].split("://")[-1]],
        private_networks=[components.NETWORK],
        job_poll_seconds=0.5,
    )
