"""Empties the spool into the operations log: many batches in one upload, each held meanwhile, one drain at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vibedata.adapters.operations_ingestion import Delivery

MAX_BATCHES = 100  # of one upload
GATHER_SECONDS = 10.0  # of reading them
ROUND_SECONDS = 30.0  # until the last post of an upload begins: with it, less than a batch is held for


class Sender(Protocol):
    """What uploads lines: `Ingestion`."""

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        """See `Ingestion.deliver`."""


class Spooled(Protocol):
    """What keeps batches of lines: `operations_spool.Spool`."""

    def put(self, lines: Sequence[bytes], *, rejected: bool = False) -> bool:
        """See `Spool.put`."""

    def waiting(self) -> list[str] | None:
        """See `Spool.waiting`."""

    def hold(self, name: str) -> bool:
        """See `Spool.hold`."""

    def release(self, name: str) -> None:
        """See `Spool.release`."""

    def read(self, name: str) -> list[bytes] | None:
        """See `Spool.read`."""

    def delete(self, name: str) -> None:
        """See `Spool.delete`."""


@dataclass(frozen=True)
class Drained:
    """How many batches were delivered; `empty`: none is left, `stuck`: something did not go through."""

    batches: int = 0
    empty: bool = False
    stuck: bool = False


@dataclass
class SpoolDrain:
    """Drains one spool. Safe to use from several threads: one drains, the others wait for it as long as they may."""

    sender: Sender
    spool: Spooled
    max_bytes: int
    monotonic: Callable[[], float] = time.monotonic
    _one: threading.Lock = field(default_factory=threading.Lock)

    def run(self, seconds: float) -> Drained:
        """Deliver what waits until none is left, something does not go through, or the time is up."""
        deadline, batches = self.monotonic() + seconds, 0
        if not self._one.acquire(timeout=seconds):
            return Drained()
        try:
            while self.monotonic() < deadline:
                some = self._round(deadline)
                batches += some.batches
                if some.empty or some.stuck:
                    return Drained(batches, some.empty, some.stuck)
        finally:
            self._one.release()
        return Drained(batches)

    def _round(self, deadline: float) -> Drained:
        """Deliver as many batches as go into one upload."""
        names = self.spool.waiting()
        if not names:
            return Drained(empty=names is not None, stuck=names is None)
        deadline = min(deadline, self.monotonic() + ROUND_SECONDS)
        found: dict[str, list[bytes]] = {}
        done: list[str] = []
        try:
            self._gather(names, found)
            if self.monotonic() < deadline:
                done = self._deliver(found, deadline)
        finally:
            for name in found:
                if name not in done:
                    self.spool.release(name)
        return Drained(len(done), stuck=not done or len(done) < len(found))

    def _gather(self, names: Sequence[str], found: dict[str, list[bytes]]) -> None:
        """Hold and read batches that nobody else is delivering: each arrives once, unless its bearer dies."""
        until, size = self.monotonic() + GATHER_SECONDS, 0
        for name in names:
            if len(found) >= MAX_BATCHES or size >= self.max_bytes // 2 or self.monotonic() > until:
                return
            if not self.spool.hold(name):
                continue
            lines = self.spool.read(name)
            if lines is None:
                self.spool.release(name)
                continue
            found[name] = lines
            size += sum(len(line) + 1 for line in lines)

    def _deliver(self, found: dict[str, list[bytes]], deadline: float) -> list[str]:
        """Upload batches together and delete those of which every line has arrived, or is kept for a person."""
        if not found:
            return []
        delivery = self.sender.deliver([line for lines in found.values() for line in lines], deadline)
        later, refused = set(delivery.later), set(delivery.refused)
        done = [name for name, lines in found.items() if later.isdisjoint(lines)]
        kept = [line for name in done for line in found[name] if line in refused]
        if kept and not self.spool.put(kept, rejected=True):
            done = [name for name in done if refused.isdisjoint(found[name])]
        for name in done:
            self.spool.delete(name)
        return done
