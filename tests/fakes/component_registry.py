"""A component registry in memory: same keys, limits and ETags as the table's."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from vibedata import fencing, registry_entities
from vibedata.errors import Transient
from vibedata.registry import Change, Row

TRANSACTION = 100


class Killed(BaseException):
    """The process ended here."""


class FakeComponentRegistry:
    """Rows by encoded key. `writes` counts rows written; `before_write` runs once, as a writer in between.

    After `killed_after` transactions the process is killed.
    """

    def __init__(self) -> None:
        self.entities: dict[str, tuple[dict[str, object], str]] = {}
        self.writes = 0
        self.transactions: list[list[str]] = []
        self.before_write: Callable[[], None] | None = None
        self.killed_after: int | None = None
        self.fence = 0
        self._version = 0

    def read(self, prefix: str = "") -> list[Row]:
        start = registry_entities.encode_key(prefix) if prefix else ""
        found = [
            registry_entities.row(json.loads(json.dumps(properties)), etag)
            for key, (properties, etag) in self.entities.items()
            if key.startswith(start)
        ]
        return sorted(found, key=lambda row: row.key)

    def write(self, changes: Sequence[Change], *, fence: int | None = None) -> int:
        if changes and fence is not None:
            fencing.refuse_older(fence, self.fence, "The component registry")
            self.fence = fence
        entities = [registry_entities.entity(c.row) for c in changes if c.action != "delete"]
        assert len(entities) <= len(changes)
        if self.before_write:
            between, self.before_write = self.before_write, None
            between()
        for start in range(0, len(changes), TRANSACTION):
            if self.killed_after is not None and len(self.transactions) >= self.killed_after:
                raise Killed
            self._submit(changes[start : start + TRANSACTION])
        return len(changes)

    def values(self, key: str) -> dict[str, object]:
        """Return one row's values; KeyError when it is not there."""
        properties, etag = self.entities[registry_entities.encode_key(key)]
        return dict(registry_entities.row(properties, etag).values)

    def touch(self, key: str, **values: object) -> None:
        """Change a row as another writer would."""
        encoded = registry_entities.encode_key(key)
        properties, _ = self.entities[encoded]
        self._put(encoded, {**properties, **values})

    def _submit(self, changes: Sequence[Change]) -> None:
        for change in changes:
            kept = self.entities.get(registry_entities.encode_key(change.row.key))
            if (change.action == "create") is not (kept is None):
                raise _changed()
            if kept and change.row.etag != kept[1]:
                raise _changed()
        for change in changes:
            key = registry_entities.encode_key(change.row.key)
            if change.action == "delete":
                del self.entities[key]
            else:
                self._put(key, registry_entities.entity(change.row))
        self.writes += len(changes)
        self.transactions.append([change.row.key for change in changes])

    def _put(self, key: str, properties: dict[str, object]) -> None:
        self._version += 1
        self.entities[key] = (properties, f'W/"{self._version}"')


def _changed() -> Transient:
    return Transient("registry-changed", "Somebody else wrote.", hint="run again")
