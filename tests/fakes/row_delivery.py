"""What takes lines of rows, and what keeps those that it does not take: both in memory, with troubles to be set."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from vibedata.adapters.operations_ingestion import Delivery
from vibedata.adapters.operations_spool import PENDING
from vibedata.operations import Overflow


@dataclass
class FakeSender:
    """Takes lines as the log does; what it shall do next is set from outside."""

    uploads: list[list[bytes]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    later: bool = False
    refuse: bytes = b"\0"
    broken: bool = False

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        self.uploads.append(list(lines))
        self.entered.release()
        assert self.gate.wait(60)
        if self.broken:
            raise RuntimeError("a bug")
        if self.later:
            return Delivery(later=list(lines), reason="HTTP 503")
        return Delivery(refused=[line for line in lines if self.refuse in line])


@dataclass
class MemorySpool:
    batches: dict[str, list[bytes]] = field(default_factory=dict)
    rejected: list[bytes] = field(default_factory=list)
    details: list[Overflow] = field(default_factory=list)
    full: bool = False
    out_of_reach: bool = False
    unreadable: int = 0
    elsewhere: set[str] = field(default_factory=set)  # held by another process
    held: set[str] = field(default_factory=set)
    forgotten: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)  # that release or delete
    dead: bool = False  # does not answer those
    numbers: count[int] = field(default_factory=count)

    def put(self, lines: Sequence[bytes], *, rejected: bool = False) -> bool:
        if self.full:
            return False
        if rejected:
            self.rejected += lines
        else:
            self.batches[f"{PENDING}{next(self.numbers)}"] = list(lines)
        return True

    def put_details(self, overflow: Overflow) -> bool:
        if not self.full:
            self.details.append(overflow)
        return not self.full

    def waiting(self) -> list[str] | None:
        return None if self.out_of_reach else list(self.batches)

    def hold(self, name: str) -> bool:
        if name in self.elsewhere | self.held:
            return False
        self.held.add(name)
        return True

    def release(self, name: str) -> bool:
        self.calls.append(("release", name))
        self.held.discard(name)
        return not self.dead

    def forget(self, name: str) -> None:
        self.forgotten.append(name)
        self.held.discard(name)

    def read(self, name: str) -> list[bytes] | None:
        if self.unreadable:
            self.unreadable -= 1
            return None
        return self.batches.get(name)

    def delete(self, name: str) -> bool:
        self.calls.append(("delete", name))
        self.held.discard(name)
        if not self.dead:
            self.batches.pop(name, None)
        return not self.dead
