"""One durable log of every request that changes something, in the order of their ends; tests count it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_stack.core.store import Store


@dataclass(frozen=True)
class Write:
    """One request: `seq` grows by one, `principal` is the caller's name, `detail` what the service adds."""

    seq: int
    time: str
    service: str
    operation: str
    method: str
    path: str
    status: int
    principal: str
    detail: dict[str, Any] = field(default_factory=dict)


class WriteLog:
    """Appends and reads the log. Safe to use from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(
        self,
        when: datetime,
        service: str,
        operation: str,
        method: str,
        path: str,
        status: int,
        principal: str,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Add one entry."""
        self._store.execute(
            "INSERT INTO writes (time, service, operation, method, path, status, principal, detail) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (when.isoformat(), service, operation, method, path, status, principal, json.dumps(detail or {})),
        )

    @property
    def last(self) -> int:
        """The newest entry's number: pass it to `since` later."""
        return int(self._store.execute("SELECT coalesce(max(seq), 0) FROM writes")[0][0])

    def since(self, seq: int = 0, *, service: str | None = None, limit: int = 1_000_000) -> list[Write]:
        """Return the entries after number `seq`, oldest first; `service` narrows."""
        rows = self._store.execute(
            "SELECT seq, time, service, operation, method, path, status, principal, detail FROM writes "
            "WHERE seq > ? AND (? IS NULL OR service = ?) ORDER BY seq LIMIT ?",
            (seq, service, service, limit),
        )
        return [Write(*row[:8], json.loads(row[8])) for row in rows]  # type: ignore[call-arg]
