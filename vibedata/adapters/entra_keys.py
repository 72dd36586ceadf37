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
from urllib3.exceptions import HTTPError  # what reading a stream raises

from vibedata.errors import Transient

KEEP_SECONDS = 24 * 3600.0
PAUSE_SECONDS = 60.0
PAUSE_WITHOUT_KEYS_SECONDS = 2.0  # anybody may call: while Entra does not answer, not each call waits for it
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
        known = self._keys.get(key_id)
        if known is not None and not self._is_stale():
            return known  # whoever has a good token does not wait for the look-up of a made-up one
        with self._fetching:  # who comes meanwhile waits for the one answer
            pause = PAUSE_SECONDS if self._keys else PAUSE_WITHOUT_KEYS_SECONDS
            wanted = self._is_stale() or key_id not in self._keys
            if wanted and self._clock().timestamp() - self._tried > pause:
                self._look_up()
            if key_id not in self._keys and self._trouble:  # it may be a new one: nobody can say
                raise _unreachable(self._trouble)
            return self._keys.get(key_id)

    def _is_stale(self) -> bool:
        return self._clock().timestamp() - self._fetched > KEEP_SECONDS

    def _look_up(self) -> None:
        try:
            self._keys, self._trouble = _rsa_keys(self._fetch(self._url)), ""
            self._fetched = self._clock().timestamp()
        except (requests.RequestException, HTTPError, ValueError, RecursionError) as error:
            self._trouble = type(error).__name__
        finally:
            self._tried = self._clock().timestamp()  # when it ended: those who waited for it do not ask again


def fetch_keys(url: str) -> Any:
    """Return the document of a key set. Raises requests.RequestException, HTTPError, ValueError, RecursionError."""
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
