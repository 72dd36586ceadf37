"""Takes a request to a vault apart, asks its state, and shapes the answer as Key Vault does."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from local_stack.core.bodies import json_object
from local_stack.core.context import Context
from local_stack.core.errors import Forbidden
from local_stack.key_vault import errors
from local_stack.key_vault.state import RECOVERABLE_DAYS, Secret, Vault

MAX_VALUE_BYTES = 25 * 1024
MAX_PAGE = 25
_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_VERSION = re.compile(r"7\.[0-9](?:-preview\.\d)?|20\d\d-\d\d-\d\d(?:-preview)?")
_ACTION = "Microsoft.KeyVault/vaults/secrets/"


class Answers:
    """The handlers of one vault's listener."""

    def __init__(self, ctx: Context, vault_id: str, url: str) -> None:
        self._ctx = ctx
        self._vault_id = vault_id
        self._url = url.rstrip("/")
        self._vault = Vault(ctx, vault_id)

    async def set(self, request: web.Request) -> web.StreamResponse:
        name = self._admit(request, "setSecret/action")
        body = await json_object(request, errors.bad_parameter)
        value = body.get("value")
        if not isinstance(value, str):
            raise errors.bad_parameter("The parameter 'value' is missing.")
        if len(value.encode()) > MAX_VALUE_BYTES:
            raise errors.bad_parameter(f"The secret value is longer than {MAX_VALUE_BYTES} bytes.")
        return self._bundle(self._vault.set(name, body))

    async def get(self, request: web.Request) -> web.StreamResponse:
        name = self._admit(request, "getSecret/action")
        return self._bundle(self._vault.get(name, request.match_info.get("version", "")))

    async def update(self, request: web.Request) -> web.StreamResponse:
        name = self._admit(request, "update/action")
        version = request.match_info.get("version", "")
        return self._bundle(
            self._vault.update(name, version, await json_object(request, errors.bad_parameter)), value=False
        )

    async def list_secrets(self, request: web.Request) -> web.StreamResponse:
        self._admit(request, "readMetadata/action")
        items = [self._item(secret) for secret in self._vault.all(deleted=False)]
        return self._page(request, items)

    async def versions(self, request: web.Request) -> web.StreamResponse:
        name = self._admit(request, "readMetadata/action")
        return self._page(request, [self._item(s, version=True) for s in self._vault.versions(name)])

    async def delete(self, request: web.Request) -> web.StreamResponse:
        name = self._admit(request, "delete")
        return web.json_response(self._deleted(self._vault.delete(name)))

    async def list_deleted(self, request: web.Request) -> web.StreamResponse:
        self._admit(request, "readMetadata/action")
        items = [self._deleted(secret) for secret in self._vault.all(deleted=True)]
        return self._page(request, items)

    async def get_deleted(self, request: web.Request) -> web.StreamResponse:
        name = self._admit(request, "readMetadata/action")
        return web.json_response(self._deleted(self._vault.deleted(name)))

    async def recover(self, request: web.Request) -> web.StreamResponse:
        name = self._admit(request, "recover/action")
        return self._bundle(self._vault.recover(name), value=False)

    async def purge(self, request: web.Request) -> web.StreamResponse:
        name = self._admit(request, "purge/action")
        vault = self._ctx.resources.get(self._vault_id) or {}
        if (vault.get("properties") or {}).get("enablePurgeProtection"):
            raise errors.purge_protected()
        self._vault.purge(name)
        return web.Response(status=204)

    def _admit(self, request: web.Request, action: str) -> str:
        """Check version, role and name; return the name, or nothing where the path has none."""
        version = request.query.get("api-version", "")
        if not _VERSION.fullmatch(version):
            raise errors.bad_version(version)
        name = request.match_info.get("name", "")
        caller = request["principal"]
        try:
            self._ctx.roles.require(caller, _ACTION + action, self._scope(name), data=True)
        except Forbidden as error:
            raise errors.forbidden(caller.app_id, caller.oid, error.action, error.scope) from None
        if name and not _NAME.fullmatch(name):
            raise errors.bad_parameter(f"The request URI contains an invalid name: {name}")
        request["detail"] = {"secret": name} if name else {}
        return name

    def _scope(self, name: str) -> str:
        return f"{self._vault_id}/secrets/{name}" if name else self._vault_id

    def _bundle(self, secret: Secret, *, value: bool = True) -> web.StreamResponse:
        body = self._item(secret, version=True)
        return web.json_response({"value": secret["value"], **body} if value else body)

    def _item(self, secret: Secret, *, version: bool = False) -> dict[str, Any]:
        suffix = f"/{secret['version']}" if version else ""
        attributes = {
            **secret["attributes"],
            "recoveryLevel": "Recoverable+Purgeable",
            "recoverableDays": RECOVERABLE_DAYS,
        }
        optional = {key: secret[key] for key in ("contentType", "tags") if secret[key] is not None}
        return {"id": f"{self._url}/secrets/{secret['name']}{suffix}", "attributes": attributes, **optional}

    def _deleted(self, secret: Secret) -> dict[str, Any]:
        recovery = f"{self._url}/deletedsecrets/{secret['name']}"
        return {"recoveryId": recovery, **secret["deleted"], **self._item(secret, version=True)}

    def _page(self, request: web.Request, items: list[dict[str, Any]]) -> web.StreamResponse:
        size, start = _number(request, "maxresults", MAX_PAGE), _number(request, "$skiptoken", 0)
        if not 1 <= size <= MAX_PAGE:
            raise errors.bad_parameter(f"maxresults must lie between 1 and {MAX_PAGE}.")
        more = None
        if start + size < len(items):
            version = request.query["api-version"]
            more = (
                f"{self._url}{request.path}?api-version={version}&maxresults={size}&$skiptoken={start + size}"
            )
        return web.json_response({"value": items[start : start + size], "nextLink": more})


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text):
        raise errors.bad_parameter(f"{name} is no number.")
    return int(text)
