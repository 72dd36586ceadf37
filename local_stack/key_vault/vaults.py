"""`Microsoft.KeyVault/vaults` in ARM, and the secrets that a template sets there.

A vault's name is taken everywhere, and stays so after its deletion.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from local_stack.core.arm_ids import name_of, parent_of
from local_stack.core.context import Context
from local_stack.key_vault import errors
from local_stack.key_vault.state import Vault

Body = dict[str, Any]
TYPE = "microsoft.keyvault/vaults"
SECRET_TYPE = f"{TYPE}/secrets"


class Vaults:
    """Opens a vault's listener with the vault, and closes it."""

    def __init__(self, ctx: Context, open_vault: Callable[[str], Awaitable[str]]) -> None:
        self._ctx = ctx
        self._open = open_vault
        self._owners = ctx.store.collection("key_vault", "names")  # name → {id, deleted}

    async def put(self, resource_id: str, body: Body, previous: Body | None) -> Body:
        name = name_of(resource_id)
        properties = dict(body.get("properties") or {})
        self._take_name(name, resource_id, recover=properties.pop("createMode", "default") == "recover")
        url = await self._open(resource_id) if previous is None else previous["properties"]["vaultUri"]
        properties = {
            "sku": {"family": "A", "name": "standard"},
            "tenantId": self._ctx.tokens.tenant_id,
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": 90,
            "enableRbacAuthorization": True,
            "publicNetworkAccess": "Enabled",
            **properties,
            "vaultUri": url.rstrip("/") + "/",
            "provisioningState": "Succeeded",
        }
        return {**body, "properties": properties}

    async def delete(self, resource_id: str) -> None:
        name = name_of(resource_id)
        await self._ctx.unlisten(f"key_vault/{name.lower()}")
        self._owners[name.lower()] = {"id": resource_id.lower(), "deleted": True}

    def _take_name(self, name: str, resource_id: str, *, recover: bool) -> None:
        owner = self._owners.get(name.lower())
        if owner and owner["deleted"] and not (recover and owner["id"] == resource_id.lower()):
            raise errors.vault_deleted(name)
        if owner and owner["id"] != resource_id.lower():
            raise errors.vault_exists(name)
        self._owners[name.lower()] = {"id": resource_id.lower(), "deleted": False}


class ArmSecrets:
    """Secrets set through ARM: the value goes to the vault, and ARM never shows it again."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def put(self, resource_id: str, body: Body, _previous: Body | None) -> Body:
        properties = dict(body.get("properties") or {})
        value = properties.pop("value", None)
        if not isinstance(value, str):
            raise errors.bad_parameter("The property 'value' of the secret is missing.")
        vault = self._ctx.resources.get(parent_of(resource_id)) or {"properties": {"vaultUri": ""}}
        name = name_of(resource_id)
        made = Vault(self._ctx, parent_of(resource_id)).set(name, {**properties, "value": value})
        uri = f"{vault['properties']['vaultUri']}secrets/{name}"
        shown = {"secretUri": uri, "secretUriWithVersion": f"{uri}/{made['version']}"}
        return {**body, "properties": {**properties, "attributes": made["attributes"], **shown}}

    async def delete(self, _resource_id: str) -> None:
        """ARM deletes no secret: it goes with its vault, or through the vault itself."""
