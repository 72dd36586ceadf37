"""Storage accounts: names are unique in the whole stack, as in Azure; the name leads to the ARM id and its roles."""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from local_stack.core.arm_ids import name_of
from local_stack.core.context import Context
from local_stack.core.errors import WireError
from local_stack.storage.azurite import SERVICES, Azurite
from local_stack.storage.upstream import Upstream

_NAME = re.compile(r"[a-z0-9]{3,24}")
_NOBODY = "stackinternal"  # with no account at all, Azurite would open its own with a published key


class Accounts:
    """Which accounts exist, and the keys by which Azurite knows them."""

    def __init__(self, ctx: Context) -> None:
        self._ids = ctx.store.collection("storage", "accounts")
        self._keys = ctx.store.collection("storage", "keys")

    def keys(self) -> dict[str, str]:
        """Return name and base64 key of every account that Azurite must know."""
        self.reserve([_NOBODY])
        return dict(self._keys)

    def reserve(self, names: Iterable[str]) -> None:
        """Make keys for names that may become accounts later."""
        for name in names:
            if name not in self._keys:
                self._keys[name] = b64encode(secrets.token_bytes(64)).decode()

    def arm_id(self, name: str) -> str | None:
        """Return the ARM id of an account, or None."""
        found: str | None = self._ids.get(name)
        return found

    def add(self, name: str, resource_id: str) -> bool:
        """Keep an account; say whether Azurite does not know it yet. Raises WireError (name bad or taken)."""
        if not _NAME.fullmatch(name):
            raise WireError(
                400,
                "AccountNameInvalid",
                f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 "
                "characters in length and use numbers and lower-case letters only.",
            )
        owner = self._ids.get(name)
        if owner and owner.lower() != resource_id.lower():
            message = f"The storage account named {name} is already taken."
            raise WireError(409, "StorageAccountAlreadyTaken", message)
        self._ids[name] = resource_id
        unknown = name not in self._keys
        self.reserve([name])
        return unknown

    def remove(self, name: str) -> None:
        """Forget an account."""
        self._ids.pop(name, None)


class StorageAccounts:
    """Makes an account real when ARM puts it: endpoints, the three services, a place in Azurite."""

    def __init__(self, ctx: Context, accounts: Accounts, azurite: Azurite, upstream: Upstream) -> None:
        self._ctx = ctx
        self._accounts = accounts
        self._azurite = azurite
        self._upstream = upstream

    async def put(
        self, resource_id: str, body: dict[str, Any], previous: dict[str, Any] | None
    ) -> dict[str, Any]:
        name = name_of(resource_id)
        if self._accounts.add(name, resource_id):
            await self._azurite.tell_accounts()
        await self._upstream.await_account(name)
        for service in (*SERVICES, "file"):
            self._ctx.resources.put(f"{resource_id}/{service}Services/default", {"properties": {}})
        created = (previous or {}).get("properties", {}).get(
            "creationTime"
        ) or self._ctx.clock.now().isoformat()
        properties = {
            "minimumTlsVersion": "TLS1_2",
            "supportsHttpsTrafficOnly": True,
            **body["properties"],
            "allowSharedKeyAccess": False,
            "creationTime": created,
            "primaryLocation": body.get("location"),
            "statusOfPrimary": "available",
            "primaryEndpoints": {s: f"{self._ctx.addresses.url(s)}/{name}/" for s in SERVICES},
        }
        return {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}, **body, "properties": properties}

    async def delete(self, resource_id: str) -> None:
        name = name_of(resource_id)
        await self._upstream.purge(name)
        self._accounts.remove(name)
