"""Reading a hub by the local stack's stand-in for AMQP receive."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from local_stack.functions_host.connections import Connection
from local_stack.functions_host.rest import Reply, Rest, Unreachable

BEFORE_ALL = "-1"
_OK = 200
_MARGIN_SECONDS = 20.0


@dataclass(frozen=True)
class Event:
    """One event of a partition; the time as the service wrote it."""

    sequence_number: int
    offset: str
    enqueued: str
    partition_key: str | None
    body: bytes
    properties: dict[str, Any]


class Hub:
    """One hub, read as one consumer group."""

    def __init__(self, rest: Rest, namespace: Connection, name: str, group: str) -> None:
        self._rest = rest
        self._to = namespace
        self._path = f"/{quote(name, safe='')}"
        self._group = quote(group, safe="$")

    async def partitions(self) -> list[str]:
        """Return the ids of the partitions. Raises Unreachable."""
        reply = await self._rest.send(self._to, "GET", f"{self._path}/partitions")
        return [str(each) for each in self._json(reply)["partitionIds"]]

    async def read(self, partition: str, after: str, most: int, wait: float) -> list[Event]:
        """Return the events after a sequence number, waiting so many seconds for the first. Raises Unreachable."""
        place = f"{self._path}/consumergroups/{self._group}/partitions/{quote(partition, safe='')}/events"
        query = f"?after={after}&max={most}&wait={wait:g}"
        reply = await self._rest.send(self._to, "GET", place + query, seconds=wait + _MARGIN_SECONDS)
        return [_event(each) for each in self._json(reply)["events"]]

    def _json(self, reply: Reply) -> dict[str, Any]:
        if reply.status != _OK:
            raise Unreachable(f"hub {self._to.url}{self._path}: {reply.status} {reply.body[:200]!r}")
        answer: dict[str, Any] = json.loads(reply.body)
        return answer


def _event(told: dict[str, Any]) -> Event:
    return Event(
        sequence_number=int(told["sequenceNumber"]),
        offset=str(told.get("offset", "")),
        enqueued=str(told.get("enqueuedTimeUtc", "")),
        partition_key=told.get("partitionKey"),
        body=b64decode(told["body"]),
        properties=dict(told.get("properties") or {}),
    )
