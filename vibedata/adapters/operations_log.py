"""The operations log: rows leave in the background, and what cannot leave is kept for a later process.

A row's way: the journal on this machine at once (a killed process loses nothing) → the Logs Ingestion API, by
a thread, so that no step waits for it → else, at the end, the spool in the storage account → else the journal
stays. Any later process delivers what it finds in either. Nothing here raises: the log never fails the work.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from azure.core.credentials import TokenCredential

from vibedata.adapters.azure_errors import role_missing
from vibedata.adapters.details_apart import DetailsApart, Sender, as_line
from vibedata.adapters.operations_ingestion import MAX_BATCH_BYTES, Delivery, Ingestion
from vibedata.adapters.operations_journal import Journal
from vibedata.adapters.operations_spool import Spool
from vibedata.adapters.spool_drain import SpoolDrain
from vibedata.operations_table import table
from vibedata.settings import Settings

PROMPT_ROWS = 200  # so many do not wait for the pause to end
PAUSE_SECONDS = 2.0  # how long a row may wait for others to travel with
CLOSING_SECONDS = 10.0  # how long the end of a process waits for the log in all
MAX_BACKOFF_SECONDS = 30.0


class AzureOperationsLog:
    """See `ports.OperationsLog`. Safe to write to from several threads."""

    def __init__(
        self,
        sender: Sender,
        spool: Spool,
        journal: Journal,
        *,
        closing: threading.Event,
        propagation_seconds: float = 600.0,
        closing_seconds: float = CLOSING_SECONDS,
    ) -> None:
        self._sender = DetailsApart(sender, spool)
        self._spool = spool
        self._spool_drain = SpoolDrain(sender, spool, MAX_BATCH_BYTES, cut_short=closing.is_set)
        self._journal = journal
        self._closing = closing
        self._propagation_seconds = propagation_seconds
        self._closing_seconds = closing_seconds
        self._pending: list[bytes] = []  # rows as they were written
        self._lock = threading.Lock()  # guards what is pending, and the journal
        self._delivering = threading.Lock()  # one delivery at a time
        self._wake = threading.Event()
        self._pump: threading.Thread | None = None
        self._refused_since: float | None = None
        self._drained = False

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """See `ports.OperationsLog.write`."""
        lines = [as_line(row) for row in rows]
        with self._lock:
            first = self._pump is None
            self._pending += lines
            self._journal.append(lines)
            many = len(self._pending) >= PROMPT_ROWS
        if first:
            self._start()
        if first or many:
            self._wake.set()

    def flush(self) -> None:
        """See `ports.OperationsLog.flush`; takes 10 s at most, or what one call in flight still takes."""
        deadline = time.monotonic() + self._closing_seconds
        self._closing.set()  # cuts the pump's pauses short, so that it lets go
        if not self._delivering.acquire(timeout=self._closing_seconds):
            return  # the journal has it all
        try:
            self._closing.clear()
            rest = self._deliver(deadline)
            if not rest and not self._drained:
                self._drain(deadline)
            self._keep(rest)
        finally:
            self._delivering.release()

    def check(self) -> None:
        """See `ports.OperationsLog.check`."""
        self.flush()
        if self._refused_since is not None:
            raise role_missing("logs-publish", f"write rows of {table().name}")

    def _start(self) -> None:
        self._pump = threading.Thread(target=self._run, name="operations-log", daemon=True)
        with contextlib.suppress(RuntimeError):  # no thread to be had: flush delivers
            self._pump.start()

    def _run(self) -> None:
        backoff = PAUSE_SECONDS
        while True:
            self._wake.wait(backoff)
            self._wake.clear()
            with self._delivering:
                rest = self._deliver(time.monotonic() + self._propagation_seconds) if self._may_try() else []
                with self._lock:
                    self._pending[:0] = rest
                if not rest and not self._drained:
                    self._drain(time.monotonic() + self._closing_seconds)
            backoff = min(backoff * 2, MAX_BACKOFF_SECONDS) if rest else PAUSE_SECONDS

    def _may_try(self) -> bool:
        """A role that has not spread after so long is missing: the end of the process tries once more."""
        waited = 0.0 if self._refused_since is None else time.monotonic() - self._refused_since
        return waited <= self._propagation_seconds

    def _deliver(self, deadline: float) -> list[bytes]:
        """Send what is pending; return what is to be tried again or kept."""
        with self._lock:
            lines, self._pending = self._pending, []
        if not lines:
            return []
        delivery = self._send(lines, deadline)
        self._refused_since = (self._refused_since or time.monotonic()) if delivery.forbidden else None
        with self._lock:
            if not delivery.later and not self._pending:
                self._journal.replace([])
        return delivery.later

    def _send(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        """Deliver lines, and keep those that are refused for a person."""
        delivery = self._sender.deliver(lines, deadline)
        if delivery.refused and not self._spool.put(delivery.refused, rejected=True):
            delivery.later += delivery.refused
        return delivery

    def _keep(self, rest: list[bytes]) -> None:
        if not rest or self._spool.put(rest):
            rest = []
        with self._lock:
            self._journal.replace([*rest, *self._pending])
            if rest:
                self._journal.abandon()

    def _drain(self, deadline: float) -> None:
        """Deliver what earlier processes left behind, until something does not go through or the process ends."""
        self._drained = True
        for leftover in self._journal.leftovers():
            for piece in leftover.pieces():
                if time.monotonic() > deadline or self._closing.is_set() or not self._gone(piece, deadline):
                    return
            leftover.delete()
        self._spool_drain.run(deadline - time.monotonic())

    def _gone(self, piece: Sequence[bytes], deadline: float) -> bool:
        """Deliver a piece of a journal; what is left of one that arrived in part moves on to the spool."""
        later = self._send(piece, deadline).later if piece else []
        return not later or (len(later) < len(piece) and self._spool.put(later))


def operations_log(settings: Settings, credential: TokenCredential, home: Path) -> AzureOperationsLog:
    """Return the log of the instance that the settings name; `home` is where the journal lies."""
    closing = threading.Event()
    sender = Ingestion(
        settings.logs_ingestion_endpoint, settings.dcr_immutable_id, table().stream, credential, closing.wait
    )
    return AzureOperationsLog(
        sender,
        Spool(settings.blob_endpoint, credential),
        Journal(home / "work" / "spool"),
        closing=closing,
        propagation_seconds=settings.propagation_seconds,
    )
