"""What ARM keeps of registries, scope maps and tokens beyond what was put."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from local_stack.core.arm_ids import name_of, parent_of
from local_stack.core.context import Context
from local_stack.core.errors import WireError
from local_stack.oci_registry.grants import map_actions
from local_stack.oci_registry.registry import LocalRegistry

_NAME = re.compile(r"[A-Za-z0-9]{5,50}")
_SKUS = ("Basic", "Standard", "Premium")
_ACTION = re.compile(r"repositories/[a-z0-9._/-]*\*?/(content/(read|write|delete)|metadata/(read|write))")


class Registries:
    """A registry: putting it opens its listeners."""

    def __init__(
        self,
        registries: dict[str, LocalRegistry],
        start: Callable[[str], Awaitable[LocalRegistry]],
        stop: Callable[[str], Awaitable[None]],
        ctx: Context,
    ) -> None:
        self._ctx = ctx
        self._registries = registries
        self._start = start
        self._stop = stop

    async def put(
        self, resource_id: str, body: dict[str, Any], previous: dict[str, Any] | None
    ) -> dict[str, Any]:
        sku = (body.get("sku") or {}).get("name")
        if not _NAME.fullmatch(name_of(resource_id)):
            raise _invalid("The registry's name must have 5 to 50 letters and digits.")
        if sku not in _SKUS:
            raise _invalid(f"The registry's SKU must be one of {', '.join(_SKUS)}.")
        registry = self._registries.get(resource_id.lower()) or await self._start(resource_id)
        created = self._ctx.clock.now().isoformat()
        properties = {
            "adminUserEnabled": False,
            "anonymousPullEnabled": False,
            "dataEndpointEnabled": False,
            "networkRuleBypassOptions": "AzureServices",
            "publicNetworkAccess": "Enabled",
            "policies": {"azureADAuthenticationAsArmPolicy": {"status": "enabled"}},
            **body["properties"],
            "loginServer": registry.login_server,
            "creationDate": previous["properties"]["creationDate"] if previous else created,
        }
        return {**body, "sku": {"name": sku, "tier": sku}, "properties": properties}

    async def delete(self, resource_id: str) -> None:
        await self._stop(resource_id)


class ScopeMaps:
    """A scope map: named actions on repositories."""

    async def put(self, _: str, body: dict[str, Any], __: dict[str, Any] | None) -> dict[str, Any]:
        actions = body["properties"].get("actions")
        if not isinstance(actions, list) or not actions:
            raise _invalid("'properties.actions' must name at least one action.")
        wrong = [action for action in actions if not _ACTION.fullmatch(str(action))]
        if wrong:
            raise _invalid(f"'{wrong[0]!s:.200}' is no action of a scope map.")
        return {**body, "properties": {"type": "UserDefined", **body["properties"]}}

    async def delete(self, resource_id: str) -> None:
        """Nothing runs for a scope map; its tokens grant nothing from now on."""


class Tokens:
    """A token: a name to which a scope map and passwords belong."""

    def __init__(self, ctx: Context, registries: dict[str, LocalRegistry]) -> None:
        self._ctx = ctx
        self._registries = registries

    async def put(self, _: str, body: dict[str, Any], __: dict[str, Any] | None) -> dict[str, Any]:
        scope_map = str(body["properties"].get("scopeMapId") or "")
        if not map_actions(self._ctx, scope_map):
            raise _invalid(f"The scope map '{scope_map}' does not exist.")
        return {**body, "properties": {"status": "enabled", **body["properties"]}}

    async def delete(self, resource_id: str) -> None:
        registry = self._registries.get(parent_of(resource_id).lower())
        if registry:
            registry.grants.forget(resource_id)


def _invalid(message: str) -> WireError:
    return WireError(400, "InvalidParameters", message)
