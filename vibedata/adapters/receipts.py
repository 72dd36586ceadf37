"""Receipts in Azure Tables: a chain whose head moves under its ETag, together with what it points to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty, TableClient, UpdateMode

from vibedata import fencing, receipt_rows, receipts
from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.leases import NEEDS, make_missing_table
from vibedata.errors import Failed, Transient
from vibedata.receipt_rows import HEAD, HEADS, OPERATIONS_EACH, Row, Stored
from vibedata.receipts import Author, Head, Receipt, Settled

TABLE = "receipts"
MAX_TRANSACTION = 100
AT_ONCE = (MAX_TRANSACTION - 1) // OPERATIONS_EACH
TRIES = 5  # of a transaction that others come before
_CONFLICTS = {404, 409, 412}


class AzureReceipts:
    """The instance's partition of the table `receipts`."""

    def __init__(self, table: TableClient, instance_id: str) -> None:
        self._table = table
        self._partition = instance_id

    def settle(self, subjects: Mapping[str, str], author: Author) -> Settled:
        """See `ports.Receipts.settle`."""
        refused_at: str | None = None
        appended = 0
        for _ in range(TRIES + len(subjects) // AT_ONCE):
            found, etag = self._heads()
            head = found.head or Head()
            fencing.refuse_older(author.fence, head.fence, "The chain of receipts")
            new = receipts.to_append(self._partition, head, found.last, subjects, author)
            if not new:
                return Settled(head, appended)
            if etag == refused_at:  # nobody else moved the head: what refuses lies beyond it
                raise _beyond(head)
            if self._append(new[:AT_ONCE], etag):
                appended += len(new[:AT_ONCE])
            else:
                refused_at = etag
        raise Transient(
            "azure-conflict",
            "Others append receipts at the same time, again and again.",
            hint="Run again when they have ended.",
        )

    def read(self) -> Stored:
        """See `ports.Receipts.read`."""
        return receipt_rows.stored(row for row, _ in self._query("PartitionKey eq @partition", {}))

    def _heads(self) -> tuple[Stored, str]:
        start, end = HEADS
        where = "PartitionKey eq @partition and RowKey ge @start and RowKey lt @end"
        rows = self._query(where, {"start": start, "end": end})
        etag = next((etag for row, etag in rows if row["RowKey"] == HEAD), "")
        return receipt_rows.stored(row for row, _ in rows), etag

    def _query(self, where: str, parameters: dict[str, str]) -> list[tuple[Row, str]]:
        with azure_errors("read the receipts", needs=NEEDS):
            try:
                entities = self._table.query_entities(
                    where, parameters={"partition": self._partition, **parameters}
                )
                return [(_row(entity), str(entity.metadata["etag"])) for entity in entities]
            except ResourceNotFoundError as error:
                if getattr(error, "error_code", None) == "TableNotFound":
                    return []
                raise

    def _append(self, new: Sequence[Receipt], etag: str) -> bool:
        """Write the receipts, their subjects and the head; False when somebody else came before."""
        *subjects, head = receipt_rows.moving_rows(new)
        operations: list[Any] = [("create", self._entity(row)) for row in receipt_rows.receipt_rows(new)]
        operations += [("upsert", self._entity(row), {"mode": UpdateMode.REPLACE}) for row in subjects]
        condition = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        replaced = ("update", self._entity(head), {**condition, "mode": UpdateMode.REPLACE})
        operations.append(replaced if etag else ("create", self._entity(head)))
        with azure_errors("append receipts", needs=NEEDS):
            try:
                self._table.submit_transaction(operations)
            except HttpResponseError as error:
                if error.status_code not in _CONFLICTS:
                    raise
                if not make_missing_table(self._table, error):
                    return False
                self._table.submit_transaction(operations)
        return True

    def _entity(self, row: Row) -> dict[str, Any]:
        typed = {
            name: EntityProperty(value, EdmType.INT64) if isinstance(value, int) else value
            for name, value in row.items()
        }
        return {"PartitionKey": self._partition, **typed}


def _row(entity: Mapping[str, Any]) -> Row:
    """Return an entity as plain values, without what is the same in all."""
    plain = {name: v.value if isinstance(v, EntityProperty) else v for name, v in entity.items()}
    del plain["PartitionKey"]
    return plain


def _beyond(head: Head) -> Failed:
    return Failed(
        "receipts-broken",
        f"The chain of receipts ends at number {head.seq}, and yet a receipt lies behind it.",
        hint="Run `vibedata receipts verify`; docs/receipts.md says what to do with a broken chain.",
        detail={"seq": head.seq + 1, "what": "inserted", "head": head.text},
    )
