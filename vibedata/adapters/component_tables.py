"""Writes the component registry in Azure Tables: one partition per instance, ETags, transactions of 100 operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from vibedata import fencing, registry_entities
from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.component_rows import ROLE, TABLE, ComponentRows
from vibedata.adapters.rest import document, entity_path, plain
from vibedata.errors import Transient
from vibedata.registry import Change

if TYPE_CHECKING:  # the SDK that writes is loaded by who writes
    from vibedata.adapters.table_transactions import Operation, Transactions

FENCE = "fence"  # the row that says under which fence of the lease the others were written


class ComponentTables(ComponentRows):
    """A ComponentRegistry over one partition."""

    _writer: Transactions | None = None

    def write(self, changes: Sequence[Change], *, fence: int | None = None) -> int:
        """Apply the changes in order, a transaction at a time; a fenced one moves the row `fence` with them."""
        if not changes:
            return 0
        from vibedata.adapters.table_transactions import MAX_OPERATIONS, Operation

        operations = [self._operation(change) for change in changes]
        etag = self._fence_etag(fence) if fence is not None else None
        each = MAX_OPERATIONS if fence is None else MAX_OPERATIONS - 1
        for start in range(0, len(operations), each):
            moving = [] if fence is None else [Operation(self._partition, FENCE, {"Fence": fence}, etag)]
            with azure_errors("write the component registry", needs=ROLE), _conflicts():
                etag = self._submit([*moving, *operations[start : start + each]])[0]
        return len(operations)

    def _fence_etag(self, fence: int) -> str | None:
        """Return the version of the row `fence`, if it is there. Raises Failed (lease-lost) when a newer one's is."""
        with azure_errors("read the component registry", needs=ROLE):
            try:
                answer = self._rest.call("GET", entity_path(TABLE, self._partition, FENCE))
            except ResourceNotFoundError:
                return None
            found = plain(document(answer))
        fencing.refuse_older(fence, int(found["Fence"]), "The component registry")
        return str(found["etag"])

    def _submit(self, operations: Sequence[Operation]) -> list[str]:
        """Return the rows' new ETags."""
        try:
            return self._transactions().submit(operations)
        except HttpResponseError as error:
            if not _is_no_table(error):
                raise
        self._create_table()
        return self._transactions().submit(operations)

    def _transactions(self) -> Transactions:
        from vibedata.adapters.table_transactions import Transactions

        self._writer = self._writer or Transactions(self._endpoint, TABLE, self._credential, self._transport)
        return self._writer

    def _create_table(self) -> None:
        try:
            self._rest.call("POST", "/Tables", body={"TableName": TABLE})
        except ResourceExistsError:
            return  # another writer was faster

    def _operation(self, change: Change) -> Operation:
        from vibedata.adapters.table_transactions import Operation

        entity = None if change.action == "delete" else registry_entities.entity(change.row)
        etag = None if change.action == "create" else change.row.etag or ""
        return Operation(self._partition, registry_entities.encode_key(change.row.key), entity, etag)


@contextmanager
def _conflicts() -> Iterator[None]:
    try:
        yield
    except HttpResponseError as error:
        if error.status_code not in (404, 409, 412):
            raise
        raise Transient(
            "registry-changed",
            "Another writer changed the component registry meanwhile.",
            hint="Run again: it compares with what is there now.",
        ) from error


def _is_no_table(error: HttpResponseError) -> bool:
    return "TableNotFound" in (str(getattr(error, "error_code", "")) + str(error.message))
