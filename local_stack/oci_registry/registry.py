"""One registry as it runs: its ARM id, addresses, content, tokens and grants, shared by all who answer for it."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from local_stack.core.arm_ids import name_of
from local_stack.core.context import Context
from local_stack.oci_registry.grants import Grants
from local_stack.oci_registry.hostile import Hostile
from local_stack.oci_registry.state import Content
from local_stack.oci_registry.tokens import RegistryTokens


class LocalRegistry:
    """What exists for each Microsoft.ContainerRegistry/registries resource."""

    def __init__(self, ctx: Context, resource_id: str) -> None:
        self.ctx = ctx
        self.resource_id = resource_id
        self.key = registry_key(resource_id)
        self.listener = f"oci_registry-{self.key}"
        self.data_listener = f"{self.listener}-data"
        self.login_server = f"127.0.0.1:{ctx.addresses.port(self.listener)}"
        self.data_host = f"127.0.0.1:{ctx.addresses.port(self.data_listener)}"
        self.content = Content(ctx, self.key)
        self.tokens = RegistryTokens(ctx, self.login_server)
        self.grants = Grants(ctx, resource_id)
        self.hostile = Hostile(ctx.faults, name_of(resource_id))

    def signature(self, digest: str) -> str:
        """Return what opens a blob at the data endpoint."""
        return hmac.new(self.tokens.key, f"{self.key}/{digest}".encode(), "sha256").hexdigest()

    @property
    def properties(self) -> dict[str, Any]:
        """The resource's properties as ARM has them now."""
        found = self.ctx.resources.get(self.resource_id)
        return dict(found["properties"]) if found else {}


def registry_key(resource_id: str) -> str:
    """Return a name for files and listeners: registries of two subscriptions may share theirs."""
    return f"{name_of(resource_id).lower()}-{hashlib.sha256(resource_id.lower().encode()).hexdigest()[:8]}"
