"""Submits table transactions by the SDK; apart from who reads rows, for most processes never write any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.data.tables import EdmType, EntityProperty, TableEntity, UpdateMode

from vibedata.adapters.tables import table_client

MAX_OPERATIONS = 100


@dataclass(frozen=True)
class Operation:
    """One row of a transaction: made when it has no ETag, else replaced (or, without an entity, deleted) under it."""

    partition: str
    row: str
    entity: Mapping[str, Any] | None
    etag: str | None = None

    def for_sdk(self) -> tuple[Any, ...]:
        """Return it as the SDK takes it. Raises ValueError when it would change whatever is there."""
        if self.etag == "" or (self.entity is None and self.etag is None):
            raise ValueError("what is replaced or deleted needs the ETag that was read")
        entity = TableEntity(PartitionKey=self.partition, RowKey=self.row)
        entity.update({name: _typed(value) for name, value in (self.entity or {}).items()})
        if self.etag is None:
            return ("create", entity)
        conditions = {"etag": self.etag, "match_condition": MatchConditions.IfNotModified}
        if self.entity is None:
            return ("delete", entity, conditions)
        return ("update", entity, {**conditions, "mode": UpdateMode.REPLACE})


class Transactions:
    """One table, for writing."""

    def __init__(
        self, endpoint: str, table: str, credential: TokenCredential, transport: RequestsTransport | None
    ) -> None:
        self._table = table_client(endpoint, table, credential, transport)

    def submit(self, operations: Sequence[Operation]) -> list[str]:
        """Do all operations or none; return the rows' new ETags. Raises AzureError: of the first that was refused."""
        answers = self._table.submit_transaction([one.for_sdk() for one in operations])
        return [str(answer.get("etag") or "") for answer in answers]


def _typed(value: Any) -> Any:
    # Azure's default integer has 32 bits; a release's serial may have 53.
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return EntityProperty(value, EdmType.INT64) if is_integer else value
