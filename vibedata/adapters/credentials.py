"""Who we are to Azure: always one named identity, never whatever happens to be there (D1)."""

from __future__ import annotations

from azure.core.credentials import TokenCredential
from azure.identity import EnvironmentCredential, ManagedIdentityCredential


def worker_credential(client_id: str) -> TokenCredential:
    """Return the credential of `vibedata-uami` on the worker."""
    return ManagedIdentityCredential(client_id=client_id)


def deployer_credential() -> TokenCredential:
    """Return the credential of whoever presses Create: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET."""
    return EnvironmentCredential(disable_instance_discovery=True)
