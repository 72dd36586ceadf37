"""The keys that a tenant signs tokens with, fetched when they are needed and kept for a while.

An unknown key id may be a new key, or a token that somebody made up: so it is looked up again, but not more often
than once a minute, whatever is sent to us. Keys that are known stay good while Entra does not answer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import jwt
import requests

from vibedata.errors import Transient

KEEP_SECONDS = 24 * 3600.0
PAUSE_SECONDS = 60.0
MAX_BYTES = 512 * 1024
MAX_KEYS = 100
TIMEOUTS = (3.05, 5.0)  # to connect, to read: an action group waits seconds only


class EntraKeys:
    """The key set at one address."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], datetime],
        fetch: Callable[[str], Any] | None = None,
    ) -> None:
        self._url = url
        self._clock = clock
        self._fetch = fetch or fetch_keys
        self._keys: dict[str, Any] = {}
        self._fetched = float("-inf")
        self._tried = float("-inf")
        self._trouble = ""  # of the last look-up
        self._fetching = threading.Lock()

    def of(self, key_id: str) -> Any:
        """Return the key with that id, None where the tenant has none. Raises Transient (token-keys-unreachable)."""
        with self._fetching:  # who comes meanwhile waits for the one answer
            now = self._clock().timestamp()
            stale = now - self._fetched > KEEP_SECONDS
            if (stale or key_id not in self._keys) and now - self._tried > PAUSE_SECONDS:
                self._look_up(now)
            if key_id not in self._keys and self._trouble:  # it may be a new one: nobody can say
                raise _unreachable(self._trouble)
            return self._keys.get(key_id)

    def _look_up(self, now: float) -> None:
        self._tried = now
        try:
            self._keys, self._fetched, self._trouble = _rsa_keys(self._fetch(self._url)), now, ""
        except (requests.RequestException, ValueError) as error:
            self._trouble = type(error).__name__
            if not self._keys:
                self._tried = float("-inf")  # nothing is known yet: the next request asks again
                raise _unreachable(self._trouble) from error


def fetch_keys(url: str) -> Any:
    """Return the document of a key set. Raises requests.RequestException, ValueError."""
    with requests.get(url, timeout=TIMEOUTS, stream=True, allow_redirects=False) as answer:
        answer.raise_for_status()
        if answer.status_code != requests.codes.ok:
            raise ValueError(f"status {answer.status_code}")
        raw = answer.raw.read(MAX_BYTES + 1, decode_content=True)
    if len(raw) > MAX_BYTES:
        raise ValueError("too large")
    return json.loads(raw)


def _rsa_keys(document: Any) -> dict[str, Any]:
    listed = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, Any] = {}
    for one in listed[:MAX_KEYS] if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("kty") == "RSA" and one.get("use", "sig") == "sig":
            try:
                found[str(one["kid"])] = jwt.PyJWK(one, algorithm="RS256")
            except (jwt.PyJWTError, KeyError, ValueError, TypeError):
                continue  # one that cannot be used signs nothing
    if not found:
        raise ValueError("no key in it")
    return found


def _unreachable(why: str) -> Transient:
    return Transient(
        "token-keys-unreachable",
        f"The keys that tokens are signed with could not be fetched: {why}.",
        hint="Send it again in a moment; if it stays, let the Function app reach the tenant's Entra endpoints.",
    )
