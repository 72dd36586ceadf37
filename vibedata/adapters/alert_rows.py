"""Rows of alerts on their way to the Logs Ingestion API: those of invocations that run side by side travel together.

Whoever comes while nothing is in flight uploads what waits; who comes meanwhile waits, and travels with the next
upload. One that takes long, because the API is slow or asks to come again later, does not hold up the others: the
next begins beside it. Each waits for the verdict on its own rows, so a message is acknowledged only when its row has
arrived. While
the API is down or refuses us, rows go to the spool in the storage account instead, which is as durable as the queue
they came from: an outage fills the spool, and poisons no message. `drain`, and every later upload, empties it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from vibedata.adapters.operations_ingestion import Delivery
from vibedata.errors import Transient
from vibedata.operations import MAX_DETAILS_BYTES, Overflow, overflow

MAX_BATCH_BYTES = 900 * 1024
UPLOAD_SECONDS = 20.0  # how long an upload is tried again before its rows are spooled
AT_ONCE = 4  # uploads
LONG_SECONDS = 0.5  # after which the next may begin beside an upload
WAIT_SECONDS = 90.0  # how long a row waits for its turn
DOWN_SECONDS = 10.0  # how long the spool is used without another try, after a lasting trouble
ROUND_SECONDS = 30.0  # of spooled batches that travel beside uploads
GATHER_SECONDS = 10.0  # of reading them: much less than they are held for


class Sender(Protocol):
    """What uploads lines: `Ingestion`."""

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        """See `Ingestion.deliver`."""


class Spool(Protocol):
    """What keeps lines: `operations_spool.Spool`."""

    def put(self, lines: Sequence[bytes], *, rejected: bool = False) -> bool:
        """See `Spool.put`."""

    def put_details(self, overflow: Overflow) -> bool:
        """See `Spool.put_details`."""

    def waiting(self) -> Any:
        """See `Spool.waiting`."""

    def hold(self, name: str) -> bool:
        """See `Spool.hold`."""

    def read(self, name: str) -> list[bytes] | None:
        """See `Spool.read`."""

    def delete(self, name: str) -> None:
        """See `Spool.delete`."""


@dataclass(eq=False)
class _Waiter:
    """The rows of one call, and what became of them."""

    lines: list[bytes]
    size: int
    taken: bool = False
    done: bool = False
    lost: str = "the upload broke off"


class GroupedRows:
    """See `ports.AlertRows`. Safe to use from several threads: that is what it is for."""

    def __init__(
        self,
        sender: Sender,
        spool: Spool,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        max_bytes: int = MAX_BATCH_BYTES,
        wait_seconds: float = WAIT_SECONDS,
        down_seconds: float = DOWN_SECONDS,
    ) -> None:
        self._sender, self._spool, self._monotonic = sender, spool, monotonic
        self._max_bytes, self._wait_seconds, self._down_seconds = max_bytes, wait_seconds, down_seconds
        self._turn = threading.Condition()
        self._draining = threading.Lock()  # one thread at a time; uploads go on meanwhile
        self._waiting: list[_Waiter] = []
        self._in_flight: list[list[_Waiter]] = []
        self._began = 0.0  # when the last upload did
        self._down_until = 0.0
        self._has_spooled = False

    def deliver(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """See `ports.AlertRows.deliver`."""
        lines = [self._line(row) for row in rows]
        waiter = _Waiter(lines, sum(len(line) + 1 for line in lines))
        deadline = self._monotonic() + self._wait_seconds
        with self._turn:
            self._waiting.append(waiter)
        while batch := self._await_turn(waiter, deadline):
            self._upload(batch)
        if waiter.lost:
            raise _undelivered(waiter.lost)

    def drain(self, seconds: float) -> int:
        """See `ports.AlertRows.drain`."""
        deadline, delivered = self._monotonic() + seconds, 0
        with self._draining:
            while self._monotonic() < deadline and (some := self._drain_some(deadline)):
                delivered += some
        return delivered

    def _await_turn(self, waiter: _Waiter, deadline: float) -> list[_Waiter]:
        """Return the batch to upload when it is this caller's turn; nothing when its rows have been dealt with."""
        with self._turn:
            while not waiter.done and (waiter.taken or (turn := self._seconds_to_turn()) > 0):
                left = deadline - self._monotonic()
                if left <= 0 and not waiter.taken:
                    self._waiting.remove(waiter)
                    waiter.lost = "there was no turn for it"
                    return []
                self._turn.wait(max(left if waiter.taken else min(left, turn), 0.1))
            if waiter.done:
                return []
            self._in_flight.append(self._batch())
            self._began = self._monotonic()
            return self._in_flight[-1]

    def _seconds_to_turn(self) -> float:
        """Return after how long another upload may begin, if none ends: at once when none is in flight."""
        if not self._in_flight:
            return 0.0
        if len(self._in_flight) >= AT_ONCE:
            return self._wait_seconds
        return self._began + LONG_SECONDS - self._monotonic()

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

    def _upload(self, batch: list[_Waiter]) -> None:
        reason: str | None = None
        try:
            reason = self._deliver([line for waiter in batch for line in waiter.lines])
        finally:
            with self._turn:
                self._in_flight.remove(batch)
                for waiter in batch:
                    waiter.done = True
                    waiter.lost = waiter.lost if reason is None else reason
                self._turn.notify_all()
        if self._has_spooled and self._monotonic() >= self._down_until:
            self._drain_beside()

    def _deliver(self, lines: list[bytes]) -> str:
        """Upload lines, or spool them; return why neither was possible, "" when all of them are safe."""
        now = self._monotonic()
        if now < self._down_until:
            return self._spooled(lines, "the operations log is down, and so is the spool")
        delivery = self._sender.deliver(lines, now + UPLOAD_SECONDS)
        if delivery.refused and not self._spool.put(delivery.refused, rejected=True):
            delivery.later += delivery.refused
        if delivery.later:
            self._down_until = self._monotonic() + self._down_seconds
            return self._spooled(delivery.later, delivery.reason)
        return ""

    def _spooled(self, lines: list[bytes], reason: str) -> str:
        if not self._spool.put(lines):
            return reason
        self._has_spooled = True
        return ""

    def _drain_beside(self) -> None:
        """Deliver some of the spool now that the log takes rows again, while others upload: soon there is none."""
        if not self._draining.acquire(blocking=False):
            return
        try:
            self._has_spooled = False  # whoever spools meanwhile says so again
            if self._drain_some(self._monotonic() + ROUND_SECONDS) != 0:
                self._has_spooled = True
        finally:
            self._draining.release()

    def _drain_some(self, deadline: float) -> int | None:
        """Deliver spooled batches in one upload; return how many, None: not now."""
        found = self._gathered(deadline)
        if not found:
            return 0
        delivery = self._sender.deliver([line for lines in found.values() for line in lines], deadline)
        if delivery.refused and not self._spool.put(delivery.refused, rejected=True):
            delivery.later += delivery.refused
        left = set(delivery.later)
        for name, lines in found.items():
            if left.isdisjoint(lines):
                self._spool.delete(name)
        if not left:
            return len(found)
        self._down_until = self._monotonic() + self._down_seconds
        return None

    def _gathered(self, deadline: float) -> dict[str, list[bytes]]:
        """Return spooled batches that nobody else is delivering: each arrives once, unless its bearer dies."""
        deadline = min(deadline, self._monotonic() + GATHER_SECONDS)
        found: dict[str, list[bytes]] = {}
        size = 0
        for name in self._spool.waiting():
            lines = self._spool.read(name) if self._spool.hold(name) else None
            if lines is not None:
                found[name] = lines
                size += sum(len(line) + 1 for line in lines)
            if size >= self._max_bytes // 2 or self._monotonic() > deadline:
                break
        return found

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
