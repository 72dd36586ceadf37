"""Deliveries, Incidents, AlertRows and Notices in memory; `Dying` kills the process at any call that writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from vibedata.alerts.cause import Cause
from vibedata.alerts.delivery import KEPT, KEPT_OPEN, Delivery, place
from vibedata.alerts.incident import Incident
from vibedata.alerts.noise import Ledger, Limited, Notice
from vibedata.errors import Transient, VibedataError
from vibedata.registry import Row

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)


class Killed(BaseException):
    """What no code of ours catches: the process is gone."""


@dataclass
class Dying:
    """Counts the calls that write, and dies before or after the one of that number."""

    at: int = -1
    after: bool = False
    calls: int = 0

    def around(self, write: Callable[[], Any]) -> Any:
        number, self.calls = self.calls, self.calls + 1
        if number == self.at and not self.after:
            raise Killed
        answer = write()
        if number == self.at:
            raise Killed
        return answer


@dataclass
class FakeRegistry:
    """Rows of components, and how often they were asked for."""

    rows: list[Row] = field(default_factory=list)
    reads: int = 0

    def read(self, prefix: str = "") -> list[Row]:
        self.reads += 1
        return [row for row in self.rows if row.key.startswith(prefix)]


class FakeDeliveries:
    def __init__(self, dying: Dying | None = None) -> None:
        self.dying = dying or Dying()
        self.done: dict[str, Delivery] = {}

    def seen(self, key: str) -> bool:
        return key in self.done

    def record(self, delivery: Delivery) -> None:
        self.dying.around(lambda: self.done.setdefault(delivery.key, delivery))

    def expire(self, now: datetime, partitions: Sequence[str], at_most: int) -> int:
        old = [
            key
            for key, one in self.done.items()
            if one.recorded_at + KEPT < now and place(key)[0] in partitions
        ][:at_most]
        for key in old:
            del self.done[key]
        return len(old)


class FakeIncidents:
    """Rows with versions: who writes over another version than the present one is told so."""

    def __init__(self, dying: Dying | None = None, clock: Callable[[], datetime] = lambda: NOW) -> None:
        self.dying, self.clock = dying or Dying(), clock
        self.kept: dict[str, tuple[Any, int]] = {}
        self.written_at: dict[str, datetime] = {}
        self.marked: set[tuple[str, str]] = set()
        self.windows: dict[Limited, int] = {}
        self.limited_keys: dict[Limited, set[str]] = {}
        self.disturb: Callable[[str], None] = lambda key: None
        self.writes = self.counts = 0
        self._lock = threading.Lock()

    def read(self, key: str) -> tuple[Incident, str] | None:
        found = self.kept.get(f"incident:{key}")
        return (found[0], str(found[1])) if found else None

    def write(self, incident: Incident, version: str | None) -> None:
        self._write(f"incident:{incident.key}", incident, version)

    def list(self, *, only_open: bool = False) -> Iterator[Incident]:
        for value, _ in list(self.kept.values()):
            if isinstance(value, Incident) and (value.is_open or not only_open):
                yield value

    def read_cause(self, key: str) -> tuple[Cause, str | None]:
        found = self.kept.get(f"cause:{key}")
        return (found[0], str(found[1])) if found else (Cause(key), None)

    def write_cause(self, cause: Cause, version: str | None) -> None:
        self._write(f"cause:{cause.key}", cause, version)

    def read_ledger(self, rule: str) -> tuple[Ledger, str | None]:
        found = self.kept.get(f"rule:{rule}")
        return (found[0], str(found[1])) if found else (Ledger(rule), None)

    def write_ledger(self, ledger: Ledger, version: str | None) -> None:
        self._write(f"rule:{ledger.rule}", ledger, version)

    def mark(self, incident: Incident) -> None:
        mark = (incident.facts.component, incident.key)

        def write() -> None:
            if incident.is_open:
                self.marked.add(mark)
            elif mark in self.marked:
                self.marked.remove(mark)
                found = self.kept.get(f"incident:{incident.key}")
                if found and found[0].is_open:
                    self.marked.add((found[0].facts.component, incident.key))

        self.dying.around(write)

    def open_of(self, components: Sequence[str], lately: Callable[[Incident], bool]) -> Incident | None:
        for component in components:
            for _, key in sorted(mark for mark in self.marked if mark[0] == component):
                found = self.read(key)
                if found and found[0].is_open and lately(found[0]):
                    return found[0]
        return None

    def count_limited(self, limited: Limited, delivery: str) -> bool:
        def count() -> bool:
            self.limited_keys.setdefault(limited, set()).add(delivery)
            first = limited not in self.windows
            self.windows.setdefault(limited, 0)
            return first

        return bool(self.dying.around(count))

    def limited(self, before: datetime) -> Sequence[tuple[Limited, int]]:
        return [(one, told) for one, told in self.windows.items() if one.end < before]

    def counted(self, limited: Limited) -> int:
        self.counts += 1
        return len(self.limited_keys.get(limited, ()))

    def limited_told(self, limited: Limited, count: int) -> None:
        self.windows[limited] = count

    def forget_limited(self, limited: Limited) -> None:
        del self.windows[limited], self.limited_keys[limited]

    def expire(self, now: datetime, partitions: Sequence[str], at_most: int) -> int:
        old = [key for key in self.kept if self._is_due(key, now, partitions)][:at_most]
        for key in old:
            del self.kept[key]
        return len(old)

    def _is_due(self, key: str, now: datetime, partitions: Sequence[str]) -> bool:
        value = self.kept[key][0]
        lasts = isinstance(value, Incident) and value.is_open and value.facts.resolves
        name = key.removeprefix("incident:")
        kept = KEPT_OPEN if lasts else KEPT
        return self.written_at[key] + kept < now and place(name)[0] in partitions

    def _write(self, key: str, value: Any, version: str | None) -> None:
        self.disturb(key)

        def write() -> None:
            with self._lock:
                present = self.kept.get(key)
                if (str(present[1]) if present else None) != version:
                    raise Transient("incident-changed", key, hint="read again")
                self.kept[key] = (value, (present[1] if present else 0) + 1)
                self.written_at[key] = self.clock()
                self.writes += 1

        self.dying.around(write)


class FakeAlertRows:
    """Holds what was delivered, also when it was twice; `trouble` is raised instead."""

    def __init__(self, dying: Dying | None = None) -> None:
        self.dying = dying or Dying()
        self.rows: list[dict[str, Any]] = []
        self.trouble: Transient | None = None
        self.spooled = 0

    def deliver(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if self.trouble:
            raise self.trouble
        self.dying.around(lambda: self.rows.extend(dict(row) for row in rows))

    def drain(self, seconds: float) -> int:
        drained, self.spooled = self.spooled, 0
        return drained

    def alerts(self) -> list[dict[str, Any]]:
        """The rows of alerts, without those of notices and limits."""
        beside = ("process_alert/notice", "process_alert/limit")
        return [row for row in self.rows if row["Operation"] not in beside]


class FakeOutages:
    """Why alerts were put off, each time that it was told; `trouble` is raised instead."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.trouble: Transient | None = None

    def tell(self, why: VibedataError) -> None:
        if self.trouble:
            raise self.trouble
        self.told.append(why.code)


class FakeNotices:
    """Who was told what: each once, whoever tells it again."""

    def __init__(self, dying: Dying | None = None) -> None:
        self.dying = dying or Dying()
        self.told: dict[str, tuple[str, Notice]] = {}

    def open(self, notice: Notice) -> None:
        self.dying.around(lambda: self.told.setdefault(notice.event_id("open"), ("open", notice)))

    def close(self, notice: Notice) -> None:
        self.dying.around(lambda: self.told.setdefault(notice.event_id("close"), ("close", notice)))

    def words(self) -> list[str]:
        return [word for word, _ in self.told.values()]
