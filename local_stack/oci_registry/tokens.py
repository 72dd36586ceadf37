"""The registry's own tokens: a refresh token for who signed in, an access token for what was granted."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

import jwt

from local_stack.core.context import Context
from local_stack.core.files import write_private
from local_stack.core.principals import Principal

ISSUER = "Azure Container Registry"
REFRESH_SECONDS = 3 * 3600
ACCESS_SECONDS = 75 * 60


class RegistryTokens:
    """Signs and reads tokens for one login server."""

    def __init__(self, ctx: Context, login_server: str) -> None:
        self._ctx = ctx
        self.key = _key(ctx)
        self._audience = login_server

    def refresh(self, principal: Principal) -> str:
        """Return a refresh token for an Entra principal."""
        return self._sign({"grant_type": "refresh_token", **_who(principal)}, REFRESH_SECONDS)

    def access(self, principal: Principal, access: list[dict[str, Any]]) -> str:
        """Return an access token for what was granted."""
        return self._sign({"access": access, **_who(principal)}, ACCESS_SECONDS)

    def read_refresh(self, token: str) -> Principal | None:
        """Return whose refresh token this is; None for any other text."""
        claims = self._read(token)
        return _principal(claims) if claims and claims.get("grant_type") == "refresh_token" else None

    def read_access(self, token: str) -> tuple[Principal, list[dict[str, Any]]] | None:
        """Return the bearer and the grants of an access token; None for any other text."""
        claims = self._read(token)
        return (_principal(claims), claims["access"]) if claims and "access" in claims else None

    def _sign(self, claims: dict[str, Any], lifetime: int) -> str:
        now = int(self._ctx.wall())
        lifetime = int(self._ctx.faults.setting("oci_registry.token_seconds", lifetime))
        times = {"iat": now, "nbf": now - 5, "exp": now + lifetime, "jti": str(uuid.uuid4())}
        document = {**claims, **times, "iss": ISSUER, "aud": self._audience}
        return self._ctx.tokens.told(jwt.encode(document, self.key, "HS256"))

    def _read(self, token: str) -> dict[str, Any] | None:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.key,
                algorithms=["HS256"],
                issuer=ISSUER,
                audience=self._audience,
                options={"require": ["exp"], "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.PyJWTError:
            return None
        return claims if claims["exp"] > self._ctx.wall() else None


def _who(principal: Principal) -> dict[str, str]:
    return {
        "oid": principal.oid,
        "appid": principal.app_id,
        "tenant": principal.tenant_id,
        "name": principal.name,
    }


def _principal(claims: dict[str, Any]) -> Principal:
    return Principal(claims["oid"], claims["appid"], claims["tenant"], claims["name"])


def _key(ctx: Context) -> bytes:
    file = ctx.directory / "keys" / "oci-registry.key"
    if not file.exists():
        write_private(file, secrets.token_bytes(32))
    return file.read_bytes()
