"""Access tokens, signed RS256 by the stack's own key and verified by every service: issuer, audience, expiry.

Their times are Azure's (`Context.wall`), not the stack's clock: a client decides by its own when to ask for a new one.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local_stack.core.errors import Unauthorized
from local_stack.core.files import write_private
from local_stack.core.principals import Principal

LIFETIME = 3600.0
_CACHE_LIMIT = 1000
_REQUIRED = ["exp", "nbf", "iat", "aud", "iss", "oid", "appid"]


class Tokens:
    """Mints and verifies the tenant's tokens."""

    def __init__(
        self,
        keys: Path,
        tenant_id: str,
        wall: Callable[[], float] = time.time,
        lives: Callable[[float], float] = float,
    ) -> None:
        self._wall = wall
        self.lifetime = lives
        self.tenant_id = tenant_id
        self.issuer = f"https://sts.windows.net/{tenant_id}/"
        self._key = _load(keys / "token-signing.pem")
        self._public = self._key.public_key()
        self.key_id = _thumbprint(self._public)
        self._verified: dict[str, dict[str, Any]] = {}
        self.watchers: list[Callable[[str], None]] = []

    def mint(
        self,
        principal: Principal,
        audience: str,
        lifetime: float | None = None,
        *,
        roles: Sequence[str] = (),
    ) -> str:
        """Return a token for `principal` that `audience` accepts for `lifetime` seconds (negative: expired).

        `roles` are the audience's own app roles, as an application defines them.
        """
        now = int(self._wall())
        lifetime = self.lifetime(LIFETIME) if lifetime is None else lifetime
        claims = {
            "aud": audience,
            "iss": self.issuer,
            "iat": now - 5,
            "nbf": min(now, now + int(lifetime)) - 5,
            "exp": now + int(lifetime),
            "oid": principal.oid,
            "sub": principal.oid,
            "appid": principal.app_id,
            "idtyp": "app",
            "tid": principal.tenant_id,
            "app_displayname": principal.name,
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
        }
        if principal.resource_id:
            claims["xms_mirid"] = principal.resource_id
        if roles:
            claims["roles"] = list(roles)
        return self.told(jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id}))

    def told(self, token: str) -> str:
        """Return a token that was just made, of whatever service, after every watcher has seen it."""
        for watch in self.watchers:
            watch(token)
        return token

    def claims(self, token: str, audiences: Sequence[str]) -> dict[str, Any]:
        """Return the claims of a token that is ours, current and meant for one of `audiences`.

        Raises Unauthorized (InvalidAuthenticationToken, ExpiredAuthenticationToken,
        InvalidAuthenticationTokenAudience).
        """
        claims = self._verified.get(token) or self._verify(token)
        now = self._wall()  # PyJWT knows only the machine's
        if claims["exp"] <= now:
            raise Unauthorized(
                "ExpiredAuthenticationToken", "The access token expiry UTC time is in the past."
            )
        if claims["nbf"] > now:
            raise Unauthorized("InvalidAuthenticationToken", "The access token is not yet valid.")
        if str(claims["aud"]).rstrip("/").lower() not in {a.rstrip("/").lower() for a in audiences}:
            raise Unauthorized(
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. It should "
                f"exactly match with one of the allowed audiences {', '.join(repr(a) for a in audiences)}.",
            )
        return claims

    def verify(self, token: str, audiences: Sequence[str]) -> Principal:
        """Return who the token speaks for. Raises Unauthorized."""
        claims = self.claims(token, audiences)
        return Principal(
            claims["oid"],
            claims["appid"],
            claims["tid"],
            claims["app_displayname"],
            claims.get("xms_mirid", ""),
        )

    def jwks(self) -> dict[str, Any]:
        """Return the key set that verifies these tokens."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._public, as_dict=True)
        return {"keys": [{**public, "kid": self.key_id, "use": "sig", "alg": "RS256", "issuer": self.issuer}]}

    def _verify(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public,
                algorithms=["RS256"],
                issuer=self.issuer,
                options={
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "require": _REQUIRED,
                },
            )
        except jwt.PyJWTError as error:
            raise Unauthorized(
                "InvalidAuthenticationToken", f"The access token is invalid: {error}."
            ) from error
        if len(self._verified) >= _CACHE_LIMIT:
            self._verified.clear()
        self._verified[token] = claims
        return claims


def _load(path: Path) -> rsa.RSAPrivateKey:
    if not path.exists():
        fresh = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = fresh.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(path, pem)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key")
    return key


def _thumbprint(public: rsa.RSAPublicKey) -> str:
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return urlsafe_b64encode(hashlib.sha256(der).digest()[:20]).rstrip(b"=").decode()
