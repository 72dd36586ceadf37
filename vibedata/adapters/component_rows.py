"""Reads the component registry: apart from its writer, for most processes only look, and start sooner without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport

from vibedata import registry_entities
from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.rest import STORAGE_SCOPE, TABLE_HEADERS, Rest, quoted, table_entities
from vibedata.registry import Row

TABLE = "components"
ROLE = "table-data"
_LAST_KEY = "\uffff"


class ComponentRows:
    """The rows of one partition; entities that are no rows of ours are left alone."""

    def __init__(
        self,
        endpoint: str,
        credential: TokenCredential,
        instance_id: str,
        transport: RequestsTransport | None = None,
        timeouts: Mapping[str, Any] | None = None,
    ) -> None:
        self._endpoint, self._credential, self._transport = endpoint, credential, transport
        self._rest = Rest(endpoint, credential, STORAGE_SCOPE, TABLE_HEADERS, transport, timeouts)
        self._partition = registry_entities.encode_key(instance_id)

    def read(self, prefix: str = "") -> list[Row]:
        """Return the rows under `prefix`, in key order."""
        start = registry_entities.encode_key(prefix) if prefix else ""
        query = (
            f"PartitionKey eq {quoted(self._partition)} "
            f"and RowKey ge {quoted(start)} and RowKey lt {quoted(start + _LAST_KEY)}"
        )
        with azure_errors("read the component registry", needs=ROLE):
            try:
                entities = table_entities(self._rest, TABLE, query)
                rows = [registry_entities.row(e, e.pop("etag")) for e in entities if "key" in e]
            except ResourceNotFoundError as error:
                if "TableNotFound" in error.message:
                    return []
                raise
        return sorted(rows, key=lambda row: row.key)
