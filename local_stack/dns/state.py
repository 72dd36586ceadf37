"""What names mean: zones that are linked to a network, public names of services, addresses handed out.

A service's public name (app.azurewebsites.net) is an alias into its private link zone, as in Azure. Without a
record there it has the public address it would have outside: how a forgotten private endpoint shows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from local_stack.core import Context, name_of, parent_of
from local_stack.dns.errors import addresses_used_up

ZONES = "Microsoft.Network/privateDnsZones"
LINKS = f"{ZONES}/virtualNetworkLinks"
A_RECORDS = f"{ZONES}/A"
PRIVATE_LINK: dict[str, str] = json.loads(
    files("local_stack.dns").joinpath("private_link_zones.json").read_text("utf-8")
)
_PREFIX = (127, 77)
_LAST = 250 * 256


class Addresses:
    """Loopback addresses in 127.77.0.0/16, one per resource that is reached privately; kept for ever."""

    def __init__(self, ctx: Context) -> None:
        self._kept = ctx.store.collection("dns", "addresses")

    def of(self, resource_id: str) -> str:
        """Return the resource's address, handing one out at the first call. Raises WireError."""
        key = resource_id.lower().rstrip("/")
        known = self._kept.get(key)
        if known is None:
            known = self._kept[key] = self._next()
        return str(known)

    def _next(self) -> str:
        number = len(self._kept) + 1
        if number > _LAST:
            raise addresses_used_up()
        return ".".join(str(part) for part in (*_PREFIX, number // 250, number % 250 + 1))


@dataclass(frozen=True)
class Found:
    """What a name leads to: aliases on the way, then addresses; `exists` is False for NXDOMAIN."""

    exists: bool
    aliases: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


class Zones:
    """Answers for names from ARM's inventory."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._public = ctx.store.collection("dns", "public_names")
        self._forced = ctx.store.collection("dns", "forced")
        self._index: dict[str, dict[str, list[str]]] | None = None

    def forget(self) -> None:
        """Read the inventory again at the next question."""
        self._index = None

    def publish(self, name: str) -> None:
        """Make known that a service has this public name."""
        self._public[name.lower()] = True

    def withdraw(self, name: str) -> None:
        """Forget a public name."""
        self._public.pop(name.lower(), None)
        self._forced.pop(name.lower(), None)

    def force(self, name: str, addresses: list[str] | None) -> None:
        """Answer with these addresses whatever the zones say; None: as the zones say."""
        if addresses is None:
            self._forced.pop(name.lower(), None)
        else:
            self._forced[name.lower()] = addresses

    def find(self, name: str) -> Found:
        """Return what a name leads to."""
        name = name.lower().rstrip(".")
        forced = self._forced.get(name)
        if forced is not None:
            return Found(True, (), tuple(forced))
        private = self._in_zones(name)
        if private is not None:
            return private
        alias = private_link_name(name)
        inside = self._in_zones(alias) if alias else None
        if alias and inside and inside.exists:
            return Found(True, (alias,), inside.addresses)
        if name in self._public:
            return Found(True, (), (public_address(name),))
        return Found(False)

    def _in_zones(self, name: str) -> Found | None:
        """Return what the closest linked zone says; None when no zone is responsible."""
        labels = name.split(".")
        for start in range(len(labels) - 1):
            zone = ".".join(labels[start:])
            records = self._records().get(zone)
            if records is None:
                continue
            found = records.get(".".join(labels[:start]) or "@")
            return Found(found is not None, (), tuple(found or ()))
        return None

    def _records(self) -> dict[str, dict[str, list[str]]]:
        if self._index is None:
            linked = {parent_of(link["id"]).lower() for link in self._ctx.resources.list(type=LINKS)}
            zones = [zone for zone in self._ctx.resources.list(type=ZONES) if zone["id"].lower() in linked]
            self._index = {}
            for zone in zones:
                self._index.setdefault(zone["name"].lower(), {}).update(self._records_of(zone))
        return self._index

    def _records_of(self, zone: dict[str, Any]) -> dict[str, list[str]]:
        sets = self._ctx.resources.list(zone["id"], A_RECORDS)
        return {name_of(one["id"]).lower(): _addresses(one) for one in sets}


def private_link_name(name: str) -> str | None:
    """Return the private link zone's name for a service's public name, or None."""
    host, _, suffix = name.partition(".")
    zone = PRIVATE_LINK.get(suffix)
    return f"{host}.{zone}" if zone else None


def public_address(name: str) -> str:
    """Return the documentation address (RFC 5737) that stands for a name's public one."""
    return f"203.0.113.{hashlib.sha256(name.encode()).digest()[0] % 254 + 1}"


def _addresses(record_set: dict[str, Any]) -> list[str]:
    listed = (record_set.get("properties") or {}).get("aRecords") or []
    return [str(record["ipv4Address"]) for record in listed]
