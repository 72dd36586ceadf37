"""The component registry in Azure Tables: one partition per instance, ETags, transactions of 100 rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables import (
    EdmType,
    EntityProperty,
    TableEntity,
    TableTransactionError,
    UpdateMode,
)

from vibedata import registry_entities
from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.tables import table_client
from vibedata.errors import Transient
from vibedata.registry import Change, Row

MAX_TRANSACTION = 100
TABLE = "components"
ROLE = "table-data"
_LAST_KEY = "\uffff"

Operation = tuple[str, TableEntity] | tuple[str, TableEntity, Mapping[str, Any]]


class ComponentTables:
    """A ComponentRegistry over one partition; entities that are no rows of ours are left alone."""

    def __init__(self, endpoint: str, credential: TokenCredential, instance_id: str) -> None:
        self._table = table_client(endpoint, TABLE, credential)
        self._partition = registry_entities.encode_key(instance_id)

    def read(self, prefix: str = "") -> list[Row]:
        """Return the rows under `prefix`, in key order."""
        start = registry_entities.encode_key(prefix) if prefix else ""
        with azure_errors("read the component registry", needs=ROLE):
            try:
                entities = self._table.query_entities(
                    "PartitionKey eq @partition and RowKey ge @start and RowKey lt @end",
                    parameters={"partition": self._partition, "start": start, "end": start + _LAST_KEY},
                )
                return sorted((_row(e) for e in entities if "key" in e), key=lambda row: row.key)
            except ResourceNotFoundError as error:
                if _is_no_table(error):
                    return []
                raise

    def write(self, changes: Sequence[Change]) -> int:
        """Apply the changes in order, a hundred at a time."""
        operations = [self._operation(change) for change in changes]
        for start in range(0, len(operations), MAX_TRANSACTION):
            with azure_errors("write the component registry", needs=ROLE), _conflicts():
                self._submit(operations[start : start + MAX_TRANSACTION])
        return len(operations)

    def _submit(self, operations: Sequence[Operation]) -> None:
        try:
            self._table.submit_transaction(operations)
        except HttpResponseError as error:
            if not _is_no_table(error):
                raise
            self._create_table()
            self._table.submit_transaction(operations)

    def _create_table(self) -> None:
        try:
            self._table.create_table()
        except ResourceExistsError:
            return  # another writer was faster

    def _operation(self, change: Change) -> Operation:
        entity = TableEntity(
            PartitionKey=self._partition, RowKey=registry_entities.encode_key(change.row.key)
        )
        if change.action != "delete":
            properties = registry_entities.entity(change.row)
            entity.update({name: _typed(value) for name, value in properties.items()})
        if change.action == "create":
            return ("create", entity)
        conditions = {"etag": change.row.etag, "match_condition": MatchConditions.IfNotModified}
        if change.action == "update":
            return ("update", entity, {**conditions, "mode": UpdateMode.REPLACE})
        return ("delete", entity, conditions)


@contextmanager
def _conflicts() -> Iterator[None]:
    try:
        yield
    except (
        TableTransactionError,
        ResourceExistsError,
        ResourceModifiedError,
        ResourceNotFoundError,
    ) as error:
        if getattr(error, "status_code", None) not in (404, 409, 412):
            raise
        raise Transient(
            "registry-changed",
            "Another writer changed the component registry meanwhile.",
            hint="Run again: it compares with what is there now.",
        ) from error


def _is_no_table(error: HttpResponseError) -> bool:
    return "TableNotFound" in (str(getattr(error, "error_code", "")) + str(error.message))


def _typed(value: Any) -> Any:
    # Azure's default integer has 32 bits; a release's serial may have 53.
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return EntityProperty(value, EdmType.INT64) if is_integer else value


def _row(entity: Mapping[str, Any]) -> Row:
    plain = {name: v.value if isinstance(v, EntityProperty) else v for name, v in entity.items()}
    return registry_entities.row(plain, getattr(entity, "metadata", {}).get("etag"))
