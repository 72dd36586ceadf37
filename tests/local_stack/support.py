"""What the tests of the stack's services share: a credential of the stack, and an ARM client."""

from __future__ import annotations

import uuid
from typing import Any

import requests
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from local_stack.threaded import ThreadedStack

WEST = {"location": "westeurope"}
STORAGE = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}}


def credential_for(stack: ThreadedStack, client_id: str, secret: str) -> ClientSecretCredential:
    return ClientSecretCredential(
        stack.tenant_id,
        client_id,
        secret,
        authority=stack.addresses.url("identity"),
        disable_instance_discovery=True,
        connection_verify=str(stack.ca_file),
    )


def deployer_credential(stack: ThreadedStack) -> ClientSecretCredential:
    who = stack.deployer
    return credential_for(stack, who["client_id"], who["client_secret"])


def arm_client(
    stack: ThreadedStack, subscription: str, application: tuple[str, str] | None = None
) -> ResourceManagementClient:
    credential = credential_for(stack, *application) if application else deployer_credential(stack)
    return ResourceManagementClient(
        credential,
        subscription,
        base_url=stack.addresses.url("arm"),
        connection_verify=str(stack.ca_file),
        polling_interval=0,
        retry_total=0,
    )


class Rest:
    """Plain requests to ARM as one caller, for what no installed SDK says."""

    def __init__(self, stack: ThreadedStack, token: str | None = None) -> None:
        self._stack = stack
        self._base = stack.addresses.url("arm")
        self._token = (
            token or deployer_credential(stack).get_token("https://management.azure.com/.default").token
        )

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        url = path if path.startswith("https://") else self._base + path
        if "api-version" not in url:
            url += ("&" if "?" in url else "?") + "api-version=2022-09-01"
        headers = {"Authorization": f"Bearer {self._token}"}
        return requests.request(
            method, url, json=body, headers=headers, verify=str(self._stack.ca_file), timeout=30, **more
        )


class Place:
    """A subscription and a resource group of its own for one test."""

    def __init__(self, stack: ThreadedStack) -> None:
        self.stack = stack
        self.subscription = str(uuid.uuid4())
        self.group = f"/subscriptions/{self.subscription}/resourceGroups/rg"
        self.rest = Rest(stack)
        self.arm = arm_client(stack, self.subscription)
        self.arm.resource_groups.create_or_update("rg", WEST)

    def id(self, kind: str, name: str) -> str:
        return f"{self.group}/providers/{kind}/{name}"

    def put(self, kind: str, name: str, /, **body: Any) -> dict[str, Any]:
        reply = self.rest("PUT", self.id(kind, name), {**WEST, **body})
        assert reply.ok, reply.text
        return reply.json()

    def application(self, *roles: str, scope: str | None = None) -> tuple[str, str]:
        """Create an application with these roles (at the group by default); return client id and secret."""
        principal, secret = self.stack.create_application(f"test-{uuid.uuid4().hex[:6]}")
        for role in roles:
            place = scope or self.group
            self.stack.ctx.roles.assign(f"{place}/{uuid.uuid4()}", principal.oid, role, place)
        return principal.app_id, secret

    def rest_as(self, application: tuple[str, str]) -> Rest:
        token = (
            credential_for(self.stack, *application).get_token("https://management.azure.com/.default").token
        )
        return Rest(self.stack, token)
