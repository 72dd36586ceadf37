"""What is in the managed resource group, from Azure Resource Manager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.resource.resources import ResourceManagementClient

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.clients import ONE_TRY
from vibedata.discovery import Resource

ROLE = "inventory"

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
    ) -> None:
        self._client = ResourceManagementClient(credential, subscription_id, base_url=endpoint, **ONE_TRY)
        self._group = resource_group

    def resources(self) -> list[Resource]:
        """List the group, page by page, with provisioning states."""
        with azure_errors("list the managed resource group", needs=ROLE):
            listed = self._client.resources.list_by_resource_group(self._group, expand="provisioningState")
            found = [
                Resource(
                    str(item.id), str(item.type), str(item.name), provisioning_state=item.provisioning_state
                )
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
                item = self._client.resources.get_by_id(resource_id, api_version=version)
            except ResourceNotFoundError:
                return None
        properties: dict[str, Any] = dict(item.properties or {})
        state = properties.get("provisioningState")
        return Resource(str(item.id), str(item.type), str(item.name), state, properties)


def _type_of(resource_id: str) -> str:
    parts = resource_id.strip("/").split("/")
    start = max(index for index, part in enumerate(parts) if part.lower() == "providers")
    return "/".join([parts[start + 1], *parts[start + 2 :: 2]])
