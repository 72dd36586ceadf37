"""One table of the instance's storage account."""

from __future__ import annotations

from azure.core.credentials import TokenCredential
from azure.data.tables import TableClient

from vibedata.adapters.clients import ONE_TRY


def table_client(endpoint: str, name: str, credential: TokenCredential) -> TableClient:
    """Return the table."""
    return TableClient(endpoint, table_name=name, credential=credential, **ONE_TRY)
