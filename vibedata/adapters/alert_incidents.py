"""Incidents in the table `alertincidents`: 256 partitions by key, each row with its expiry.

<first byte of the key's SHA-256>   incidents; `cause:…` and `rule:…`, which processors agree by
open                                the open incidents of components that others depend on, by component
limits                              windows in which a rule was limited; limit-<window>: its deliveries
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.pipeline.transport import RequestsTransport

from vibedata import registry_entities
from vibedata.adapters.rest import quoted
from vibedata.adapters.table_rows import EXPIRES, TableRows, moment
from vibedata.alerts import incident_entities, times
from vibedata.alerts.cause import Cause
from vibedata.alerts.delivery import KEPT, KEPT_OPEN, place
from vibedata.alerts.incident import Incident
from vibedata.alerts.noise import Ledger, Limited
from vibedata.errors import Transient

TABLE = "alertincidents"
OPEN = "open"
LIMITS = "limits"
COUNTING = "limit-"
MAX_REMEMBERED = 10_000
REMEMBERED_SECONDS = 2.0  # how old what is known of open incidents may be
ENOUGH_MARKS = (
    20  # of a component's open incidents: one that is open is looked for; in a storm there are thousands
)
COUNTED_SECONDS = 120.0  # less than between two sweeps, of which the second forgets a window
_LAST = "~"  # after every character of a key


class TableIncidents:
    """See `ports.Incidents`. Safe to use from several threads."""

    def __init__(
        self,
        endpoint: str,
        credential: TokenCredential,
        transport: RequestsTransport | None = None,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._rows = TableRows(endpoint, TABLE, credential, transport)
        self._clock = clock
        self._open: dict[str, tuple[float, Sequence[str]]] = {}
        self._limited: dict[Limited, float] = {}  # when this process last saw to it that a window is there
        self._lock = threading.Lock()

    def read(self, key: str) -> tuple[Incident, str] | None:
        """See `ports.Incidents.read`."""
        row = self._rows.read(place(key))
        return (incident_entities.incident(row), row["etag"]) if row else None

    def write(self, incident: Incident, version: str | None) -> None:
        """See `ports.Incidents.write`."""
        kept = KEPT_OPEN if incident.is_open and incident.facts.resolves else KEPT
        values = {**incident_entities.of_incident(incident), EXPIRES: self._clock() + kept}
        self._write(incident.key, values, version)

    def list(self, *, only_open: bool = False) -> Iterator[Incident]:
        """See `ports.Incidents.list`."""
        condition = "StepsJson ne ''" + (" and State eq 'Open'" if only_open else "")
        yield from map(incident_entities.incident, self._rows.query(condition))

    def read_cause(self, key: str) -> tuple[Cause, str | None]:
        """See `ports.Incidents.read_cause`."""
        row = self._rows.read(place(f"cause:{key}"))
        return (incident_entities.cause(key, row), row["etag"]) if row else (Cause(key), None)

    def write_cause(self, cause: Cause, version: str | None) -> None:
        """See `ports.Incidents.write_cause`."""
        values = {**incident_entities.of_cause(cause), EXPIRES: self._clock() + KEPT}
        self._write(f"cause:{cause.key}", values, version)

    def read_ledger(self, rule: str) -> tuple[Ledger, str | None]:
        """See `ports.Incidents.read_ledger`."""
        row = self._rows.read(place(f"rule:{rule}"))
        return (incident_entities.ledger(rule, row), row["etag"]) if row else (Ledger(rule), None)

    def write_ledger(self, ledger: Ledger, version: str | None) -> None:
        """See `ports.Incidents.write_ledger`."""
        values = {**incident_entities.of_ledger(ledger), EXPIRES: self._clock() + KEPT}
        self._write(f"rule:{ledger.rule}", values, version)

    def mark(self, incident: Incident) -> None:
        """See `ports.Incidents.mark`."""
        where = (OPEN, f"{_component(incident.facts.component)}|{place(incident.key)[1]}")
        if incident.is_open:
            self._rows.put(where, {"Key": incident.key, EXPIRES: self._clock() + KEPT_OPEN})
            self._remember(incident)
            return
        was_marked = self._rows.delete(where)
        self._remember(incident)
        # That mark may have been the one of who has opened it meanwhile.
        if was_marked and (found := self.read(incident.key)) and found[0].is_open:
            self.mark(found[0])

    def _remember(self, incident: Incident) -> None:
        """Have this process see its own mark at once, without asking for all of them again."""
        with self._lock:
            at, keys = self._open.get(incident.facts.component, (0.0, ()))
            others = [key for key in keys if key != incident.key]
            known = [incident.key, *others][:ENOUGH_MARKS] if incident.is_open else others
            # When none is left of those that it knows, there may be others: it asks.
            self._open[incident.facts.component] = (at if known else 0.0, known)

    def open_of(self, components: Sequence[str], lately: Callable[[Incident], bool]) -> Incident | None:
        """See `ports.Incidents.open_of`."""
        for component in components:
            for key in self._marked(component):
                found = self.read(key)
                if found and found[0].is_open and lately(found[0]):
                    return found[0]
                if found and not found[0].is_open:
                    self.mark(found[0])  # who closed it died before it said so
        return None

    def count_limited(self, limited: Limited, delivery: str) -> bool:
        """See `ports.Incidents.count_limited`."""
        self._rows.insert((COUNTING + _window(limited), place(delivery)[1]), {"Key": delivery})
        now = time.monotonic()
        with self._lock:
            if now - self._limited.get(limited, -COUNTED_SECONDS) < COUNTED_SECONDS:
                return False
        first = self._rows.insert((LIMITS, _window(limited)), _values(limited))
        with self._lock:
            if len(self._limited) >= MAX_REMEMBERED:
                self._limited.clear()
            self._limited[limited] = now
        return first

    def limited(self, before: datetime) -> Sequence[tuple[Limited, int]]:
        """See `ports.Incidents.limited`."""
        ended = f"PartitionKey eq {quoted(LIMITS)} and RowKey lt {quoted(moment(before))}"
        return [(_limited(row), int(row.get("Told") or 0)) for row in self._rows.query(ended)]

    def counted(self, limited: Limited) -> int:
        """See `ports.Incidents.counted`."""
        return sum(1 for _ in self._counted(limited))

    def limited_told(self, limited: Limited, count: int) -> None:
        """See `ports.Incidents.limited_told`."""
        self._rows.put((LIMITS, _window(limited)), {**_values(limited), "Told": count})

    def forget_limited(self, limited: Limited) -> None:
        """See `ports.Incidents.forget_limited`."""
        for row in self._counted(limited):
            self._rows.delete((row["PartitionKey"], row["RowKey"]))
        self._rows.delete((LIMITS, _window(limited)))
        with self._lock:
            self._limited.pop(limited, None)

    def expire(self, now: datetime, partitions: Sequence[str], at_most: int) -> int:
        """See `ports.Incidents.expire`."""
        # Marks of what was never written, or is gone, are deleted by nobody else.
        return self._rows.expire(now, [*partitions, OPEN], at_most)

    def _write(self, key: str, values: dict[str, Any], version: str | None) -> None:
        where = place(key)
        written = (
            self._rows.insert(where, values)
            if version is None
            else self._rows.replace(where, values, version)
        )
        if not written:
            raise Transient(
                "incident-changed",
                "Another processor has changed the incident meanwhile.",
                hint="Nothing to do: it is read and decided again.",
            )

    def _marked(self, component: str) -> Sequence[str]:
        with self._lock:
            at, keys = self._open.get(component, (0.0, []))
        if time.monotonic() - at < REMEMBERED_SECONDS and at:
            return keys
        first = f"{_component(component)}|"
        keys_of = f"RowKey ge {quoted(first)} and RowKey lt {quoted(first + _LAST)}"
        condition = f"PartitionKey eq {quoted(OPEN)} and {keys_of}"
        keys = [str(row["Key"]) for row in islice(self._rows.query(condition, ENOUGH_MARKS), ENOUGH_MARKS)]
        with self._lock:
            self._open[component] = (time.monotonic(), keys)
        return keys

    def _counted(self, limited: Limited) -> Iterator[dict[str, Any]]:
        return self._rows.query(f"PartitionKey eq {quoted(COUNTING + _window(limited))}")


def _component(name: str) -> str:
    return registry_entities.encode_key(name.replace("|", "_") or "_")


def _window(limited: Limited) -> str:
    return f"{moment(limited.end)}|{hashlib.sha256(limited.rule.encode()).hexdigest()[:32]}"


def _values(limited: Limited) -> dict[str, Any]:
    return {"Rule": limited.rule, "Start": limited.start, "End": limited.end}


def _limited(row: dict[str, Any]) -> Limited:
    end = times.parse(row["End"])
    start = times.parse(row["Start"])
    assert start and end  # noqa: S101 - written by count_limited
    return Limited(str(row["Rule"]), start, end)
