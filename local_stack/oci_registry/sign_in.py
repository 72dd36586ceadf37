"""Signing in, as Azure's registries do it: /oauth2/exchange, /oauth2/token, and checking what they gave."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from aiohttp import web

from local_stack.core.errors import Unauthorized
from local_stack.core.principals import Principal
from local_stack.core.service import ARM_AUDIENCES
from local_stack.oci_registry.answers import scope_of
from local_stack.oci_registry.errors import NotSignedIn
from local_stack.oci_registry.registry import LocalRegistry
from local_stack.oci_registry.tokens import ACCESS_SECONDS

NULL_GUID = "00000000-0000-0000-0000-000000000000"
REGISTRY_AUDIENCE = "https://containerregistry.azure.net"


class SignIn:
    """Token endpoints of one registry, and the authentication of its listener."""

    def __init__(self, registry: LocalRegistry) -> None:
        self._registry = registry

    async def exchange(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        principal = self._by_entra(str(form.get("access_token", "")), str(form.get("service", "")))
        _note(request, principal)
        body = {"refresh_token": self._registry.tokens.refresh(principal)}
        return await self._registry.hostile.token_reply(request, body)

    async def token(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            principal, scopes = self._by_basic(request), request.query.getall("scope", [])
        else:
            form = await request.post()
            principal, scopes = self._by_form(form), [str(scope) for scope in form.getall("scope", [])]
        _note(request, principal)
        wanted = [scope for text in scopes for scope in text.split(" ")]
        access = self._registry.hostile.granted(self._registry.grants.granted(principal, wanted))
        body = {
            "access_token": self._registry.tokens.access(principal, access),
            "expires_in": ACCESS_SECONDS,
        }
        return await self._registry.hostile.token_reply(request, body)

    async def authenticate(self, request: web.Request) -> Principal:
        """Return the bearer of a /v2/ request and keep its grants. Raises NotSignedIn."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        found = self._registry.tokens.read_access(token) if scheme.lower() == "bearer" else None
        if found is None:
            raise NotSignedIn
        request["access"] = found[1]
        return found[0]

    def challenge(self, request: web.Request) -> str:
        """Return the WWW-Authenticate value of a 401."""
        host, scope = request.host, scope_of(request)
        realm = self._registry.hostile.word("realm") or f"https://{host}"
        text = f'Bearer realm="{realm}/oauth2/token",service="{host}"'
        return f'{text},scope="{scope}"' if scope else text

    def _by_entra(self, token: str, service: str) -> Principal:
        if service != self._registry.login_server:
            raise NotSignedIn
        try:
            return self._registry.ctx.tokens.verify(token, self._audiences())
        except Unauthorized:
            raise NotSignedIn from None

    def _audiences(self) -> tuple[str, ...]:
        policies: dict[str, Any] = self._registry.properties.get("policies") or {}
        armed = (policies.get("azureADAuthenticationAsArmPolicy") or {}).get("status", "enabled")
        return (REGISTRY_AUDIENCE, *ARM_AUDIENCES) if armed == "enabled" else (REGISTRY_AUDIENCE,)

    def _by_form(self, form: Any) -> Principal:
        kind = form.get("grant_type")
        if kind == "refresh_token":
            return self._by_password(NULL_GUID, str(form.get("refresh_token", "")))
        if kind == "password":
            return self._by_password(str(form.get("username", "")), str(form.get("password", "")))
        raise NotSignedIn

    def _by_basic(self, request: web.Request) -> Principal:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            pair = base64.b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        username, colon, password = pair.partition(":")
        if not colon:
            raise NotSignedIn
        return self._by_password(username, password)

    def _by_password(self, username: str, password: str) -> Principal:
        if username == NULL_GUID:
            principal = self._registry.tokens.read_refresh(password)
        else:
            principal = self._registry.grants.sign_in(username, password) or self._application(
                username, password
            )
        if principal is None:
            raise NotSignedIn
        return principal

    def _application(self, client_id: str, secret: str) -> Principal | None:
        return self._registry.ctx.principals.authenticate(client_id, secret)


def _note(request: web.Request, principal: Principal) -> None:
    request["principal"] = principal
