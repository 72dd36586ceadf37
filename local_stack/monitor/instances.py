"""What Azure Monitor remembers of each alert, for 30 days: one instance per alertId, in whatever order it is told.

Its times are its own, and it keeps no common-schema body.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS instances (
  id TEXT PRIMARY KEY, subscription TEXT, started REAL, fired REAL, changed REAL, resolved REAL, essentials TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_change ON instances (changed, id);
CREATE INDEX IF NOT EXISTS by_start ON instances (started, id);
"""
_COLUMNS = "id, subscription, started, fired, changed, resolved, essentials"


@dataclass(frozen=True)
class Telling:
    """What one delivery tells of an alert: times in seconds of the epoch, `essentials` as the list will show them."""

    id: str
    subscription: str
    fired: float
    resolved: float | None
    essentials: dict[str, Any]


@dataclass(frozen=True)
class Instance:
    """One alert instance: when it fired first and last, and when that was noted; resolved is None while it is fired."""

    id: str
    subscription: str
    started: float
    fired: float
    changed: float
    resolved: float | None
    essentials: dict[str, Any]


class Instances:
    """The store of instances, a database beside the stack's own: there may be many, and lists ask for a time."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def tell(self, told: Telling, now: float) -> bool:
        """Fold a delivery into its instance; say whether that changed it. The same again changes nothing.

        What was resolved later than it fired stays resolved, whichever is told first.
        """
        known = self.get(told.id)
        fresh = _folded(known, told, now)
        if known and _times(known) == _times(fresh):
            return False
        self._db.execute(
            f"INSERT OR REPLACE INTO instances ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (
                fresh.id,
                fresh.subscription,
                *_times(fresh)[:2],
                now,
                fresh.resolved,
                json.dumps(fresh.essentials),
            ),
        )
        return True

    def get(self, alert_id: str) -> Instance | None:
        """Return an instance by its alertId, in any case."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM instances WHERE id=?",  # noqa: S608 - names of ours
            (alert_id.lower(),),
        )
        row = rows.fetchone()
        return _instance(row) if row else None

    def between(
        self, start: float, end: float, *, by: str, descending: bool, behind: tuple[float, str] | None
    ) -> Iterator[Instance]:
        """Yield the instances whose time (`by`: changed or started) lies in the range, behind a place if given."""
        order, beyond = ("DESC", "<") if descending else ("ASC", ">")
        place = f" AND ({by}, id) {beyond} (?, ?)" if behind else ""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM instances WHERE {by}>=? AND {by}<=?{place} "  # noqa: S608
            f"ORDER BY {by} {order}, id {order}",
            (start, end, *(behind or ())),
        )
        for row in rows:
            yield _instance(row)

    def expire(self, before: float) -> None:
        """Forget what has not changed since then."""
        self._db.execute("DELETE FROM instances WHERE changed<?", (before,))

    def close(self) -> None:
        """Fold the log into the one file, so that the directory is complete without its side files."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()


def _folded(known: Instance | None, told: Telling, now: float) -> Instance:
    if known is None:
        return Instance(
            told.id, told.subscription, told.fired, told.fired, now, told.resolved, told.essentials
        )
    started, fired = min(known.started, told.fired), max(known.fired, told.fired)
    ends = [end for end in (known.resolved, told.resolved) if end is not None]
    resolved = max(ends) if ends and max(ends) >= fired else None  # later than it ended, it fired again
    return Instance(known.id, known.subscription, started, fired, now, resolved, told.essentials)


def _times(instance: Instance) -> tuple[float, float, float | None]:
    return instance.started, instance.fired, instance.resolved


def _instance(row: Sequence[Any]) -> Instance:
    identity, subscription, started, fired, changed, resolved, essentials = row
    return Instance(identity, subscription, started, fired, changed, resolved, json.loads(essentials))
