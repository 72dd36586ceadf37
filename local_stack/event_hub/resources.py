"""The ARM types: a namespace has an address, a hub its partitions and its default consumer group."""

from __future__ import annotations

from typing import Any

from local_stack.core.arm_ids import name_of
from local_stack.core.context import Context
from local_stack.event_hub import errors
from local_stack.event_hub.state import (
    DEFAULT_GROUP,
    DEFAULT_PARTITIONS,
    DEFAULT_RETENTION_HOURS,
    Hubs,
)

LISTENER = "eventhub"
Body = dict[str, Any]


class Namespaces:
    """Namespaces, whose names are unique in the whole stack."""

    def __init__(self, ctx: Context, hubs: Hubs) -> None:
        self._ctx = ctx
        self._hubs = hubs

    async def put(self, resource_id: str, body: Body, previous: Body | None) -> Body:
        name = name_of(resource_id)
        if self._hubs.names.get(name.lower(), resource_id.lower()) != resource_id.lower():
            raise errors.name_taken(name)
        self._hubs.names[name.lower()] = resource_id.lower()
        known = (previous or {}).get("properties", {})
        given = body["properties"]
        properties = {
            "minimumTlsVersion": "1.2",
            "publicNetworkAccess": "Enabled",
            "disableLocalAuth": False,
            "zoneRedundant": True,
            "isAutoInflateEnabled": False,
            "kafkaEnabled": True,
            **given,
            "createdAt": known.get("createdAt") or self._ctx.clock.now().isoformat(),
            "serviceBusEndpoint": f"{self._ctx.addresses.url(LISTENER)}/{name}",
            "status": "Active",
        }
        return {
            "sku": {"name": "Standard", "tier": "Standard", "capacity": 1},
            **body,
            "properties": properties,
        }

    async def delete(self, resource_id: str) -> None:
        self._hubs.names.pop(name_of(resource_id).lower(), None)


class EventHubs:
    """Hubs; how many partitions one has is settled when it is made."""

    def __init__(self, ctx: Context, hubs: Hubs) -> None:
        self._ctx = ctx
        self._hubs = hubs

    async def put(self, resource_id: str, body: Body, previous: Body | None) -> Body:
        known = (previous or {}).get("properties", {})
        given = dict(body["properties"])
        count = given.get("partitionCount", known.get("partitionCount", DEFAULT_PARTITIONS))
        _check(count, known)
        hours = _retention_hours(given)
        properties = {
            **given,
            "partitionCount": count,
            "messageRetentionInDays": max(1, hours // 24),
            "retentionDescription": {
                "cleanupPolicy": "Delete",
                **(given.get("retentionDescription") or {}),
                "retentionTimeInHours": hours,
            },
            "partitionIds": [str(number) for number in range(count)],
            "status": "Active",
            "createdAt": known.get("createdAt") or self._ctx.clock.now().isoformat(),
        }
        self._ctx.resources.put(f"{resource_id}/consumergroups/{DEFAULT_GROUP}", {"properties": {}})
        return {**body, "properties": properties}

    async def delete(self, resource_id: str) -> None:
        self._hubs.forget(resource_id)


def _check(count: Any, known: Body) -> None:
    if not isinstance(count, int) or not 1 <= count <= 32:
        raise errors.bad_hub(
            "The value supplied is not within the range of 1 to 32 (Parameter 'PartitionCount')."
        )
    if known and count != known["partitionCount"]:
        raise errors.bad_hub("Changing the partition count of an existing event hub is not supported.")


def _retention_hours(given: Body) -> int:
    hours = (given.get("retentionDescription") or {}).get("retentionTimeInHours")
    if hours is None and given.get("messageRetentionInDays"):
        hours = int(given["messageRetentionInDays"]) * 24
    hours = DEFAULT_RETENTION_HOURS if hours is None else int(hours)
    if not 1 <= hours <= DEFAULT_RETENTION_HOURS:
        raise errors.bad_hub("The retention time must lie between 1 and 168 hours.")
    return hours
