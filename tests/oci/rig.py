"""A small stack with two registries in it, and the clients that tests use on them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from azure.core.credentials import AccessToken
from azure.mgmt.containerregistry import ContainerRegistryManagementClient

from local_stack.core.principals import Principal
from local_stack.core.writes import Write
from local_stack.threaded import ThreadedStack
from oci.auth import Aad, Credentials
from oci.registry import Registry

ARM = "https://management.azure.com"
ACR = "https://containerregistry.azure.net"
_API = {"registries": "2025-11-01", "groups": "2022-09-01", "roles": "2022-04-01"}


class Token:
    """An Azure credential for one principal of the stack."""

    def __init__(self, stack: ThreadedStack, principal: Principal) -> None:
        self._stack = stack
        self.principal = principal

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        audience = scopes[0].removesuffix("/.default")
        return AccessToken(self._stack.ctx.tokens.mint(self.principal, audience), int(time.time()) + 3600)


@dataclass
class Rig:
    """One resource group with the registries `publisher` and `customer`."""

    stack: ThreadedStack
    subscription: str = field(default_factory=lambda: str(uuid.uuid4()))
    group: str = "rg"
    ids: dict[str, str] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)

    def seed(self) -> Rig:
        self.owner = self.principal("owner", "Owner", f"/subscriptions/{self.subscription}")
        self.put(f"/subscriptions/{self.subscription}/resourceGroups/{self.group}", {"location": "x"})
        for name in ("publisher", "customer"):
            self.add_registry(name)
        return self

    def add_registry(self, name: str, **properties: Any) -> None:
        base = f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers"
        self.ids[name] = f"{base}/Microsoft.ContainerRegistry/registries/{name}"
        body = {"location": "x", "sku": {"name": "Premium"}, "properties": properties}
        self.hosts[name] = self.put(self.ids[name], body)["properties"]["loginServer"]

    def principal(self, name: str, role: str | None = None, scope: str = "") -> Token:
        principal, _ = self.stack.create_application(name)
        if role:
            self.stack.ctx.roles.assign(f"/{uuid.uuid4()}", principal.oid, role, scope)
        return Token(self.stack, principal)

    def put(self, path: str, body: dict[str, Any], expected: tuple[int, ...] = (200, 201)) -> dict[str, Any]:
        answer = self.arm("PUT", path, json=body)
        assert answer.status_code in expected, answer.text
        return answer.json()

    def arm(self, method: str, path: str, caller: Token | None = None, **parts: Any) -> requests.Response:
        token = (caller or self.owner).get_token(ARM + "/.default").token
        return requests.request(
            method,
            f"{self.stack.addresses.url('arm')}{path}",
            params={"api-version": _API["registries"]},
            headers={"Authorization": f"Bearer {token}"},
            verify=str(self.stack.ca_file),
            timeout=30,
            **parts,
        )

    def registry(self, name: str, caller: Token | None = None, credentials: Credentials = None) -> Registry:
        signed = credentials or Aad(lambda: (caller or self.owner).get_token(ACR + "/.default").token)
        return Registry(
            self.hosts[name], signed, ca_file=self.stack.ca_file, sleep=lambda _: time.sleep(0.01)
        )

    def management(self, caller: Token | None = None) -> ContainerRegistryManagementClient:
        return ContainerRegistryManagementClient(
            caller or self.owner,
            self.subscription,
            base_url=self.stack.addresses.url("arm"),
            connection_verify=str(self.stack.ca_file),
            retry_total=0,
        )

    def scope_map_token(self, registry: str, *actions: str, **more: Any) -> tuple[str, str]:
        """Return name and password of a new token of a registry."""
        name = f"t{uuid.uuid4().hex[:8]}"
        top = self.ids[registry]
        self.put(f"{top}/scopeMaps/{name}", {"properties": {"actions": list(actions)}})
        self.put(f"{top}/tokens/{name}", {"properties": {"scopeMapId": f"{top}/scopeMaps/{name}"}})
        body = {"tokenId": f"{top}/tokens/{name}", "name": "password1", **more}
        answer = self.arm("POST", f"{top}/generateCredentials", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["username"], answer.json()["passwords"][0]["value"]

    @contextmanager
    def written(self) -> Iterator[list[Write]]:
        """Collect what the registries wrote meanwhile, token calls apart."""
        start, found = self.stack.writes.last, []
        yield found
        rows = self.stack.writes.since(start, service="oci_registry")
        found += [row for row in rows if not row.operation.startswith("token.")]


@contextmanager
def running(directory: Path) -> Iterator[ThreadedStack]:
    """Run a stack of its own: these tests move its clock, and every client is told its CA."""
    with ThreadedStack(directory, services=("identity", "arm", "oci_registry")) as stack:
        yield stack
