"""Durable state: JSON documents in one SQLite file, so that a stopped stack's directory can be copied and started.

WAL with `synchronous=NORMAL`: a killed process loses nothing that was committed, and a write costs no fsync.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (collection, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS writes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT, service TEXT, operation TEXT, method TEXT, path TEXT,
  status INTEGER, principal TEXT, detail TEXT
);
"""


class Store:
    """The stack's one database. Safe to use from any thread of this process."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def collection(self, service: str, name: str) -> Collection:
        """Return a service's named collection; an unknown one is empty."""
        return Collection(self, f"{service}/{name}")

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the writes inside one: all or none. Hold no await inside."""
        with self._lock:
            self._begin()
            try:
                yield
            except BaseException:
                self._end("ROLLBACK")
                raise
            self._end("COMMIT")

    def _begin(self) -> None:
        if self._depth == 0:
            self._db.execute("BEGIN IMMEDIATE")
        self._depth += 1

    def _end(self, verb: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._db.execute(verb)

    def close(self) -> None:
        """Fold the log into the one file, so that the directory is complete without its side files."""
        with self._lock:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()


class Collection(MutableMapping[str, Any]):
    """A durable mapping of JSON values. What is read is a copy: assign to persist a change."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name

    def __getitem__(self, key: str) -> Any:
        rows = self._store.execute(
            "SELECT value FROM documents WHERE collection=? AND key=?", (self._name, key)
        )
        if not rows:
            raise KeyError(key)
        return json.loads(rows[0][0])

    def __setitem__(self, key: str, value: Any) -> None:
        self._store.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
            (self._name, key, json.dumps(value, separators=(",", ":"))),
        )

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._store.execute("DELETE FROM documents WHERE collection=? AND key=?", (self._name, key))

    def __iter__(self) -> Iterator[str]:
        rows = self._store.execute("SELECT key FROM documents WHERE collection=? ORDER BY key", (self._name,))
        return iter([row[0] for row in rows])

    def __len__(self) -> int:
        rows = self._store.execute("SELECT count(*) FROM documents WHERE collection=?", (self._name,))
        return int(rows[0][0])

    def prefixed(self, prefix: str) -> list[tuple[str, Any]]:
        """Return the entries whose key starts with `prefix`, in key order."""
        rows = self._store.execute(
            "SELECT key, value FROM documents WHERE collection=? AND key>=? AND key<? ORDER BY key",
            (self._name, prefix, prefix + "\U0010ffff"),
        )
        return [(key, json.loads(value)) for key, value in rows]
