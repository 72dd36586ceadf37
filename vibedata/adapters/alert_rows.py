"""Rows of alerts on their way to the Logs Ingestion API: those of invocations that run side by side travel together.

Whoever comes while nothing is in flight uploads what waits; who comes meanwhile waits, and travels with the next
upload. One that takes long, because the API is slow or asks to come again later, does not hold up the others: the
next begins beside it. Each waits for the verdict on its own rows, so a message is acknowledged only when its row has
arrived. While the API is down or refuses us, rows go to the spool in the storage account instead, which is as durable
as the queue they came from: an outage fills the spool, and poisons no message. Once an upload has succeeded again, a
thread of its own empties it; so does `drain`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from vibedata.adapters.details_apart import Sender
from vibedata.adapters.spool_drain import Drained, SpoolDrain, Spooled
from vibedata.errors import Transient
from vibedata.operations import MAX_DETAILS_BYTES, overflow

MAX_BATCH_BYTES = 900 * 1024
UPLOAD_SECONDS = 20.0  # how long an upload is tried again before its rows are spooled
AT_ONCE = 4  # uploads
LONG_SECONDS = 0.5  # after which the next may begin beside an upload
WAIT_SECONDS = 90.0  # how long a row waits for its turn
DOWN_SECONDS = 10.0  # how long the spool is used without another try, after a lasting trouble
DRAIN_SECONDS = 600.0  # of the thread that empties the spool
log = logging.getLogger("vibedata.alert_rows")


@dataclass(eq=False)
class _Waiter:
    """The rows of one call, and what became of them."""

    lines: list[bytes]
    size: int
    taken: bool = False
    done: bool = False
    lost: str = "the upload broke off"


@dataclass(eq=False)
class _Upload:
    """What travels together, and since when (monotonic seconds)."""

    batch: list[_Waiter]
    began: float


class GroupedRows:
    """See `ports.AlertRows`. Safe to use from several threads: that is what it is for."""

    def __init__(
        self,
        sender: Sender,
        spool: Spooled,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        max_bytes: int = MAX_BATCH_BYTES,
        wait_seconds: float = WAIT_SECONDS,
        down_seconds: float = DOWN_SECONDS,
    ) -> None:
        self._sender, self._spool, self._monotonic = sender, spool, monotonic
        self._max_bytes, self._wait_seconds, self._down_seconds = max_bytes, wait_seconds, down_seconds
        self._drain = SpoolDrain(sender, spool, max_bytes, monotonic)
        self._turn = threading.Condition()  # guards all of these
        self._waiting: list[_Waiter] = []
        self._in_flight: list[_Upload] = []
        self._succeeded = 0.0  # when the last upload began that has succeeded
        self._down_until = 0.0
        self._has_spooled = False
        self._drains_from = 0.0
        self._drainer: threading.Thread | None = None

    def deliver(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """See `ports.AlertRows.deliver`."""
        lines = [self._line(row) for row in rows]
        waiter = _Waiter(lines, sum(len(line) + 1 for line in lines))
        deadline = self._monotonic() + self._wait_seconds
        with self._turn:
            self._waiting.append(waiter)
        try:
            while upload := self._await_turn(waiter, deadline):
                self._upload(upload)
        finally:
            self._leave(waiter)
        if waiter.lost:
            raise _undelivered(waiter.lost)

    def drain(self, seconds: float) -> int:
        """See `ports.AlertRows.drain`."""
        return self._drain.run(seconds).batches

    def _leave(self, waiter: _Waiter) -> None:
        """Have nobody else deliver the rows of a caller that goes away."""
        with self._turn:
            if not waiter.taken and waiter in self._waiting:
                self._waiting.remove(waiter)

    def _await_turn(self, waiter: _Waiter, deadline: float) -> _Upload | None:
        """Return what to upload when it is this caller's turn; None when its rows have been dealt with."""
        with self._turn:
            while not waiter.done and (waiter.taken or (turn := self._seconds_to_turn()) > 0):
                left = deadline - self._monotonic()
                if left <= 0 and not waiter.taken:
                    self._waiting.remove(waiter)
                    waiter.lost = "there was no turn for it"
                    return None
                self._turn.wait(max(left if waiter.taken else min(left, turn), 0.1))
            if waiter.done:
                return None
            self._in_flight.append(_Upload(self._batch(), self._monotonic()))
            return self._in_flight[-1]

    def _seconds_to_turn(self) -> float:
        """Return after how long another upload may begin, if none ends: at once when none is in flight."""
        if not self._in_flight:
            return 0.0
        if len(self._in_flight) >= AT_ONCE:
            return self._wait_seconds
        return self._in_flight[-1].began + LONG_SECONDS - self._monotonic()

    def _batch(self) -> list[_Waiter]:
        """Take what waits, as much as goes into one upload; the first goes whatever its size."""
        batch = [self._waiting.pop(0)]
        size = batch[0].size
        while self._waiting and size + self._waiting[0].size <= self._max_bytes:
            batch.append(self._waiting.pop(0))
            size += batch[-1].size
        for waiter in batch:
            waiter.taken = True
        return batch

    def _upload(self, upload: _Upload) -> None:
        reason: str | None = None
        try:
            reason = self._deliver([line for waiter in upload.batch for line in waiter.lines], upload.began)
        finally:
            with self._turn:
                self._in_flight.remove(upload)
                for waiter in upload.batch:
                    waiter.done = True
                    waiter.lost = waiter.lost if reason is None else reason
                self._turn.notify_all()

    def _deliver(self, lines: list[bytes], began: float) -> str:
        """Upload lines, or spool them; return why neither was possible, "" when all of them are safe."""
        with self._turn:
            is_down = began < self._down_until
        if is_down:
            return self._spooled(lines, "the operations log is down, and so is the spool")
        delivery = self._sender.deliver(lines, began + UPLOAD_SECONDS)
        self._note(began, succeeded=not delivery.later)
        if delivery.refused:
            log.error("The operations log refuses %d rows: %s", len(delivery.refused), delivery.reason)
            delivery.later += [] if self._spool.put(delivery.refused, rejected=True) else delivery.refused
        return self._spooled(delivery.later, delivery.reason) if delivery.later else ""

    def _note(self, began: float, *, succeeded: bool) -> None:
        """Take the log for down after a failure, unless what began later has succeeded."""
        with self._turn:
            if succeeded:
                self._succeeded = max(self._succeeded, began)
            elif began >= self._succeeded:
                self._down_until = self._monotonic() + self._down_seconds
            if (
                succeeded
                and self._has_spooled
                and not self._drainer
                and self._monotonic() >= self._drains_from
            ):
                self._begin_drain()

    def _begin_drain(self) -> None:
        """Start the thread that empties the spool; where none is to be had, a later upload or the sweep does it."""
        drainer = threading.Thread(target=self._empty_spool, name="alert-rows-drain", daemon=True)
        with contextlib.suppress(RuntimeError):
            drainer.start()
            self._drainer = drainer

    def _empty_spool(self) -> None:
        with self._turn:
            self._has_spooled = False  # whoever spools meanwhile says so again
        drained = Drained()
        try:
            drained = self._drain.run(DRAIN_SECONDS)
        except Exception:
            log.exception("The spool could not be drained")
        with self._turn:
            self._drainer = None
            if not drained.empty:
                self._has_spooled = True
                self._drains_from = self._monotonic() + self._down_seconds

    def _spooled(self, lines: list[bytes], reason: str) -> str:
        if not self._spool.put(lines):
            return reason
        with self._turn:
            self._has_spooled = True
        return ""

    def _line(self, row: Mapping[str, Any]) -> bytes:
        """Return a row as a line; Details that are too large for it lie in a blob first. Raises Transient."""
        line = _json(row)
        if len(line) <= MAX_DETAILS_BYTES:  # so its Details are smaller too
            return line
        fitting, details = overflow(row)
        if details is None:
            return line
        if not self._spool.put_details(details):
            raise _undelivered("its Details could not be stored")
        return _json(fitting)


def _json(row: Mapping[str, Any]) -> bytes:
    """Return a row as JSON, whatever was in the alert: orjson refuses numbers beyond 64 bits."""
    try:
        return orjson.dumps(row, default=str)
    except TypeError:
        return json.dumps(row, default=str, separators=(",", ":")).encode()


def _undelivered(reason: str) -> Transient:
    return Transient(
        "alert-rows-undelivered",
        f"Neither the operations log nor its spool has taken the rows: {reason}.",
        hint="The alert stays on the queue and is processed again; check the data collection endpoint and the "
        "storage account.",
    )
