"""Leases in Azure Tables: compare-and-swap by ETag, time from a clock, a fence that only grows.

A lease outlives its holder by about its term, so a killed run blocks the next one for seconds only. No two
machines' clocks are compared: who waits looks whether the row changes within its term, who holds renews by the time
that has passed for itself. A row is never deleted, because its fence must not start again.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.data.tables import TableClient, UpdateMode

from vibedata.adapters.azure_errors import azure_errors
from vibedata.errors import Blocked, Failed, Transient, VibedataError

NEEDS = "table-data"  # its row in contracts/rbac.json
TERM_SECONDS = 30.0
LOOK_SECONDS = 1.0
SKEW = timedelta(minutes=5)  # a lease that ended longer ago is not alive by any clock


class AzureLease:
    """One lease as its holder sees it; safe to check from several threads."""

    def __init__(self, leases: AzureLeases, name: str, row: dict[str, Any], etag: str) -> None:
        self.fence = int(row["Fence"])
        self._leases = leases
        self._name = name
        self._row = row
        self._etag = etag
        self._renewed = leases.now()
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raise Failed (lease-lost) when another operation has taken over; renews in time."""
        with self._lock:
            if self._passed() < self._leases.term / 3:
                return
            try:
                self._write({**self._row, "Until": self._leases.now() + self._leases.term})
            except Transient:
                if self._passed() >= self._leases.term:  # else it is still ours, and the next look renews it
                    raise

    def release(self) -> None:
        """Give the lease back at once; a lost one is left alone, one out of reach runs out by itself."""
        with self._lock:
            try:
                self._write({**self._row, "Until": self._leases.now(), "Owner": ""})
            except VibedataError:
                return

    def _passed(self) -> timedelta:
        """Return the time since the last renewal; a clock that was put back counts as a whole term."""
        passed = self._leases.now() - self._renewed
        return passed if passed >= timedelta() else self._leases.term

    def _write(self, row: dict[str, Any]) -> None:
        began = self._leases.now()
        etag = self._leases.swap(row, self._etag) or self._leases.swap_again(row)
        if etag is None:
            raise Failed(
                "lease-lost",
                f"Another run has taken over the lease {self._name!r} (ours had fence {self.fence}).",
                hint="Look at the other run with `vibedata logs`; run this one again when it has ended.",
            )
        self._row, self._etag, self._renewed = row, etag, began


class AzureLeases:
    """The leases of one instance, in one table partition."""

    def __init__(
        self,
        table: TableClient,
        instance_id: str,
        *,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        term_seconds: float = TERM_SECONDS,
    ) -> None:
        self._table = table
        self._partition = instance_id
        self.now = clock
        self._sleep = sleep
        self.term = timedelta(seconds=term_seconds)

    def acquire(self, name: str, *, owner: str) -> AzureLease:
        """Take the lease, waiting out one whose holder no longer renews it. Raises Blocked (lease-held)."""
        seen: dict[str, Any] | None = None
        began = self.now()
        while True:
            row, etag = self._read(name)
            if row is not None and self._is_held(row, owner):
                if seen is not None and (row["Until"], row["Fence"]) != (seen["Until"], seen["Fence"]):
                    raise _held(name, row)
                seen, left = row, self._term_of(row) - (self.now() - began)
                if left > timedelta():
                    self._sleep(min(LOOK_SECONDS, left.total_seconds()))
                    continue
            taken = self._take(name, owner, row, etag)
            if taken is not None:
                return taken

    def swap(self, row: dict[str, Any], etag: str) -> str | None:
        """Replace the row that has this ETag; None when somebody else has changed it."""
        with azure_errors("renew a lease", needs=NEEDS):
            try:
                reply = self._table.update_entity(
                    row, mode=UpdateMode.REPLACE, etag=etag, match_condition=MatchConditions.IfNotModified
                )
            except (ResourceModifiedError, ResourceNotFoundError):
                return None
        return str(reply["etag"])

    def swap_again(self, row: dict[str, Any]) -> str | None:
        """Replace a row that nobody else has taken since: our last write may have arrived without its answer."""
        found, etag = self._read(row["RowKey"])
        return self.swap(row, etag) if found and etag and found["Fence"] == row["Fence"] else None

    def _is_held(self, row: dict[str, Any], owner: str) -> bool:
        return bool(row["Owner"]) and row["Owner"] != owner and row["Until"] > self.now() - SKEW

    def _term_of(self, row: dict[str, Any]) -> timedelta:
        return timedelta(seconds=float(row.get("TermSeconds") or self.term.total_seconds()))

    def _take(self, name: str, owner: str, row: dict[str, Any] | None, etag: str | None) -> AzureLease | None:
        now = self.now()
        mine = {
            "PartitionKey": self._partition,
            "RowKey": name,
            "Owner": owner,
            "Since": now,
            "Until": now + self.term,
            "TermSeconds": self.term.total_seconds(),
            "Fence": int(row["Fence"]) + 1 if row else 1,
        }
        etag = self.swap(mine, etag) if etag else self._insert(mine)
        return AzureLease(self, name, mine, etag) if etag else None

    def _insert(self, row: dict[str, Any]) -> str | None:
        with azure_errors("take a lease", needs=NEEDS):
            try:
                return str(self._table.create_entity(row)["etag"])
            except ResourceExistsError:
                return None

    def _read(self, name: str) -> tuple[dict[str, Any] | None, str | None]:
        with azure_errors("read a lease", needs=NEEDS):
            try:
                entity = self._table.get_entity(self._partition, name)
            except ResourceNotFoundError as error:
                make_missing_table(self._table, error)
                return None, None
        return dict(entity), str(entity.metadata["etag"])


def make_missing_table(table: TableClient, error: HttpResponseError) -> bool:
    """Create the table when it is what an error says is missing; tell whether it is."""
    if "TableNotFound" in f"{getattr(error, 'error_code', '')} {error}":  # the SDK tells it here or there
        with contextlib.suppress(ResourceExistsError):  # another one was faster
            table.create_table()
        return True
    return False


def _held(name: str, row: dict[str, Any]) -> Blocked:
    since, until = (row[key].strftime("%Y-%m-%dT%H:%M:%SZ") for key in ("Since", "Until"))
    return Blocked(
        "lease-held",
        f"Operation {row['Owner']} holds the lease {name!r} since {since}, for now until {until}.",
        hint="Wait for it (`vibedata logs --operation-id ...`), then run again.",
        detail={"owner": row["Owner"], "since": since, "until": until, "fence": row["Fence"]},
    )
