"""What is in the managed resource group, from Azure Resource Manager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.rest import arm, arm_list
from vibedata.discovery import Resource

ROLE = "inventory"
LISTING = "2025-04-01"

# Reading one resource needs an API version of its type; these are the types whose properties we read.
API_VERSIONS: Mapping[str, str] = {
    "microsoft.automation/automationaccounts": "2024-10-23",
    "microsoft.cognitiveservices/accounts": "2025-06-01",
    "microsoft.containerregistry/registries": "2025-04-01",
    "microsoft.containerservice/managedclusters": "2026-02-01",
    "microsoft.dbforpostgresql/flexibleservers": "2024-08-01",
    "microsoft.keyvault/vaults": "2024-11-01",
    "microsoft.search/searchservices": "2025-05-01",
    "microsoft.storage/storageaccounts": "2025-06-01",
    "microsoft.web/sites": "2024-11-01",
}


class ResourceManagerInventory:
    """An Inventory of one resource group."""

    def __init__(
        self,
        endpoint: str,
        credential: TokenCredential,
        subscription_id: str,
        resource_group: str,
        transport: RequestsTransport | None = None,
    ) -> None:
        self._arm = arm(endpoint, credential, transport)
        self._list = f"/subscriptions/{subscription_id}/resourceGroups/{resource_group}/resources"

    def resources(self) -> list[Resource]:
        """List the group, page by page, with provisioning states."""
        with azure_errors("list the managed resource group", needs=ROLE):
            listed = arm_list(self._arm, self._list, LISTING, **{"$expand": "provisioningState"})
            found = [
                Resource(item["id"], item["type"], item["name"], item.get("provisioningState"))
                for item in listed
            ]
        return sorted(found, key=lambda resource: resource.key)

    def resource(self, resource_id: str) -> Resource | None:
        """Read one resource; a type whose properties nobody reads is returned without them."""
        kind = _type_of(resource_id)
        version = API_VERSIONS.get(kind.lower())
        if version is None:
            return Resource(resource_id, kind, resource_id.rsplit("/", 1)[-1])
        with azure_errors(f"read {resource_id.rsplit('/', 1)[-1]}", needs=ROLE):
            try:
                item = self._arm.get(resource_id, **{"api-version": version})
            except ResourceNotFoundError:
                return None
        properties: dict[str, Any] = item.get("properties") or {}
        return Resource(
            item["id"], item["type"], item["name"], properties.get("provisioningState"), properties
        )


def _type_of(resource_id: str) -> str:
    parts = resource_id.strip("/").split("/")
    start = max(index for index, part in enumerate(parts) if part.lower() == "providers")
    return "/".join([parts[start + 1], *parts[start + 2 :: 2]])
