"""PoisonedAlerts and KeptBodies in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from vibedata.alerts.kept import REJECTED, KeptBody, ambiguous
from vibedata.alerts.kept import unknown as unknown_body
from vibedata.alerts.poison import Diagnosis, Poisoned, Stranded, name_of, unknown


class FakePoisonedAlerts:
    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.claimed: dict[str, bytes] = {}
        self.known: dict[str, Poisoned] = {}
        self.writes = 0

    def keep(self, raw: bytes, *, claimed: bytes | None, told: Diagnosis, at: datetime) -> Poisoned:
        name = name_of(raw)
        if claimed is not None:
            self.claimed.setdefault(name, claimed)
        before = self.known.get(name)
        if before is None:
            self.blobs[name] = raw
            self._note(Poisoned(name, at, told, len(raw)))
        elif not before.waits:
            self._note(Poisoned(name, at, told, len(raw), before.times + 1))
        return self.known[name]

    def kept(self) -> list[Poisoned]:
        return sorted(self.known.values(), key=lambda one: (one.at, one.name))

    def read(self, name: str) -> tuple[Poisoned, bytes, bytes | None]:
        if name not in self.known:
            raise unknown(name)
        return self.known[name], self.blobs[name], self.claimed.get(name)

    def requeued(self, name: str, at: datetime) -> None:
        self._note(replace(self.known[name], requeued_at=at))

    def _note(self, one: Poisoned) -> None:
        self.known[one.name] = one
        self.writes += 1


class FakeStrandedMessages:
    """What lies on `alerts-poison`, with when it was put there."""

    def __init__(self) -> None:
        self.lying: list[tuple[datetime, Stranded]] = []

    def put(self, raw: bytes, at: datetime) -> None:
        self.lying.append((at, Stranded(raw, 6, (str(len(self.lying)), "receipt"))))

    def older(self, than: datetime) -> Iterator[Stranded]:
        yield from [one for at, one in self.lying if at < than]

    def done(self, one: Stranded) -> None:
        self.lying = [(at, other) for at, other in self.lying if other != one]


class FakeKeptBodies:
    def __init__(self, **bodies: bytes) -> None:
        self.bodies = dict(bodies)
        self.known: dict[str, KeptBody] = {}

    def keep(self, raw: bytes, at: datetime, code: str = "not-an-alert", reason: str = "no alert") -> str:
        path = REJECTED + hashlib.sha256(raw).hexdigest()
        self.bodies[path] = raw
        self.known[path] = KeptBody(path, len(raw), at, code, reason, "eventhub")
        return path

    def read(self, path: str) -> tuple[KeptBody, bytes]:
        found = [one for one in self.bodies if one == path or (len(path) >= 26 and one.startswith(path))]
        if len(found) > 1:
            raise ambiguous(path)
        if not found:
            raise unknown_body(path)
        raw = self.bodies[found[0]]
        return self.known.get(found[0], KeptBody(found[0], len(raw))), raw

    def rejected(self) -> Iterator[KeptBody]:
        yield from self.known.values()
