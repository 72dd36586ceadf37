"""The ARM types behind names: private endpoints get an address, zone groups write its A record."""

from __future__ import annotations

from typing import Any

from local_stack.core import Context, name_of, parent_of
from local_stack.dns.errors import invalid_endpoint, reference_not_found
from local_stack.dns.state import Addresses, Zones

Body = dict[str, Any]
RECORD_TTL = 10


class Watched:
    """Zones, links and records: the name server reads them again after a change."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    async def put(self, _resource_id: str, body: Body, _previous: Body | None) -> Body:
        self._zones.forget()
        return body

    async def delete(self, _resource_id: str) -> None:
        self._zones.forget()


class PrivateEndpoints:
    """Gives an endpoint the address of the resource that it leads to."""

    def __init__(self, ctx: Context, addresses: Addresses) -> None:
        self._ctx = ctx
        self._addresses = addresses

    async def put(self, resource_id: str, body: Body, _previous: Body | None) -> Body:
        properties = body["properties"]
        if not (properties.get("subnet") or {}).get("id"):
            raise invalid_endpoint(resource_id, "properties.subnet.id is required")
        target = target_of(body)
        if not target:
            raise invalid_endpoint(resource_id, "properties.privateLinkServiceConnections names no resource")
        if self._ctx.resources.get(target) is None:
            raise reference_not_found(resource_id, target)
        address = self._addresses.of(target)
        approved = {"status": "Approved", "description": "Auto-approved", "actionsRequired": "None"}
        connections = [
            {**one, "properties": {**one["properties"], "privateLinkServiceConnectionState": approved}}
            for one in properties["privateLinkServiceConnections"]
        ]
        added = {
            "privateLinkServiceConnections": connections,
            "ipConfigurations": [{"name": "primary", "properties": {"privateIPAddress": address}}],
        }
        return {**body, "properties": {**properties, **added}}

    async def delete(self, _resource_id: str) -> None:
        """The resource behind it keeps its address: it is the resource's own."""


class ZoneGroups:
    """Writes, and takes back, the A records of a private endpoint."""

    def __init__(self, ctx: Context, zones: Zones, addresses: Addresses) -> None:
        self._ctx = ctx
        self._zones = zones
        self._addresses = addresses

    async def put(self, resource_id: str, body: Body, previous: Body | None) -> Body:
        target = target_of(self._ctx.resources.get(parent_of(resource_id)) or {"properties": {}})
        configs = [
            self._registered(resource_id, config, target)
            for config in body["properties"].get("privateDnsZoneConfigs") or []
        ]
        kept = {**body, "properties": {**body["properties"], "privateDnsZoneConfigs": configs}}
        for stale in set(_records(previous)) - set(_records(kept)):
            self._ctx.resources.delete(stale)
        self._zones.forget()
        return kept

    async def delete(self, resource_id: str) -> None:
        for record in _records(self._ctx.resources.get(resource_id)):
            self._ctx.resources.delete(record)
        self._zones.forget()

    def _registered(self, resource_id: str, config: Body, target: str) -> Body:
        zone_id = str((config.get("properties") or {}).get("privateDnsZoneId", ""))
        zone = self._ctx.resources.get(zone_id)
        if zone is None:
            raise reference_not_found(resource_id, zone_id)
        record = self._write(zone, name_of(target), self._addresses.of(target))
        return {**config, "properties": {**config["properties"], "recordSets": [record]}}

    def _write(self, zone: Body, name: str, address: str) -> Body:
        fqdn = f"{name}.{zone['name']}"
        properties = {
            "ttl": RECORD_TTL,
            "fqdn": f"{fqdn}.",
            "aRecords": [{"ipv4Address": address}],
            "isAutoRegistered": False,
            "provisioningState": "Succeeded",
        }
        self._ctx.resources.put(f"{zone['id']}/A/{name}", {"properties": properties})
        return {
            "recordType": "A",
            "recordSetName": name,
            "fqdn": fqdn,
            "ttl": RECORD_TTL,
            "ipAddresses": [address],
            "provisioningState": "Succeeded",
        }


def target_of(endpoint: Body) -> str:
    """Return the id of the resource that a private endpoint leads to, or an empty string."""
    connections = endpoint["properties"].get("privateLinkServiceConnections") or [{}]
    return str((connections[0].get("properties") or {}).get("privateLinkServiceId", ""))


def _records(group: Body | None) -> list[str]:
    configs = ((group or {}).get("properties") or {}).get("privateDnsZoneConfigs") or []
    return [
        f"{config['properties']['privateDnsZoneId']}/A/{record['recordSetName']}"
        for config in configs
        for record in config["properties"].get("recordSets") or []
    ]
