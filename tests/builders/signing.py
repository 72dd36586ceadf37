"""Release keys of the tests' own, the same on every run, and signatures under them."""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vibedata import dsse
from vibedata.adapters.signing_key import SigningKey
from vibedata.dsse import Envelope
from vibedata.keyring import Keyring
from vibedata.trust import STATEMENT_TYPE, Statement


def signing_key(name: str) -> SigningKey:
    """Return the key of that name."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


KEY, OTHER_KEY, STRANGER = signing_key("in use"), signing_key("offline"), signing_key("a stranger's")
KEYRING = Keyring((KEY.key, OTHER_KEY.key))


def statement(release: str, manifest: str, size: int = 1000) -> bytes:
    """Return what is signed for a release."""
    return Statement(release, manifest, size).encode()


def envelope(payload: bytes, *keys: SigningKey, payload_type: str = STATEMENT_TYPE, **changes: Any) -> bytes:
    """Return a payload signed by these keys; `changes` replace the envelope's parts afterwards."""
    signed = dsse.pae(payload_type, payload)
    signatures = {one.key.key_id: one.sign(signed) for one in keys or (KEY,)}
    parts: dict[str, Any] = {"payload": payload, "payload_type": payload_type, "signatures": signatures}
    return Envelope(**{**parts, **changes}).encode()
