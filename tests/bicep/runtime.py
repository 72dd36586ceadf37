"""What only a deployed resource knows, as stand-ins of the right shape that are the same every time."""

from __future__ import annotations

import uuid
from typing import Any

ENVIRONMENT: dict[str, Any] = {
    "name": "AzureCloud",
    "resourceManager": "https://management.azure.com/",
    "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"},
    "suffixes": {"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net"},
}

_IDS = {"principalId", "clientId", "tenantId", "customerId"}
_SHAPES = {
    "vaultUri": "https://{name}.vault.azure.net/",
    "primaryEndpoints.blob": "https://{name}.blob.core.windows.net/",
    "primaryEndpoints.queue": "https://{name}.queue.core.windows.net/",
    "primaryEndpoints.table": "https://{name}.table.core.windows.net/",
    "loginServer": "{name}.azurecr.io",
    "serviceBusEndpoint": "https://{name}.servicebus.windows.net:443/",
    "immutableId": "dcr-{hex}",
    "logsIngestion.endpoint": "https://{name}.westeurope-1.ingest.monitor.azure.com",
    "ipAddress": "20.0.0.1",
    "defaultHostName": "{name}.azurewebsites.net",
    "fullyQualifiedDomainName": "{name}.postgres.database.azure.com",
    "ConnectionString": "InstrumentationKey={uuid}",
    "automationHybridServiceUrl": "https://{uuid}.jrds.we.azure-automation.net/automationAccounts/{uuid}",
    "outboundIpAddresses": "20.0.0.2",
}


class Runtime:
    """A deployed resource: members of members, until one is a value."""

    def __init__(self, id: str, path: tuple[str, ...] = ()) -> None:
        self.id, self.path = id, path

    def member(self, name: str) -> Any:
        """Return a member: a stand-in for one that is known, else what lies further in."""
        path = (*self.path, name)
        if name in _IDS:
            return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.id}#{name}" if name != "tenantId" else name))
        shape = _SHAPES.get(".".join(path[-2:])) or _SHAPES.get(name)
        if shape is None:
            return Runtime(self.id, path)
        given = uuid.uuid5(uuid.NAMESPACE_URL, self.id)
        return shape.format(name=self.id.rsplit("/", 1)[1], uuid=given, hex=given.hex)
