"""Callers over Entra ID: who may call the HTTP fallback is who has a token for it, and only action groups do.

The service tag that lets action groups through a firewall lets those of every customer of Azure through; what tells
ours from theirs is the token: our tenant's signature, our application's audience, their application's id and role.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import jwt

from vibedata.adapters.entra_keys import EntraKeys
from vibedata.errors import BadInput, Blocked

ROLE = "ActionGroupsSecureWebhook"
MAX_TOKEN_CHARS = 16 * 1024
UNCHECKED: Any = {
    f"verify_{name}": False for name in ("aud", "iss", "exp", "nbf", "iat", "sub", "jti")
}  # by us
MAX_EPOCH = 2**53
TOLERATED_SKEW_SECONDS = 300.0  # of a clock that is behind Entra's: a token that is just made


class EntraCallers:
    """Tells whether a request may come in; one for the whole process, because it keeps the tenant's keys."""

    def __init__(
        self,
        authority: str,
        tenant_id: str,
        audience: str,
        caller: str,
        clock: Callable[[], datetime],
        keys: EntraKeys | None = None,
    ) -> None:
        base = authority.rstrip("/")
        self._issuers = {f"https://sts.windows.net/{tenant_id}/", f"{base}/{tenant_id}/v2.0"}
        self._tenant_id = tenant_id
        self._audiences = _audiences(audience)
        self._caller = caller
        self._clock = clock
        self._keys = keys or EntraKeys(f"{base}/{tenant_id}/discovery/v2.0/keys", clock)

    def admit(self, authorization: str) -> None:
        """Return if the header's token is good; Raises BadInput, Blocked, Transient as the port says."""
        if not self._audiences:
            raise Blocked(
                "alert-http-shut",
                "The HTTP fallback is shut: no audience is set that it could accept tokens for.",
                hint="Set VIBEDATA_ALERT_HTTP_AUDIENCE to the identifier URI of the fallback's application.",
            )
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_CHARS:
            raise _refused("there is no bearer token")
        self._check(self._claims(token))

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            head = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise _refused("it is no JWT") from None
        if head.get("alg") != "RS256" or not isinstance(head.get("kid"), str):
            raise _refused("it is not signed with RS256 by a key that it names")
        key = self._keys.of(head["kid"])
        if key is None:
            raise _refused("no key of the tenant signed it")
        try:
            claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=["RS256"], options=UNCHECKED)
        except jwt.InvalidTokenError:
            raise _refused("its signature does not hold") from None
        return claims

    def _check(self, claims: Mapping[str, Any]) -> None:
        now = self._clock().timestamp()
        if str(claims.get("iss")) not in self._issuers or claims.get("tid") != self._tenant_id:
            raise _refused("another tenant issued it")
        if _plain(claims.get("aud")) not in self._audiences:
            raise _refused("it is meant for another audience")
        if not _number(claims.get("exp")) > now:
            raise _refused("it has expired")
        if not _number(claims.get("nbf", 0)) <= now + TOLERATED_SKEW_SECONDS:
            raise _refused("it is not valid yet")
        caller = _plain(claims.get("appid") or claims.get("azp"))
        if not caller or caller != _plain(self._caller):
            raise _refused("it belongs to another application than the one that may call")
        roles = claims.get("roles")
        if not (isinstance(roles, list) and ROLE in roles):
            raise _refused(f"its application has not the role {ROLE}")


def _audiences(audience: str) -> set[str]:
    """Return what a token for the application says: its identifier URI (v1), or its client id (v2, `api://<id>`)."""
    plain = _plain(audience)
    return {plain, plain.removeprefix("api://")} if plain else set()


def _plain(value: Any) -> str:
    return value.rstrip("/").lower() if isinstance(value, str) else ""


def _number(value: Any) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < MAX_EPOCH else float("nan")


def _refused(why: str) -> BadInput:
    return BadInput(
        "token-refused",
        f"The token is refused: {why}.",
        hint="Call as a secure webhook of an action group of this tenant does; docs/functions.md says what is checked.",
    )
