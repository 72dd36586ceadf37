"""Which identities a machine or an app carries, and who may ask for their tokens."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from local_stack.core.context import Context
from local_stack.core.principals import Principal
from local_stack.identity.errors import invalid_request

_VM = "Microsoft.Compute/virtualMachines"


def imds_authority(ctx: Context, vm_id: str) -> str:
    """Return the metadata service of a VM, by its ARM id: AZURE_POD_IDENTITY_AUTHORITY_HOST of its processes.

    Raises KeyError when there is no such VM.
    """
    vm = ctx.resources.get(vm_id)
    if vm is None:
        raise KeyError(vm_id)
    return f"{ctx.addresses.url('imds')}/vm/{vm['properties']['vmId']}"


def app_service_environment(ctx: Context, resource_id: str) -> dict[str, str]:
    """Return IDENTITY_ENDPOINT and IDENTITY_HEADER for the processes of an app (any resource with identities)."""
    key = hashlib.sha256(resource_id.lower().encode()).hexdigest()[:32]
    apps = ctx.store.collection("identity", "apps")
    if key not in apps:
        apps[key] = {"id": resource_id, "header": secrets.token_hex(16).upper()}
    return {
        "IDENTITY_ENDPOINT": f"{ctx.addresses.url('imds')}/app/{key}/msi/token",
        "IDENTITY_HEADER": apps[key]["header"],
    }


class MachineIdentities:
    """Finds the carrier behind a metadata address and picks one of its identities."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def vm(self, key: str) -> dict[str, Any]:
        """Return the VM with this vmId. Raises WireError."""
        found = next(
            (vm for vm in self._ctx.resources.list("", _VM) if vm["properties"].get("vmId") == key), None
        )
        if found is None:
            raise invalid_request("Identity not found")
        return found

    def app(self, key: str, header: str) -> dict[str, Any]:
        """Return the app with this key, to who knows its header. Raises WireError."""
        kept = self._ctx.store.collection("identity", "apps").get(key)
        known = kept is not None and secrets.compare_digest(kept["header"], header)
        found = self._ctx.resources.get(kept["id"]) if kept and known else None
        if found is None:
            raise invalid_request("Identity not found")
        return found

    def choose(self, carrier: dict[str, Any], asked: dict[str, str]) -> Principal:
        """Return the identity that was asked for by client_id, object_id or mi_res_id, among those attached.

        None named: the system-assigned one, else the only user-assigned one. Raises WireError.
        """
        attached = self._attached(carrier)
        named = {key: value.lower() for key, value in asked.items() if value}
        if named:
            fitting = [p for p in attached if all(_is(p, key, value) for key, value in named.items())]
        else:
            own = [p for p in attached if p.resource_id.lower() == carrier["id"].lower()]
            fitting = own or attached
        if not named and len(fitting) > 1:
            raise invalid_request(
                "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity "
                "in the token request"
            )
        if not fitting:
            raise invalid_request("Identity not found")
        return fitting[0]

    def _attached(self, carrier: dict[str, Any]) -> list[Principal]:
        identity = carrier.get("identity") or {}
        ids = list(identity.get("userAssignedIdentities") or {})
        if "principalId" in identity:
            ids.append(carrier["id"])
        found = [self._ctx.principals.of_resource(each) for each in ids]
        return [principal for principal in found if principal]


class UserAssignedIdentities:
    """Makes the resource a principal of the tenant."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def put(
        self, resource_id: str, body: dict[str, Any], _previous: dict[str, Any] | None
    ) -> dict[str, Any]:
        principal = self._ctx.principals.create_managed_identity(resource_id)
        properties = {
            "tenantId": principal.tenant_id,
            "principalId": principal.oid,
            "clientId": principal.app_id,
        }
        return {**body, "properties": {**body["properties"], **properties}}

    async def delete(self, resource_id: str) -> None:
        self._ctx.principals.delete_managed_identity(resource_id)


def _is(principal: Principal, key: str, value: str) -> bool:
    found = {
        "client_id": principal.app_id,
        "object_id": principal.oid,
        "principal_id": principal.oid,
        "mi_res_id": principal.resource_id.lower(),
        "msi_res_id": principal.resource_id.lower(),
    }[key]
    return found == value
