"""The components' resources as phases 9 to 13 leave them: private, named in DNS, apps pinned to their digests."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from demo.arm import Arm
from demo.publisher import LOCATION
from vibedata.manifest import Component, Manifest
from vibedata.settings import Settings

NETWORK = "127.77.0.0/16"  # loopback, where the local stack puts private addresses
# The private zone and the endpoint's group of each type that gets a private endpoint of its own here.
PRIVATE = {
    "microsoft.web/sites": ("privatelink.azurewebsites.net", "sites"),
    "microsoft.dbforpostgresql/flexibleservers": (
        "privatelink.postgres.database.azure.com",
        "postgresqlServer",
    ),
    "microsoft.containerservice/managedclusters": (f"privatelink.{LOCATION}.azmk8s.io", "management"),
}


def seed(
    arm: Arm, group: str, suffix: str, release: Manifest, settings: Settings, *, without: Collection[str] = ()
) -> None:
    """Create the network, the zones, and one resource with a private endpoint for each component that has one."""
    wanted = [
        c for c in release.components if c.name not in without and c.recognised_by.type.lower() in PRIVATE
    ]
    by_id = {resource_id(group, component, suffix): component for component in wanted}
    network = _network(arm, group)
    _zones(arm, group, network)
    apps = {key: one for key, one in by_id.items() if one.kind != "function-app"}  # that one is alerting's
    arm.put_all([(key, _body(component, settings)) for key, component in apps.items()])
    endpoints = {
        key: f"{group}/providers/Microsoft.Network/privateEndpoints/pe-{key.rsplit('/', 1)[1]}"
        for key in by_id
    }
    arm.put_all([(endpoint, _endpoint(key, network)) for key, endpoint in endpoints.items()])
    arm.put_all(
        [
            (f"{endpoint}/privateDnsZoneGroups/default", _zone_group(group, key))
            for key, endpoint in endpoints.items()
        ]
    )


def resource_id(group: str, component: Component, suffix: str) -> str:
    """Return the id of a component's resource in the managed resource group."""
    return f"{group}/providers/{component.recognised_by.type}/{component.recognised_by.name(suffix)}"


def _type(key: str) -> str:
    return "/".join(key.split("/providers/")[1].split("/")[:2]).lower()


def _network(arm: Arm, group: str) -> str:
    network = f"{group}/providers/Microsoft.Network/virtualNetworks/vnet-vibedata"
    arm.put(
        network,
        location=LOCATION,
        properties={
            "addressSpace": {"addressPrefixes": [NETWORK]},
            "subnets": [{"name": "endpoints", "properties": {"addressPrefix": "127.77.0.0/17"}}],
        },
    )
    return network


def _zones(arm: Arm, group: str, network: str) -> None:
    zones = [f"{group}/providers/Microsoft.Network/privateDnsZones/{zone}" for zone, _ in PRIVATE.values()]
    arm.put_all([(zone, {"location": "global", "properties": {}}) for zone in zones])
    link: dict[str, Any] = {
        "location": "global",
        "properties": {"virtualNetwork": {"id": network}, "registrationEnabled": False},
    }
    arm.put_all([(f"{zone}/virtualNetworkLinks/vnet-vibedata", link) for zone in zones])


def _body(component: Component, settings: Settings) -> dict[str, Any]:
    kind = component.recognised_by.type.lower()
    if kind == "microsoft.web/sites":
        return {
            "location": LOCATION,
            "kind": "app,linux,container",
            "properties": {
                "publicNetworkAccess": "Disabled",
                "siteConfig": {"linuxFxVersion": image(component, settings)},
            },
        }
    if kind == "microsoft.containerservice/managedclusters":
        return {
            "location": LOCATION,
            "properties": {"dnsPrefix": "vibedata", "apiServerAccessProfile": {"enablePrivateCluster": True}},
        }
    return {
        "location": LOCATION,
        "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
        "properties": {"version": "16", "network": {"publicNetworkAccess": "Disabled"}},
    }


def image(component: Component, settings: Settings) -> str:
    """Return what an app's `linuxFxVersion` says once the app is pinned to the release's digest."""
    artifact = component.artifact
    return f"DOCKER|{settings.customer_registry}/{artifact.repository}@{artifact.digest}" if artifact else ""


def _endpoint(key: str, network: str) -> dict[str, Any]:
    connection = {"privateLinkServiceId": key, "groupIds": [PRIVATE[_type(key)][1]]}
    return {
        "location": LOCATION,
        "properties": {
            "subnet": {"id": f"{network}/subnets/endpoints"},
            "privateLinkServiceConnections": [{"name": "connection", "properties": connection}],
        },
    }


def _zone_group(group: str, key: str) -> dict[str, Any]:
    zone = f"{group}/providers/Microsoft.Network/privateDnsZones/{PRIVATE[_type(key)][0]}"
    return {
        "properties": {"privateDnsZoneConfigs": [{"name": "zone", "properties": {"privateDnsZoneId": zone}}]}
    }
