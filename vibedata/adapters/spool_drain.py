"""Empties the spool into the operations log: many batches in one upload, each held meanwhile, one drain at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vibedata.adapters.details_apart import DetailsApart, Sender
from vibedata.operations import Overflow

MAX_BATCHES = 100  # of one upload
GATHER_SECONDS = 10.0  # of reading them
RELEASE_SECONDS = 2.0  # beyond the end of its time, of letting others have what was not delivered
# Until the last post of an upload begins, whatever is put apart before: with it, less than a batch is held for.
ROUND_SECONDS = 30.0


class Spooled(Protocol):
    """What keeps batches of lines: `operations_spool.Spool`."""

    def put(self, lines: Sequence[bytes], *, rejected: bool = False) -> bool:
        """See `Spool.put`."""

    def put_details(self, overflow: Overflow) -> bool:
        """See `Spool.put_details`."""

    def waiting(self) -> list[str] | None:
        """See `Spool.waiting`."""

    def hold(self, name: str) -> bool:
        """See `Spool.hold`."""

    def release(self, name: str) -> bool:
        """See `Spool.release`."""

    def forget(self, name: str) -> None:
        """See `Spool.forget`."""

    def read(self, name: str) -> list[bytes] | None:
        """See `Spool.read`."""

    def delete(self, name: str) -> bool:
        """See `Spool.delete`."""


@dataclass(frozen=True)
class Drained:
    """How many batches were delivered; `empty`: none is left, `stuck`: something did not go through."""

    batches: int = 0
    empty: bool = False
    stuck: bool = False


@dataclass
class SpoolDrain:
    """Drains one spool. Safe to use from several threads: one drains, the others wait for it as long as they may.

    `cut_short` says that somebody waits for it to end: it lets go of what it has not begun to upload.
    """

    sender: Sender
    spool: Spooled
    max_bytes: int
    monotonic: Callable[[], float] = time.monotonic
    cut_short: Callable[[], bool] = lambda: False
    _one: threading.Lock = field(default_factory=threading.Lock)

    def run(self, seconds: float) -> Drained:
        """Deliver what waits until none is left, something does not go through, or the time is up."""
        deadline, batches = self.monotonic() + seconds, 0
        if not self._one.acquire(timeout=max(seconds, 0.0)):
            return Drained()
        try:
            while not self._is_over(deadline):
                some = self._round(deadline)
                batches += some.batches
                if some.empty or some.stuck:
                    return Drained(batches, some.empty, some.stuck)
        finally:
            self._one.release()
        return Drained(batches)

    def _is_over(self, deadline: float) -> bool:
        return self.cut_short() or self.monotonic() >= deadline

    def _round(self, deadline: float) -> Drained:
        """Deliver as many batches as go into one upload."""
        names = self.spool.waiting()
        if not names:
            return Drained(empty=names is not None, stuck=names is None)
        deadline = min(deadline, self.monotonic() + ROUND_SECONDS)
        found: dict[str, list[bytes]] = {}
        try:
            self._gather(names, found, deadline)
            if not found or self._is_over(deadline):
                return Drained(stuck=True)
            return self._deliver(found, deadline)
        finally:
            until = deadline + RELEASE_SECONDS
            self._while_it_answers(lambda name: self.monotonic() < until and self.spool.release(name), found)

    def _gather(self, names: Sequence[str], found: dict[str, list[bytes]], deadline: float) -> None:
        """Hold and read batches that nobody else is delivering: each arrives once, unless its bearer dies."""
        began, size = self.monotonic(), 0
        until = began + min(GATHER_SECONDS, (deadline - began) / 2)  # the rest is for delivering them
        for name in names:
            if len(found) >= MAX_BATCHES or size >= self.max_bytes // 2 or self._is_over(until):
                return
            if not self.spool.hold(name):
                continue
            lines = self.spool.read(name)
            if lines is None:
                self.spool.release(name)
                continue
            found[name] = lines
            size += sum(len(line) + 1 for line in lines)

    def _deliver(self, found: dict[str, list[bytes]], deadline: float) -> Drained:
        """Upload batches together; take from `found`, and delete, those of which nothing is left to deliver.

        What is left of a batch that arrived in part becomes one of its own, so that each upload is a step forward,
        however long the search for refused rows takes.
        """
        together = [line for lines in found.values() for line in lines]
        delivery = DetailsApart(self.sender, self.spool, self.monotonic).deliver(together, deadline)
        later = set(delivery.later)
        done = self._settled(found, later, set(delivery.refused))
        whole = sum(later.isdisjoint(found.pop(name)) for name in done)
        answered = self._while_it_answers(self.spool.delete, done)
        return Drained(whole, stuck=bool(later or found) or not answered)

    def _settled(self, found: dict[str, list[bytes]], later: set[bytes], refused: set[bytes]) -> list[str]:
        """Return the batches of which every line has arrived, waits in another, or is kept for a person."""
        done = [name for name, lines in found.items() if not lines or not later.issuperset(lines)]
        rest = [line for name in done for line in found[name] if line in later]
        if rest and not self.spool.put(rest):
            done = [name for name in done if later.isdisjoint(found[name])]
        kept = [line for name in done for line in found[name] if line in refused]
        if kept and not self.spool.put(kept, rejected=True):
            done = [name for name in done if refused.isdisjoint(found[name])]
        return done

    def _while_it_answers(self, act: Callable[[str], bool], names: Iterable[str]) -> bool:
        """Have `act` done to each batch until the spool does not answer: the rest is free when its lease ends."""
        answers = True
        for name in names:
            answers = answers and act(name)
            if not answers:
                self.spool.forget(name)
        return answers
