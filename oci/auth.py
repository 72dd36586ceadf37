"""Tokens of an Azure Container Registry (and of registries that issue theirs on their own host).

A token is minted beforehand for exactly the repository and actions of a request, and kept until shortly
before it expires. Secrets go to the registry's own origin only, whatever a challenge says.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from oci.errors import OciError
from oci.references import check_host
from oci.scopes import SharedScopes
from oci.wire import Answer

NULL_GUID = "00000000-0000-0000-0000-000000000000"
_MARGIN_SECONDS = 60.0
_DEFAULT_LIFETIME_SECONDS = 60.0
_CHALLENGE_FIELD = re.compile(r'([A-Za-z_]+)="([^"]{0,2000})"')


@dataclass(frozen=True, repr=False)
class Password:
    """A user name and password: a scope-map token's, or a service principal's."""

    username: str
    password: str


@dataclass(frozen=True, repr=False)
class Aad:
    """Sign in with Entra: `aad_token` returns a token for https://containerregistry.azure.net."""

    aad_token: Callable[[], str]
    tenant: str = ""


Credentials = Password | Aad | None
Send = Callable[..., Answer]


class Tokens:
    """Mints and keeps tokens for one registry; safe to share between threads."""

    def __init__(
        self,
        origin: str,
        credentials: Credentials,
        send: Send,
        clock: Callable[[], float] = time.time,
        hosts: Collection[str] = (),
    ) -> None:
        self._origin = origin
        self._service = urlsplit(origin).netloc
        self._realms = (origin + "/", *(f"https://{check_host(host)}/" for host in hosts))
        self._credentials = credentials
        self._send = send
        self._clock = clock
        self._locks: dict[tuple[str, ...], threading.Lock] = {}
        self._kept: dict[tuple[str, ...], tuple[str, float]] = {}
        self._challenge: dict[str, str] | None = None
        self._shared = SharedScopes()

    def expect(self, scope: str) -> None:
        """Say that a scope will be asked for, so that it can share a token with others."""
        self._shared.expect(scope)

    def together(self, one: str, other: str) -> bool:
        """Tell whether one token holds both scopes."""
        return self._shared.together(one, other)

    def header(self, scopes: tuple[str, ...]) -> str | None:
        """Return the header for these scopes. Raises OciError (oci-unauthorized, oci-unavailable …)."""
        with self._lock(()):
            challenge = self._discover()
        if challenge["scheme"] == "none":
            return None
        if challenge["scheme"] == "basic":
            return self._basic()
        asked = self._shared.covering(scopes)
        return "Bearer " + self._cached(asked, lambda: self._access_token(challenge, asked))

    def forget(self, scopes: tuple[str, ...]) -> None:
        """Drop the token for these scopes and the refresh token behind it; the next is for them alone."""
        self._kept.pop(self._shared.covering(scopes), None)
        self._kept.pop(("refresh",), None)
        self._shared.part(scopes)

    def _cached(self, key: tuple[str, ...], mint: Callable[[], tuple[str, float]]) -> str:
        with self._lock(key):
            token, good_until = self._kept.get(key, ("", 0.0))
            if self._clock() < good_until:
                return token
            token, lifetime = mint()
            self._kept[key] = (token, self._clock() + lifetime - min(_MARGIN_SECONDS, lifetime / 4))
            return token

    def _lock(self, key: tuple[str, ...]) -> threading.Lock:
        return self._locks.setdefault(key, threading.Lock())

    def _discover(self) -> dict[str, str]:
        if self._challenge is None:
            self._challenge = self._read_challenge(self._send("GET", f"{self._origin}/v2/"))
        return self._challenge

    def _read_challenge(self, response: Answer) -> dict[str, str]:
        if response.status_code == 200:
            return {"scheme": "none"}
        text = response.headers.get("WWW-Authenticate", "")[:4096]
        scheme = text.partition(" ")[0].lower()
        if response.status_code != 401 or scheme not in ("bearer", "basic"):
            raise _unauthorized(f"{self._service} answered {response.status_code} with no usable challenge")
        found = {"service": self._service, **dict(_CHALLENGE_FIELD.findall(text)), "scheme": scheme}
        if scheme == "bearer" and not found.get("realm", "").startswith(self._realms):
            raise OciError(
                "oci-auth-realm-refused",
                f"{self._service} sends its callers to another host for a token",
                "credentials never leave the registry's own host; check its name, or name the other with --token-host",
            )
        return found

    def _access_token(self, challenge: Mapping[str, str], scopes: tuple[str, ...]) -> tuple[str, float]:
        query = {"service": challenge["service"], "scope": list(scopes)}
        if isinstance(self._credentials, Aad):
            refresh = self._cached(("refresh",), lambda: self._exchange(challenge))
            form = {"grant_type": "refresh_token", "refresh_token": refresh, **query}
            form["scope"] = " ".join(scopes)
            return self._token("POST", challenge["realm"], "access_token", data=form)
        headers = {"Authorization": self._basic()} if self._credentials else {}
        return self._token("GET", challenge["realm"], "access_token", params=query, headers=headers)

    def _exchange(self, challenge: Mapping[str, str]) -> tuple[str, float]:
        assert isinstance(self._credentials, Aad)  # noqa: S101 - for the type checker
        form = {
            "grant_type": "access_token",
            "service": challenge["service"],
            "tenant": self._credentials.tenant,
            "access_token": self._credentials.aad_token(),
        }
        address = f"{self._origin}/oauth2/exchange"
        return self._token("POST", address, "refresh_token", data={k: v for k, v in form.items() if v})

    def _token(self, method: str, address: str, name: str, **parts: Any) -> tuple[str, float]:
        response = self._send(method, address, **parts)
        if response.status_code != 200:
            response.close()
            raise _unauthorized(f"{self._service} refused a token with {response.status_code}")
        reply = _json(response)
        token = reply.get(name) or reply.get("token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise _unauthorized(f"{self._service} answered without {name}")
        return token, _lifetime(token, reply, self._clock())

    def _basic(self) -> str:
        if not isinstance(self._credentials, Password):
            raise _unauthorized(f"{self._service} wants a user name and a password")
        pair = f"{self._credentials.username}:{self._credentials.password}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


def _lifetime(token: str, reply: Mapping[str, Any], now: float) -> float:
    seconds = reply.get("expires_in")
    if isinstance(seconds, (int, float)) and 0 < seconds < 1e6:
        return float(seconds)
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return max(0.0, float(claims["exp"]) - now)
    except (IndexError, KeyError, TypeError, ValueError):
        return _DEFAULT_LIFETIME_SECONDS


def _json(response: Answer) -> dict[str, Any]:
    try:
        reply = response.json()
    except (ValueError, RecursionError):
        reply = None
    return reply if isinstance(reply, dict) else {}


def _unauthorized(what: str) -> OciError:
    return OciError(
        "oci-unauthorized", what, "check the credentials: their name, expiry and the registry they are for"
    )
