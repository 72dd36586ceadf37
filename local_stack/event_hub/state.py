"""Hubs as senders and readers see them: which partition takes an event, who waits for one, how long events are kept."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local_stack.core.context import Context
from local_stack.event_hub import errors
from local_stack.event_hub.log import Event, EventLog, Stored

NAMESPACE = "Microsoft.EventHub/namespaces"
HUB = f"{NAMESPACE}/eventhubs"
GROUP = f"{HUB}/consumergroups"
DEFAULT_GROUP = "$Default"
DEFAULT_PARTITIONS = 4
DEFAULT_RETENTION_HOURS = 168
_SWEEP_SECONDS = 60.0


@dataclass(frozen=True)
class Hub:
    """One hub: its ARM id, the address that its refusals name, and its limits."""

    id: str
    address: str
    partitions: int
    retention_seconds: float
    max_bytes: int


class Hubs:
    """Finds hubs by namespace and name, and moves events in and out of their partitions."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.names = ctx.store.collection("event_hub", "names")  # lower name → the namespace's ARM id
        self._waiting: dict[tuple[str, int], asyncio.Event] = {}
        self._turns: dict[str, int] = {}
        self._swept: dict[str, float] = {}
        self._log: EventLog | None = None
        self._closed = False

    @property
    def log(self) -> EventLog | None:
        """The events' file, opened at the first use; None once the stack stops."""
        if self._log is None and not self._closed:
            self._log = EventLog(self._ctx.files("event_hub") / "events.db")
        return self._log

    def close(self) -> None:
        """Close it, complete."""
        if self._log:
            self._log.close()
        self._log, self._closed = None, True

    def find(self, namespace: str, name: str) -> Hub:
        """Return a hub. Raises WireError (404) when there is none of that name."""
        address = f"sb://{namespace}.servicebus.windows.net/{name}"
        namespace_id = self.names.get(namespace.lower(), "")
        found = self._ctx.resources.get(f"{namespace_id}/eventhubs/{name}") if namespace_id else None
        if found is None:
            raise errors.entity_not_found(address)
        return self._hub(found, address, self._ctx.resources.get(namespace_id) or {})

    def has_group(self, hub: Hub, group: str) -> bool:
        """Say whether the hub has this consumer group; `$Default` is always there."""
        return self._ctx.resources.get(f"{hub.id}/consumergroups/{group}") is not None

    def append(
        self, hub: Hub, events: Sequence[Event], partition: int | None = None
    ) -> dict[int, tuple[int, int]]:
        """Keep the events; return the first sequence number and the count by partition.

        A partition key always leads to the same partition; events without one take the next in turn, together.
        """
        log = self.log
        if log is None:
            raise errors.stopping()
        shares: dict[int, list[Event]] = {}
        turn = self._turn(hub) if partition is None and any(e.key is None for e in events) else 0
        for event in events:
            by_key = turn if event.key is None else _partition_of(event.key, hub.partitions)
            shares.setdefault(by_key if partition is None else partition, []).append(event)
        now = self._ctx.clock.now().timestamp()
        placed = {
            number: (log.append(hub.id, number, share, now), len(share)) for number, share in shares.items()
        }
        self._sweep(hub, now)
        for number in placed:
            waiting = self._waiting.pop((hub.id.lower(), number), None)
            if waiting:
                waiting.set()
        return placed

    async def read(self, hub: Hub, partition: int, *, after: int, most: int, wait: float) -> list[Stored]:
        """Return the events behind `after`; with none there, wait for one, `wait` seconds at most."""
        arrival = self._waiting.setdefault((hub.id.lower(), partition), asyncio.Event())
        found = self._kept(hub, partition, after, most)
        if not found and wait > 0:
            await self._ctx.linger(wait, arrival)
            found = self._kept(hub, partition, after, most)
        return found

    def forget(self, hub_id: str) -> None:
        """Drop a deleted hub's events."""
        if self.log:
            self.log.drop(hub_id)
        self._turns.pop(hub_id.lower(), None)

    def _kept(self, hub: Hub, partition: int, after: int, most: int) -> list[Stored]:
        log = self.log
        if log is None:
            return []
        since = self._ctx.clock.now().timestamp() - hub.retention_seconds
        return log.read(hub.id, partition, after=after, since=since, most=most)

    def _turn(self, hub: Hub) -> int:
        key = hub.id.lower()
        self._turns[key] = (self._turns.get(key, -1) + 1) % hub.partitions
        return self._turns[key]

    def _sweep(self, hub: Hub, now: float) -> None:
        if self.log and now - self._swept.get(hub.id, 0.0) >= _SWEEP_SECONDS:
            self._swept[hub.id] = now
            self.log.expire(hub.id, now - hub.retention_seconds)

    def _hub(self, found: dict[str, Any], address: str, namespace: dict[str, Any]) -> Hub:
        properties = found["properties"]
        tier = str((namespace.get("sku") or {}).get("name", "Standard")).lower()
        return Hub(
            found["id"],
            address,
            int(properties["partitionCount"]),
            float(properties["retentionDescription"]["retentionTimeInHours"]) * 3600.0,
            errors.MAX_BYTES.get(tier, errors.MAX_BYTES["standard"]),
        )


def _partition_of(key: str, partitions: int) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % partitions
