"""The hubs' events on disk: appended to partitions, read from a place onward, dropped when their time is over.

A database beside the stack's own: events are big and many. A process that is killed loses nothing that was answered.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS hubs (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS heads (
  hub INTEGER, part INTEGER, sequence INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (hub, part)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
  hub INTEGER, part INTEGER, sequence INTEGER, place INTEGER, enqueued REAL, key TEXT, properties TEXT, body BLOB
);
CREATE UNIQUE INDEX IF NOT EXISTS by_sequence ON events (hub, part, sequence);
CREATE INDEX IF NOT EXISTS by_time ON events (hub, enqueued);
"""
_PAGE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Event:
    """What a sender gives."""

    body: bytes
    key: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored:
    """An event in its partition; `enqueued` in seconds of the epoch, `offset` its first byte's place."""

    sequence: int
    offset: int
    enqueued: float
    event: Event


class EventLog:
    """Append-only partitions of every hub, by the hub's ARM id."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        self._numbers: dict[str, int] = dict(self._db.execute("SELECT id, number FROM hubs"))
        self._heads: dict[tuple[int, int], tuple[int, int]] = {}

    def append(self, hub_id: str, partition: int, events: Sequence[Event], now: float) -> int:
        """Keep all of the events, or none, at the partition's end; return the first one's sequence number."""
        hub = self._number(hub_id)
        first, place = self._head(hub, partition)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for number, event in enumerate(events, first):
                row = (event.key, json.dumps(event.properties), event.body)
                self._db.execute(
                    "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (hub, partition, number, place, now, *row),
                )
                place += len(event.body)
            head = (hub, partition, first + len(events), place)
            self._db.execute("INSERT OR REPLACE INTO heads VALUES (?, ?, ?, ?)", head)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        self._heads[hub, partition] = head[2:]
        return first

    def read(self, hub_id: str, partition: int, *, after: int, since: float, most: int) -> list[Stored]:
        """Return at most `most` events behind sequence number `after` that came later than `since`.

        An answer holds some 4 MiB at most, but always one event if there is one.
        """
        rows = self._db.execute(
            "SELECT sequence, place, enqueued, key, properties, body FROM events "
            "WHERE hub=? AND part=? AND sequence>? AND enqueued>=? ORDER BY sequence LIMIT ?",
            (self._number(hub_id), partition, after, since, most),
        )
        found: list[Stored] = []
        size = 0
        for sequence, place, enqueued, key, properties, body in rows:
            size += len(body)
            if found and size > _PAGE_BYTES:
                break
            found.append(Stored(sequence, place, enqueued, Event(body, key, json.loads(properties))))
        return found

    def expire(self, hub_id: str, before: float) -> int:
        """Delete the hub's events that came before this time; return how many."""
        done = self._db.execute(
            "DELETE FROM events WHERE hub=? AND enqueued<?", (self._number(hub_id), before)
        )
        return done.rowcount

    def drop(self, hub_id: str) -> None:
        """Forget a hub with all of its events: another of its name begins anew."""
        number = self._numbers.pop(hub_id.lower(), None)
        self._heads.clear()
        for table in ("events", "heads"):
            self._db.execute(f"DELETE FROM {table} WHERE hub=?", (number,))  # noqa: S608 - two names of ours
        self._db.execute("DELETE FROM hubs WHERE number=?", (number,))

    def close(self) -> None:
        """Fold the log into the one file, so that the directory is complete without its side files."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    def _head(self, hub: int, partition: int) -> tuple[int, int]:
        """Return the sequence number and the place of the partition's next event."""
        if (hub, partition) not in self._heads:
            rows = self._db.execute(
                "SELECT sequence, place FROM heads WHERE hub=? AND part=?", (hub, partition)
            )
            self._heads[hub, partition] = rows.fetchone() or (0, 0)
        return self._heads[hub, partition]

    def _number(self, hub_id: str) -> int:
        key = hub_id.lower()
        if key not in self._numbers:
            made = self._db.execute("INSERT INTO hubs (id) VALUES (?)", (key,))
            self._numbers[key] = int(made.lastrowid or 0)
        return self._numbers[key]
