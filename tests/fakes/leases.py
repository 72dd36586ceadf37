"""Leases and the release pointer in memory."""

from __future__ import annotations

from vibedata import fencing
from vibedata.errors import Blocked, Failed
from vibedata.ports import ReleaseRecord


class FakeLease:
    def __init__(self, leases: FakeLeases, name: str, owner: str, fence: int) -> None:
        self.fence = fence
        self._leases = leases
        self._name = name
        self._owner = owner

    def check(self) -> None:
        self._leases.checks += 1
        if self._leases.held.get(self._name) != (self._owner, self.fence):
            raise Failed("lease-lost", self._name, hint="run again")

    def release(self) -> None:
        if self._leases.held.get(self._name) == (self._owner, self.fence):
            del self._leases.held[self._name]


class FakeLeases:
    """Leases without time: a dead holder is one that a test expires."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, int]] = {}
        self.fences: dict[str, int] = {}
        self.checks = 0

    def acquire(self, name: str, *, owner: str) -> FakeLease:
        holder = self.held.get(name)
        if holder and holder[0] != owner:
            raise Blocked("lease-held", f"{holder[0]} holds {name}", hint="wait", detail={"owner": holder[0]})
        self.fences[name] = self.fences.get(name, 0) + 1
        self.held[name] = (owner, self.fences[name])
        return FakeLease(self, name, owner, self.fences[name])

    def expire(self, name: str) -> None:
        """Let the holder's time run out."""
        self.held.pop(name, None)


class FakeReleasePointer:
    """Remembers the imported release; `puts` counts the writes."""

    def __init__(self) -> None:
        self.record: ReleaseRecord | None = None
        self.puts = 0
        self.fence = 0

    def get(self) -> ReleaseRecord | None:
        return self.record

    def put(self, record: ReleaseRecord, *, fence: int = 0) -> None:
        fencing.refuse_older(fence, self.fence, "The imported release")
        self.record, self.puts, self.fence = record, self.puts + 1, fence
