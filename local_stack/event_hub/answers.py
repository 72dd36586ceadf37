"""Takes a request apart, asks the hubs, and shapes the answer as Event Hubs does."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime, timezone
from typing import Any

from aiohttp import web

from local_stack.core.context import Context
from local_stack.event_hub import errors
from local_stack.event_hub.log import Event, Stored
from local_stack.event_hub.state import Hub, Hubs

SEND = "Microsoft.EventHub/namespaces/messages/send/action"
RECEIVE = "Microsoft.EventHub/namespaces/messages/receive/action"
BATCH = "application/vnd.microsoft.servicebus.json"
_MOST_EVENTS = 1000
_MOST_SECONDS = 60.0


class Answers:
    """The handlers of the one listener."""

    def __init__(self, ctx: Context, hubs: Hubs) -> None:
        self._ctx = ctx
        self._hubs = hubs

    async def send(self, request: web.Request) -> web.Response:
        """POST /{namespace}/{hub}/messages, or /{namespace}/{hub}/partitions/{partition}/messages"""
        hub = self._hub(request)
        self._require(request, hub, SEND, "Send", hub.id)
        named = request.match_info.get("partition")
        partition = None if named is None else _partition(named, hub)
        events = await _events(request, hub)
        placed = self._hubs.append(hub, events, partition)
        request["detail"] = {
            "hub": hub.address,
            "events": len(events),
            "partitions": {number: {"first": first, "count": n} for number, (first, n) in placed.items()},
        }
        return web.Response(status=201)

    async def partitions(self, request: web.Request) -> web.Response:
        """GET /{namespace}/{hub}/partitions"""
        hub = self._hub(request)
        self._require(request, hub, RECEIVE, "Listen", hub.id)
        return web.json_response({"partitionIds": [str(number) for number in range(hub.partitions)]})

    async def receive(self, request: web.Request) -> web.Response:
        """GET /{namespace}/{hub}/consumergroups/{group}/partitions/{partition}/events"""
        hub, group = self._hub(request), request.match_info["group"]
        self._require(request, hub, RECEIVE, "Listen", f"{hub.id}/consumergroups/{group}")
        if not self._hubs.has_group(hub, group):
            raise errors.entity_not_found(f"{hub.address}/ConsumerGroups/{group}")
        partition = _partition(request.match_info["partition"], hub)
        after, most = int(_number(request, "after", -1, -1)), int(_number(request, "max", 100, 1))
        wait = min(_number(request, "wait", 0, 0), _MOST_SECONDS)
        found = await self._hubs.read(hub, partition, after=after, most=min(most, _MOST_EVENTS), wait=wait)
        return web.json_response({"events": [_wire(stored) for stored in found]})

    def _hub(self, request: web.Request) -> Hub:
        return self._hubs.find(request.match_info["namespace"], request.match_info["hub"])

    def _require(self, request: web.Request, hub: Hub, action: str, claim: str, scope: str) -> None:
        if not self._ctx.roles.allows(request["principal"], action, scope, data=True):
            raise errors.claim_missing(claim, hub.address)


async def _events(request: web.Request, hub: Hub) -> list[Event]:
    if (request.content_length or 0) > 2 * hub.max_bytes:  # a batch's escapes make it longer than its events
        raise errors.too_large(request.content_length or 0, hub.max_bytes)
    raw = await request.read()
    is_batch = request.content_type.lower() == BATCH
    events = _batch(raw) if is_batch else [Event(raw, _key(_broker(request)))]
    size = sum(len(event.body) + len(json.dumps(event.properties)) for event in events)
    if size > hub.max_bytes:
        raise errors.too_large(size, hub.max_bytes)
    return events


def _broker(request: web.Request) -> Any:
    given = request.headers.get("BrokerProperties")
    try:
        return json.loads(given) if given else {}
    except ValueError:
        raise errors.bad_request("The 'BrokerProperties' header is not valid JSON.") from None


def _batch(raw: bytes) -> list[Event]:
    try:
        rows = json.loads(raw)
    except (ValueError, RecursionError):
        raise errors.bad_request("The batch is not valid JSON.") from None
    if not isinstance(rows, list) or not rows:
        raise errors.bad_request("The batch must be a JSON array of one message or more.")
    return [_one_of_batch(row) for row in rows]


def _one_of_batch(row: Any) -> Event:
    if not isinstance(row, dict) or not isinstance(row.get("Body"), str):
        raise errors.bad_request("Each message of the batch needs a 'Body', which is a string.")
    properties = row.get("UserProperties") or {}
    if not isinstance(properties, dict):
        raise errors.bad_request("A message's 'UserProperties' must be an object.")
    return Event(row["Body"].encode("utf-8", "surrogatepass"), _key(row.get("BrokerProperties")), properties)


def _key(broker: Any) -> str | None:
    if broker is None:
        return None
    if not isinstance(broker, dict):
        raise errors.bad_request("'BrokerProperties' must be an object.")
    key = broker.get("PartitionKey")
    return None if key is None else str(key)


def _partition(named: str, hub: Hub) -> int:
    if not named.isascii() or not named.isdigit() or int(named) >= hub.partitions:
        raise errors.bad_partition(named, hub.partitions)
    return int(named)


def _number(request: web.Request, name: str, default: float, least: float) -> float:
    try:
        value = float(request.query.get(name, default))
    except ValueError:
        value = float("nan")
    if not value >= least:
        raise errors.bad_request(f"The query parameter '{name}' must be a number of {least:g} or more.")
    return value


def _wire(stored: Stored) -> dict[str, Any]:
    when = datetime.fromtimestamp(stored.enqueued, timezone.utc)
    return {
        "sequenceNumber": stored.sequence,
        "offset": str(stored.offset),
        "enqueuedTimeUtc": when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "partitionKey": stored.event.key,
        "body": b64encode(stored.event.body).decode(),
        "properties": stored.event.properties,
    }
