"""One table of the instance's storage account."""

from __future__ import annotations

from azure.core.credentials import TokenCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.data.tables import TableClient

from vibedata.adapters.clients import ONE_TRY


def table_client(
    endpoint: str, name: str, credential: TokenCredential, transport: RequestsTransport | None = None
) -> TableClient:
    """Return the table; `transport`: the connections that it shares."""
    shared = {"transport": transport} if transport else {}
    return TableClient(endpoint, table_name=name, credential=credential, **ONE_TRY, **shared)
