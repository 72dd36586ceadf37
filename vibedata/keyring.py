"""The keys under which releases are accepted: how one is written, its id, and which ones are no keys at all."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from vibedata.errors import BadInput

SCHEME = "ed25519"
KEY_BYTES = 32
MAX_KEYS = 16
SHORT_ID_CHARS = 12

_FIELD = 2**255 - 19
# Ordinates of the points whose order is 8 or less. Under such a "key" anybody can sign; 32 zero bytes are one.
_WEAK = frozenset(
    (
        *(0, 1, _FIELD - 1),
        int.from_bytes(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
        ),
        int.from_bytes(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
        ),
    )
)


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key: 32 bytes."""

    raw: bytes

    @property
    def key_id(self) -> str:
        """Its id, computed as TUF does: SHA-256 of the key's canonical JSON."""
        document = {"keytype": SCHEME, "keyval": {"public": self.raw.hex()}, "scheme": SCHEME}
        return hashlib.sha256(
            json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        ).hexdigest()

    def __str__(self) -> str:
        return f"{SCHEME}:{base64.urlsafe_b64encode(self.raw).decode().rstrip('=')}"


@dataclass(frozen=True)
class Keyring:
    """The keys that were pinned when the instance was installed, and how many of them must have signed."""

    keys: tuple[PublicKey, ...]
    threshold: int = 1


def keyring(texts: Sequence[str], threshold: int = 1) -> Keyring:
    """Return the pinned keys, each written `ed25519:<base64url>`. Raises BadInput (release-keys-invalid)."""
    keys = tuple(public_key(text) for text in texts)
    if not keys or len(keys) > MAX_KEYS:
        raise _bad_keys(f"there are {len(keys)} keys, 1 to {MAX_KEYS} are wanted")
    if len(set(keys)) != len(keys):
        raise _bad_keys("a key is given twice, and would count twice")
    if not 1 <= threshold <= len(keys):
        raise _bad_keys(f"{threshold} signatures cannot come from {len(keys)} keys")
    return Keyring(keys, threshold)


def short_id(key_id: str) -> str:
    """Return the beginning of a key's id: enough for people to tell a handful of keys apart."""
    return key_id[:SHORT_ID_CHARS]


def public_key(text: str) -> PublicKey:
    """Read one key. Raises BadInput (release-keys-invalid)."""
    scheme, _, encoded = text.partition(":")
    try:
        raw = base64.b64decode(encoded.encode("ascii") + b"=" * (-len(encoded) % 4), b"-_", validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    key = PublicKey(raw)
    if scheme != SCHEME or len(raw) != KEY_BYTES or str(key) != text:
        raise _bad_keys(f"{text[:80]!r} is not `{SCHEME}:` and a key of {KEY_BYTES} bytes in base64url")
    if (int.from_bytes(raw, "little") & (2**255 - 1)) % _FIELD in _WEAK:
        raise _bad_keys(f"under {text!r} anybody could sign: it is a placeholder, or chosen to be weak")
    return key


def _bad_keys(why: str) -> BadInput:
    return BadInput(
        "release-keys-invalid",
        f"The pinned release keys are not usable: {why}.",
        hint="Take release_keys and release_threshold from the offer; `vibedata release keygen` prints a key's form.",
    )
