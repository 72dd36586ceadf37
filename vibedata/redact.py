"""Takes credentials out of text and data before either leaves the process.

Two nets: values this process knows to be secret (`register`), and shapes that only credentials have. The
second catches what an SDK puts into an error text; it is no excuse for putting a secret there.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

MASK = "[redacted]"
MIN_SECRET = 4  # a shorter "secret" would blank out ordinary words
MAX_DEPTH = 16
TOO_DEEP = "[too deep]"

# What has no dot is matched too, and left as it is: each `eyJ` in it would be tried for a beginning otherwise.
_JWT = re.compile(r"\beyJ[\w-]{8,}(\.[\w-]{4,}(?:\.[\w-]*)?)?")
_SCHEME = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_ASSIGNED = re.compile(
    r"(?<![a-z0-9])(password|passwd|pwd|accountkey|sharedaccesskey|client_?secret|access_?token|refresh_?token|"
    r"id_?token|api[-_]?key|sig)([\"']?\s*[=:]\s*[\"']?)([^\s\"'&;,)}\]]+)",
    re.IGNORECASE,
)
# Spelled without separators, lower case: how a key is compared.
_SECRET_KEYS = frozenset(
    (
        *("password", "passwd", "pwd", "secret", "token", "sig", "sas"),
        *("authorization", "accountkey", "sharedaccesskey", "connectionstring", "apikey", "privatekey"),
        *("clientsecret", "accesstoken", "refreshtoken", "idtoken"),
    )
)

_registered: set[str] = set()


def register(value: str) -> None:
    """Mask `value`, and its URL and base64 spellings, in everything from here on."""
    if len(value) < MIN_SECRET:
        return
    plain = value.encode(errors="replace")
    encoded = base64.b64encode(plain).decode()
    _registered.update({plain.decode(), quote(plain, safe=""), encoded, encoded.rstrip("=")})


def text(value: str) -> str:
    """Return `value` with credentials masked, and as text that every JSON reader takes (no lone surrogates)."""
    value = value.encode(errors="replace").decode()
    for secret in sorted(_registered, key=len, reverse=True):
        value = value.replace(secret, MASK)
    value = _PEM.sub(MASK, value)
    value = _JWT.sub(lambda match: MASK if match[1] else match[0], value)
    value = _SCHEME.sub(lambda match: f"{match[1]} {MASK}", value)
    return _ASSIGNED.sub(lambda match: f"{match[1]}{match[2]}{MASK}", value)


def data(value: Any, depth: int = 0) -> Any:
    """Return `value` as plain JSON data with credentials masked, by their key's name or their own shape."""
    if isinstance(value, str):
        return text(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (Mapping, list, tuple, set, frozenset)) and depth >= MAX_DEPTH:
        return TOO_DEEP
    if isinstance(value, Mapping):
        return {text(str(key)): _of_key(str(key), item, depth) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [data(item, depth + 1) for item in value]
    return text(str(value))


def _of_key(key: str, item: Any, depth: int) -> Any:
    plain = key.replace("-", "").replace("_", "").lower()
    telling = plain in _SECRET_KEYS or plain.endswith("password")
    if telling and item not in (None, "", False, True):
        return MASK
    return data(item, depth + 1)
