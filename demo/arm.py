"""Seeding through ARM, as the template will: PUT resources as the deployer, in order, and wait for each."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.rest import HttpRequest
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import GenericResource

API_VERSIONS = {
    "microsoft.authorization/roleassignments": "2022-04-01",
    "microsoft.automation": "2024-10-23",
    "microsoft.compute": "2024-11-01",
    "microsoft.containerregistry": "2025-11-01",
    "microsoft.containerservice": "2026-01-01",
    "microsoft.dbforpostgresql": "2025-08-01",
    "microsoft.eventhub": "2026-01-01",
    "microsoft.insights": "2024-03-11",
    "microsoft.insights/actiongroups": "2024-10-01-preview",
    "microsoft.keyvault": "2025-05-01",
    "microsoft.managedidentity": "2024-11-30",
    "microsoft.network/privatednszones": "2024-06-01",
    "microsoft.network": "2025-05-01",
    "microsoft.operationalinsights": "2025-07-01",
    "microsoft.storage": "2025-06-01",
    "microsoft.web": "2025-03-01",
}
NAMESPACE = uuid.UUID("2c1d8a5e-3f0b-5d62-8c6e-5f1f2b9a7d10")


class Arm:
    """PUTs resources into one subscription."""

    def __init__(self, endpoint: str, credential: TokenCredential, subscription_id: str) -> None:
        self.endpoint = endpoint
        self.subscription_id = subscription_id
        self.client = ResourceManagementClient(
            credential, subscription_id, base_url=endpoint, polling_interval=0.05
        )

    def group(self, name: str, location: str) -> str:
        """Create a resource group; returns its id."""
        self.client.resource_groups.create_or_update(name, {"location": location})
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{name}"

    def put(self, resource_id: str, **body: Any) -> dict[str, Any]:
        """Create or update one resource and return it as Azure shows it."""
        poller = self.client.resources.begin_create_or_update_by_id(
            resource_id, GenericResource(**body), api_version=api_version(resource_id)
        )
        return dict(poller.result().as_dict())

    def get(self, resource_id: str, **query: str) -> dict[str, Any]:
        """Read one resource or a list below it, as ARM's own JSON."""
        request = HttpRequest("GET", resource_id, params={"api-version": api_version(resource_id), **query})
        response = self.client.send_request(request)
        response.raise_for_status()
        return dict(response.json())

    def put_all(self, resources: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
        """Create resources that do not depend on each other, a few at a time, in the given order's results."""
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(lambda item: self.put(item[0], **item[1]), resources))

    def assign(self, scope: str, role_definition_id: str, principal_id: str) -> None:
        """Assign a role; the assignment's name follows from what it says, so that twice is once."""
        name = uuid.uuid5(NAMESPACE, f"{scope}/{principal_id}/{role_definition_id}".lower())
        definitions = (
            f"/subscriptions/{self.subscription_id}/providers/Microsoft.Authorization/roleDefinitions"
        )
        self.put(
            f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
            properties={
                "roleDefinitionId": f"{definitions}/{role_definition_id}",
                "principalId": principal_id,
                "principalType": "ServicePrincipal",
            },
        )


def api_version(resource_id: str) -> str:
    """Return the API version with which the resource's type is written."""
    namespace, first = resource_id.rsplit("/providers/", 1)[1].lower().split("/")[:2]
    return API_VERSIONS.get(f"{namespace}/{first}") or API_VERSIONS[namespace]
