"""The inventory's rules: what must exist before a resource, what Azure adds to it, what goes when it is deleted."""

from __future__ import annotations

import uuid
from typing import Any

from local_stack.arm.errors import (
    group_not_found,
    invalid_content,
    location_required,
    not_registered,
    parent_not_found,
)
from local_stack.core.arm_ids import is_under, parent_of, resource_group_of, resource_type, subscription_of
from local_stack.core.context import Context

GROUP = "Microsoft.Resources/resourceGroups"
_UNTRACKED = ("microsoft.authorization", "microsoft.resources", "microsoft.solutions")


class Inventory:
    """Puts, merges and deletes resources of any type."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._times = ctx.store.collection("arm", "times")
        self._subscriptions = ctx.store.collection("arm", "subscriptions")

    async def put(self, resource_id: str, body: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Create or replace a resource; return what is kept and whether it is new. Raises WireError."""
        self._check_place(resource_id)
        if _is_tracked(resource_id) and not body.get("location"):
            raise location_required()
        previous = self._ctx.resources.get(resource_id)
        kept = self._with_identity(resource_id, _with_state(body), previous)
        provider = self._ctx.resources.providers.get(resource_type(resource_id).lower())
        if provider:
            kept = await provider.put(resource_id, kept, previous)
        self.touch(resource_id)
        return self._ctx.resources.put(resource_id, kept), previous is None

    async def delete(self, resource_id: str) -> bool:
        """Delete a resource with everything under it, innermost first; say whether it was there."""
        doomed = self._ctx.resources.list(resource_id)
        for resource in sorted(doomed, key=lambda found: -found["id"].count("/")):
            provider = self._ctx.resources.providers.get(resource["type"].lower())
            if provider:
                await provider.delete(resource["id"])
            if "SystemAssigned" in _identity_type(resource):
                self._ctx.principals.delete_managed_identity(resource["id"])
            self._ctx.resources.delete(resource["id"])
            self._times.pop(resource["id"].lower(), None)
        for key, kept in self._ctx.roles.assignments().items():
            if doomed and is_under(kept["scope"], resource_id):
                self._ctx.roles.remove(key)
        return any(found["id"].lower() == resource_id.lower().rstrip("/") for found in doomed)

    def touch(self, resource_id: str) -> None:
        """Remember when the resource was created and changed, and that its subscription is in use."""
        now = self._ctx.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        known = self._times.get(resource_id.lower(), {"createdTime": now})
        self._times[resource_id.lower()] = {**known, "changedTime": now}
        subscription = subscription_of(resource_id).lower()
        if subscription not in self._subscriptions:
            self._subscriptions[subscription] = {"since": now}

    def times(self, resource_id: str) -> dict[str, Any]:
        """Return createdTime and changedTime of a resource."""
        found: dict[str, Any] = self._times.get(resource_id.lower(), {})
        return found

    def _check_place(self, resource_id: str) -> None:
        group = resource_group_of(resource_id)
        if group and not self._ctx.resources.get(group):
            raise group_not_found(resource_id)
        namespace = resource_type(resource_id).split("/")[0]
        if namespace.lower() in self._ctx.faults.text("arm.unregistered").lower().split(","):
            raise not_registered(subscription_of(resource_id), namespace)
        parent = parent_of(resource_id)
        is_resource = "/providers/" in parent.lower()
        if is_resource and not self._ctx.resources.get(parent):
            raise parent_not_found(resource_id, parent)

    def _with_identity(
        self, resource_id: str, body: dict[str, Any], previous: dict[str, Any] | None
    ) -> dict[str, Any]:
        wanted = _identity_type(body)
        if "SystemAssigned" not in wanted and previous and "SystemAssigned" in _identity_type(previous):
            self._ctx.principals.delete_managed_identity(resource_id)
        if not wanted or wanted == "None":
            return body
        identity: dict[str, Any] = {"type": wanted}
        if "SystemAssigned" in wanted:
            principal = self._ctx.principals.create_managed_identity(resource_id)
            identity.update(principalId=principal.oid, tenantId=principal.tenant_id)
        if "UserAssigned" in wanted:
            named = body["identity"].get("userAssignedIdentities") or {}
            identity["userAssignedIdentities"] = {each: self._attached(each) for each in named}
        return {**body, "identity": identity}

    def _attached(self, identity_id: str) -> dict[str, str]:
        principal = self._ctx.principals.of_resource(identity_id)
        if principal is None:
            raise invalid_content(f"The user assigned identity '{identity_id}' does not exist")
        return {"principalId": principal.oid, "clientId": principal.app_id}


class VirtualMachines:
    """Gives a VM its vmId, by which the metadata service knows it."""

    async def put(
        self, _resource_id: str, body: dict[str, Any], previous: dict[str, Any] | None
    ) -> dict[str, Any]:
        known = previous["properties"]["vmId"] if previous else str(uuid.uuid4())
        return {**body, "properties": {**body["properties"], "vmId": known}}

    async def delete(self, _resource_id: str) -> None:
        """Nothing runs for a VM itself."""


def _is_tracked(resource_id: str) -> bool:
    """Say whether Azure wants a location: a resource without a parent resource, that extends none."""
    full_type = resource_type(resource_id)
    own_place = resource_id.lower().count("/providers/") == 1
    return own_place and full_type.count("/") == 1 and full_type.lower().split("/")[0] not in _UNTRACKED


def is_group(resource_id: str) -> bool:
    """Say whether the id is a resource group's."""
    return resource_type(resource_id) == GROUP


def merged(kept: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return a resource after PATCH: objects merge, null removes, everything else replaces."""
    result = dict(kept)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif (
            isinstance(value, dict) and isinstance(result.get(key), dict) and key != "userAssignedIdentities"
        ):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def _with_state(body: dict[str, Any]) -> dict[str, Any]:
    properties = body.get("properties") or {}
    if not isinstance(properties, dict):
        raise invalid_content("'properties' must be an object")
    return {**body, "properties": {**properties, "provisioningState": "Succeeded"}}


def _identity_type(body: dict[str, Any]) -> str:
    return str((body.get("identity") or {}).get("type", ""))
