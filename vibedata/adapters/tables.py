"""One table of the instance's storage account."""

from __future__ import annotations

from azure.core.credentials import TokenCredential
from azure.data.tables import TableClient


def table_client(endpoint: str, name: str, credential: TokenCredential) -> TableClient:
    """Return the table; trying again is the caller's policy, not the SDK's."""
    return TableClient(endpoint, table_name=name, credential=credential, retry_total=0)
