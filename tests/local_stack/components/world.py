"""Components in a subscription of their own, each with a private endpoint and a record in its zone."""

from __future__ import annotations

import ssl
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential
from azure.identity import ClientSecretCredential

from demo.arm import Arm
from local_stack.threaded import ThreadedStack

SERVICES = ("identity", "arm", "dns", "components")
LOCATION = "westeurope"
DIGEST = "sha256:" + "a" * 64


@dataclass
class World:
    """One subscription with one group."""

    stack: ThreadedStack
    subscription: str
    group: str = "group"

    @cached_property
    def credential(self) -> TokenCredential:
        who = self.stack.deployer
        return ClientSecretCredential(
            self.stack.tenant_id,
            who["client_id"],
            who["client_secret"],
            authority=self.stack.addresses.url("identity"),
            disable_instance_discovery=True,
        )

    @cached_property
    def arm(self) -> Arm:
        arm = Arm(self.stack.addresses.url("arm"), self.credential, self.subscription)
        arm.group(self.group, LOCATION)
        return arm

    @property
    def dns_server(self) -> str:
        return f"127.0.0.1:{self.stack.addresses.port('dns')}"

    def id(self, kind: str, name: str) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/{kind}/{name}"

    def put(self, kind: str, name: str, **properties: Any) -> dict[str, Any]:
        return self.arm.put(self.id(kind, name), location=LOCATION, properties=properties)

    def zone(self, name: str, *, linked: bool = True) -> str:
        kind = "Microsoft.Network/privateDnsZones"
        zone = self.arm.put(self.id(kind, name), location="global", properties={})
        if linked:
            network = {"virtualNetwork": {"id": self.id("Microsoft.Network/virtualNetworks", "vnet")}}
            self.arm.put(f"{zone['id']}/virtualNetworkLinks/link", location="global", properties=network)
        return str(zone["id"])

    def private_endpoint(self, target: str, group_id: str, zone_id: str) -> dict[str, Any]:
        name = f"pe-{target.rsplit('/', 1)[-1]}"
        made = self.put(
            "Microsoft.Network/privateEndpoints",
            name,
            subnet={"id": self.id("Microsoft.Network/virtualNetworks", "vnet") + "/subnets/s"},
            privateLinkServiceConnections=[
                {"name": name, "properties": {"privateLinkServiceId": target, "groupIds": [group_id]}}
            ],
        )
        self.arm.put(
            f"{made['id']}/privateDnsZoneGroups/default",
            properties={
                "privateDnsZoneConfigs": [{"name": "z", "properties": {"privateDnsZoneId": zone_id}}]
            },
        )
        return made

    def site(self, name: str, *, digest: str = DIGEST) -> tuple[str, int]:
        """Deploy a web app with everything around it; return its host and port."""
        image = f"DOCKER|registry.example/vibedata/components/{name}@{digest}"
        made = self.put("Microsoft.Web/sites", name, siteConfig={"linuxFxVersion": image})
        self.private_endpoint(made["id"], "sites", self.zone("privatelink.azurewebsites.net"))
        return split(made["properties"]["defaultHostName"])

    def set_state(self, name: str, state: str, seconds: float | None = None) -> dict[str, Any]:
        return self.stack.call(lambda ctx: ctx.services["components"].set_state(name, state, seconds))

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.stack.ca_file))


def world(stack: ThreadedStack) -> World:
    """Return a new subscription on the stack."""
    return World(stack, str(uuid.uuid4()))


def split(host_and_port: str) -> tuple[str, int]:
    """Return host and port of `host:port` or a URL."""
    parts = urlsplit(host_and_port if "://" in host_and_port else f"//{host_and_port}")
    return str(parts.hostname), int(parts.port or 0)


def unique(prefix: str) -> str:
    """Return a name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:13]}"
