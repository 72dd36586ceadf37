"""Tokens for who proves to be somebody: an application by its secret, a machine by where it asks from."""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from local_stack.core.context import Context
from local_stack.core.errors import WireError
from local_stack.core.principals import Principal
from local_stack.core.tokens import LIFETIME
from local_stack.identity.errors import entra, invalid_request
from local_stack.identity.state import MachineIdentities

_MACHINE_LIFETIME = 24 * 3600.0  # as IMDS: a day, and the caller caches
_NAMES = ("client_id", "object_id", "mi_res_id", "msi_res_id", "principal_id")


class Answers:
    """The login endpoint and the metadata services."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._machines = MachineIdentities(ctx)

    async def instances(self, request: web.Request) -> web.Response:
        tenant = self._ctx.principals.tenant_id
        body = {
            "tenant_discovery_endpoint": f"{_base(request)}/{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [
                {
                    "preferred_network": request.host,
                    "preferred_cache": request.host,
                    "aliases": [request.host],
                }
            ],
        }
        return web.json_response(body)

    async def discovery(self, request: web.Request) -> web.Response:
        tenant = self._tenant(request)
        base = f"{_base(request)}/{tenant}"
        body = {
            "issuer": self._ctx.tokens.issuer,
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": None,
        }
        return web.json_response(body)

    async def keys(self, request: web.Request) -> web.Response:
        self._tenant(request)
        return web.json_response(self._ctx.tokens.jwks())

    async def token(self, request: web.Request) -> web.Response:
        self._tenant(request)
        form = {key: str(value) for key, value in (await request.post()).items()}
        if form.get("grant_type") != "client_credentials":
            message = f"The app requested an unsupported grant type '{form.get('grant_type')}'."
            raise entra(400, "unsupported_grant_type", 70003, message)
        client_id, secret = _credentials(request, form)
        principal = self._authenticate(client_id, secret)
        request["principal"] = principal
        audience = _audience(form)
        request["detail"] = {"audience": audience}
        body = {
            "token_type": "Bearer",
            "expires_in": int(self._ctx.token_seconds(LIFETIME)),
            "ext_expires_in": int(self._ctx.token_seconds(LIFETIME)),
            "access_token": self._ctx.tokens.mint(
                principal, audience, roles=self._ctx.principals.app_roles(principal, audience)
            ),
        }
        return web.json_response(body, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})

    async def imds(self, request: web.Request) -> web.Response:
        if request.headers.get("Metadata", "").lower() != "true":
            raise invalid_request("Required metadata header not specified")
        vm = self._machines.vm(request.match_info["key"])
        return self._machine_token(request, vm, number=str)

    async def instance(self, request: web.Request) -> web.Response:
        if request.headers.get("Metadata", "").lower() != "true":
            raise invalid_request("Required metadata header not specified")
        vm = self._machines.vm(request.match_info["key"])
        parts = vm["id"].split("/")
        compute = {
            "vmId": vm["properties"]["vmId"],
            "name": vm["name"],
            "location": vm.get("location", ""),
            "resourceId": vm["id"],
            "resourceGroupName": parts[4],
            "subscriptionId": parts[2],
            "osType": "Linux",
            "azEnvironment": "AzurePublicCloud",
        }
        return web.json_response({"compute": compute})

    async def app_service(self, request: web.Request) -> web.Response:
        header = request.headers.get("X-IDENTITY-HEADER", "")
        app = self._machines.app(request.match_info["key"], header)
        return self._machine_token(request, app, number=str)

    def _machine_token(self, request: web.Request, carrier: dict[str, Any], number: type) -> web.Response:
        resource = request.query.get("resource", "")
        if not resource:
            raise invalid_request("Required query variable 'resource' is missing")
        asked = {name: request.query[name] for name in _NAMES if name in request.query}
        principal = self._machines.choose(carrier, asked)
        now, lives = int(self._ctx.wall()), int(self._ctx.token_seconds(_MACHINE_LIFETIME))
        body = {
            "access_token": self._ctx.tokens.mint(principal, resource, lives),
            "client_id": principal.app_id,
            "expires_in": number(lives),
            "expires_on": number(now + lives),
            "ext_expires_in": number(lives),
            "not_before": number(now - 5),
            "resource": resource,
            "token_type": "Bearer",
        }
        return web.json_response(body)

    def _tenant(self, request: web.Request) -> str:
        asked = request.match_info["tenant"].lower()
        if asked not in (self._ctx.principals.tenant_id, "common", "organizations"):
            message = f"Tenant '{asked}' not found. Check to make sure you have the correct tenant ID."
            raise entra(400, "invalid_tenant", 90002, message)
        return self._ctx.principals.tenant_id

    def _authenticate(self, client_id: str, secret: str) -> Principal:
        if self._ctx.principals.by_client_id(client_id) is None:
            tenant = self._ctx.principals.tenant_id
            message = f"Application with identifier '{client_id}' was not found in the directory '{tenant}'."
            raise entra(400, "unauthorized_client", 700016, message)
        principal = self._ctx.principals.authenticate(client_id, secret)
        if principal is None:
            message = f"Invalid client secret provided for app '{client_id}'."
            raise entra(401, "invalid_client", 7000215, message)
        return principal


def _credentials(request: web.Request, form: dict[str, str]) -> tuple[str, str]:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = b64decode(value).decode().partition(":")
    except ValueError as error:
        raise WireError(400, "invalid_request", "The Authorization header is not valid.") from error
    return unquote(client_id), unquote(secret)


def _audience(form: dict[str, str]) -> str:
    if form.get("resource"):
        return form["resource"]
    scope = form.get("scope", "").strip()
    if not scope.endswith("/.default") or " " in scope:
        message = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope "
        )
        raise entra(400, "invalid_scope", 1002012, message + "value with /.default suffixed to the resource.")
    return scope.removesuffix("/.default")


def _base(request: web.Request) -> str:
    return f"https://{request.host}"
