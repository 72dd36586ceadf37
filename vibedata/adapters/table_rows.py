"""Single rows of a table, read and written by themselves: what many invocations do at the same time.

Over the plain pipeline (`rest.py`), for each of these calls is made for every alert.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpResponse

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.brisk import BRISK
from vibedata.adapters.rest import (
    STORAGE_SCOPE,
    TABLE_HEADERS,
    Rest,
    document,
    entity_path,
    plain,
    quoted,
    table_entities,
)

ROLE = "table-data"
EXPIRES = "Expires"
_QUIET = {"Prefer": "return-no-content"}


class TableRows:
    """One table; it is made when the first row is written."""

    def __init__(
        self, endpoint: str, table: str, credential: TokenCredential, transport: RequestsTransport | None
    ) -> None:
        self._table = table
        self._rest = Rest(endpoint, credential, STORAGE_SCOPE, TABLE_HEADERS, transport, BRISK)

    def read(self, place: tuple[str, str]) -> dict[str, Any] | None:
        """Return a row with its `etag`, None when there is none."""
        with azure_errors(f"read the table {self._table}", needs=ROLE):
            try:
                return plain(document(self._rest.call("GET", entity_path(self._table, *place))))
            except ResourceNotFoundError:
                return None

    def exists(self, place: tuple[str, str]) -> bool:
        """Say whether a row is there."""
        return self.read(place) is not None

    def insert(self, place: tuple[str, str], values: Mapping[str, Any]) -> bool:
        """Write a row that is not there yet; False: it is."""
        body = _entity(place, values)
        with azure_errors(f"write the table {self._table}", needs=ROLE):
            try:
                self._made(lambda: self._rest.call("POST", f"/{self._table}", body=body, headers=_QUIET))
            except ResourceExistsError:
                return False
        return True

    def replace(self, place: tuple[str, str], values: Mapping[str, Any], etag: str) -> bool:
        """Write a row over the version that was read; False: it has changed since."""
        path, body = entity_path(self._table, *place), _entity(place, values)
        with azure_errors(f"write the table {self._table}", needs=ROLE):
            try:
                self._rest.call("PUT", path, body=body, headers={"If-Match": etag})
            except HttpResponseError as error:
                if error.status_code not in (404, 409, 412):
                    raise
                return False
        return True

    def put(self, place: tuple[str, str], values: Mapping[str, Any]) -> None:
        """Write a row, whatever is there."""
        path, body = entity_path(self._table, *place), _entity(place, values)
        with azure_errors(f"write the table {self._table}", needs=ROLE):
            self._made(lambda: self._rest.call("PUT", path, body=body))

    def delete(self, place: tuple[str, str], etag: str = "*") -> bool:
        """Delete a row; False: it was gone, or has changed since that version."""
        path = entity_path(self._table, *place)
        with azure_errors(f"write the table {self._table}", needs=ROLE):
            try:
                self._rest.call("DELETE", path, headers={"If-Match": etag})
            except HttpResponseError as error:
                if error.status_code not in (404, 409, 412):
                    raise
                return False
        return True

    def query(self, condition: str, page_size: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield the rows under an OData filter, fetched a page at a time."""
        with azure_errors(f"read the table {self._table}", needs=ROLE):
            try:
                yield from table_entities(self._rest, self._table, condition, page_size)
            except ResourceNotFoundError:
                return

    def expire(self, now: datetime, partitions: Sequence[str], at_most: int) -> int:
        """Delete the rows of these partitions that have been kept long enough; return how many."""
        deleted = 0
        for partition in partitions:
            due = f"PartitionKey eq {quoted(partition)} and {EXPIRES} lt datetime{quoted(moment(now))}"
            for row in self.query(due):
                if deleted >= at_most:
                    return deleted
                deleted += self.delete((row["PartitionKey"], row["RowKey"]), row["etag"])
        return deleted

    def _made(self, call: Callable[[], HttpResponse]) -> HttpResponse:
        """Call; when there is no table, make it first."""
        try:
            return call()
        except ResourceNotFoundError as error:
            if "TableNotFound" not in str(error.message):
                raise
        with contextlib.suppress(ResourceExistsError):  # another process was faster
            self._rest.call("POST", "/Tables", body={"TableName": self._table})
        return call()


def moment(at: datetime) -> str:
    """Return a time as the tables write it."""
    return f"{at.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def _entity(place: tuple[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    entity: dict[str, Any] = {"PartitionKey": place[0], "RowKey": place[1]}
    for name, value in values.items():
        if isinstance(value, datetime):
            entity |= {name: moment(value), f"{name}@odata.type": "Edm.DateTime"}
        elif value is not None:
            entity[name] = value
    return entity
