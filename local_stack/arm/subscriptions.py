"""Subscriptions, tenants, clouds, resource providers, and the state of long-running operations."""

from __future__ import annotations

import json
import uuid
from importlib.resources import files
from typing import Any

from aiohttp import web

from local_stack.arm.errors import invalid_subscription
from local_stack.core.context import Context
from local_stack.core.errors import WireError

_UNREGISTERED = "arm.unregistered"


class Subscriptions:
    """What ARM says of a subscription. Any GUID is one; those in use are listed."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._kept = ctx.store.collection("arm", "subscriptions")
        text = files("local_stack.arm").joinpath("providers.json").read_text("utf-8")
        self._types: dict[str, dict[str, list[str]]] = json.loads(text)

    async def endpoints(self, request: web.Request) -> web.Response:
        arm, login = f"https://{request.host}", self._ctx.addresses.url("identity")
        return web.json_response(
            {
                "name": "local",
                "portal": arm,
                "authentication": {
                    "loginEndpoint": login,
                    "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
                    "tenant": "common",
                    "identityProvider": "AAD",
                },
                "resourceManager": arm,
                "graphAudience": "https://graph.windows.net/",
                "graph": "https://graph.windows.net/",
                "media": "https://rest.media.azure.net",
                "gallery": "https://gallery.azure.com/",
                "batch": "https://batch.core.windows.net/",
                "activeDirectoryDataLake": "https://datalake.azure.net/",
                "sqlManagement": "https://management.core.windows.net:8443/",
                "vmImageAliasDoc": arm,
                "microsoftGraphResourceId": "https://graph.microsoft.com/",
                "suffixes": {
                    "acrLoginServer": "azurecr.io",
                    "keyVaultDns": "vault.azure.net",
                    "storage": "core.windows.net",
                    "sqlServerHostname": "database.windows.net",
                },
            }
        )

    async def tenants(self, _request: web.Request) -> web.Response:
        tenant = self._ctx.principals.tenant_id
        row = {"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "Local stack"}
        return web.json_response({"value": [row]})

    async def list_all(self, request: web.Request) -> web.Response:
        allows, caller = self._ctx.roles.allows, request["principal"]
        seen = [
            s
            for s in self._kept
            if allows(caller, "Microsoft.Resources/subscriptions/read", f"/subscriptions/{s}")
        ]
        return web.json_response({"value": [self._subscription(s) for s in seen]})

    async def get(self, request: web.Request) -> web.Response:
        return web.json_response(self._subscription(_subscription(request)))

    async def locations(self, request: web.Request) -> web.Response:
        scope = f"/subscriptions/{_subscription(request)}"
        names = {"westeurope": "West Europe", "northeurope": "North Europe", "eastus": "East US"}
        rows = [
            {
                "id": f"{scope}/locations/{name}",
                "name": name,
                "displayName": shown,
                "regionalDisplayName": shown,
            }
            for name, shown in names.items()
        ]
        return web.json_response({"value": rows})

    async def providers(self, request: web.Request) -> web.Response:
        subscription = _subscription(request)
        return web.json_response({"value": [self._provider(subscription, name) for name in self._types]})

    async def provider(self, request: web.Request) -> web.Response:
        asked = request.match_info["namespace"].lower()
        name = next((known for known in self._types if known.lower() == asked), None)
        if name is None:
            message = f"The resource namespace '{asked}' is invalid."
            raise WireError(404, "InvalidResourceNamespace", message)
        return web.json_response(self._provider(_subscription(request), name))

    async def register(self, request: web.Request) -> web.Response:
        asked = request.match_info["namespace"].lower()
        self._ctx.faults.set(_UNREGISTERED, ",".join(n for n in self._unregistered() if n != asked))
        return await self.provider(request)

    async def operation_status(self, request: web.Request) -> web.Response:
        kept = await self._operation(request)
        body: dict[str, Any] = {"id": request.path, "name": kept["id"], "properties": kept.get("result")}
        for key in ("status", "startTime", "endTime", "error"):
            if key in kept:
                body[key] = kept[key]
        return web.json_response(body, headers=_pace(kept))

    async def operation_result(self, request: web.Request) -> web.Response:
        kept = await self._operation(request)
        if kept["status"] == "InProgress":
            return web.Response(status=202, headers={"Location": str(request.url), **_pace(kept)})
        if kept["status"] == "Failed":
            raise WireError(409, kept["error"]["code"], kept["error"]["message"])
        if kept.get("result") is None:
            return web.Response(status=204)
        return web.json_response(kept["result"])

    async def _operation(self, request: web.Request) -> dict[str, Any]:
        await self._ctx.operations.settled(request.match_info["operation"])
        kept = self._ctx.operations.get(request.match_info["operation"])
        if kept is None:
            raise WireError(404, "OperationNotFound", "The operation could not be found.")
        return kept

    def _subscription(self, subscription: str) -> dict[str, Any]:
        return {
            "id": f"/subscriptions/{subscription}",
            "subscriptionId": subscription,
            "tenantId": self._ctx.principals.tenant_id,
            "displayName": f"Local subscription {subscription[:8]}",
            "state": "Enabled",
            "subscriptionPolicies": {
                "spendingLimit": "Off",
                "quotaId": "Local",
                "locationPlacementId": "Local",
            },
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
        }

    def _provider(self, subscription: str, namespace: str) -> dict[str, Any]:
        state = "NotRegistered" if namespace.lower() in self._unregistered() else "Registered"
        types = [
            {
                "resourceType": name,
                "apiVersions": versions,
                "locations": ["West Europe", "North Europe", "East US"],
            }
            for name, versions in self._types[namespace].items()
        ]
        return {
            "id": f"/subscriptions/{subscription}/providers/{namespace}",
            "namespace": namespace,
            "registrationPolicy": "RegistrationRequired",
            "registrationState": state,
            "resourceTypes": types,
        }

    def _unregistered(self) -> list[str]:
        return [name for name in self._ctx.faults.text(_UNREGISTERED).lower().split(",") if name]


def _subscription(request: web.Request) -> str:
    given = request.match_info["subscription"]
    try:
        return str(uuid.UUID(given))
    except ValueError:
        raise invalid_subscription(given) from None


def _pace(kept: dict[str, Any]) -> dict[str, str]:
    return {"Retry-After": "1"} if kept["status"] == "InProgress" else {}
