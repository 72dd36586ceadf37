"""DSSE, the envelope around what a publisher signs: parsed before anything is trusted, so bounded and strict.

A signature covers PAE(type, payload), never JSON: nobody has to bring a document into a canonical form before it is
checked, and bytes that were signed as one type are never taken for another.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeGuard

from vibedata.errors import Blocked

ENVELOPE_TYPE = "application/vnd.dsse.envelope.v1+json"
MAX_ENVELOPE_BYTES = 32 * 1024
MAX_SIGNATURES = 16
MAX_NAME_CHARS = 256  # of a key id, and of a payload type


@dataclass(frozen=True)
class Envelope:
    """Signed bytes, what they are, and the signatures by key id. A key id is a hint: only a key can say who signed."""

    payload: bytes
    payload_type: str
    signatures: Mapping[str, bytes]

    @property
    def signed(self) -> bytes:
        """The bytes that the signatures cover."""
        return pae(self.payload_type, self.payload)

    def encode(self) -> bytes:
        """Return the envelope's JSON; the same envelope gives the same bytes."""
        document = {
            "payload": base64.b64encode(self.payload).decode(),
            "payloadType": self.payload_type,
            "signatures": [
                {"keyid": key_id, "sig": base64.b64encode(signature).decode()}
                for key_id, signature in sorted(self.signatures.items())
            ],
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding of a payload and its type."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def parse(raw: bytes) -> Envelope:
    """Read an envelope; nothing in it is believed yet. Raises Blocked (release-signature-invalid)."""
    if len(raw) > MAX_ENVELOPE_BYTES:
        raise malformed(f"it has more than {MAX_ENVELOPE_BYTES} bytes")
    document = json_object(raw)
    kind, signatures = document.get("payloadType"), document.get("signatures")
    if not _is_name(kind):
        raise malformed("its payloadType is no media type")
    if not isinstance(signatures, list) or not 0 < len(signatures) <= MAX_SIGNATURES:
        raise malformed(f"it does not have 1 to {MAX_SIGNATURES} signatures")
    return Envelope(_bytes(document.get("payload"), "payload"), kind, _signatures(signatures))


def json_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in bytes that are bounded already, no key twice. Raises Blocked (as `parse`)."""
    try:
        document = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError) as error:
        raise malformed("it is no JSON that all readers take for the same") from error
    if not isinstance(document, dict):
        raise malformed("it is no JSON object")
    return document


def malformed(why: str) -> Blocked:
    """Return the refusal of an envelope, or of what it holds."""
    return Blocked(
        "release-signature-invalid",
        f"The release's signature is not valid: {why}.",
        hint="Nothing of the release was used. Find out who can write to the registry, and tell the publisher.",
    )


def _signatures(found: Sequence[Any]) -> Mapping[str, bytes]:
    signatures: dict[str, bytes] = {}
    for one in found:
        key_id = one.get("keyid") if isinstance(one, dict) else None
        if not _is_name(key_id) or key_id in signatures:
            raise malformed("a signature has no key id of its own")
        signatures[key_id] = _bytes(one.get("sig"), "sig")
    return MappingProxyType(signatures)


def _is_name(found: Any) -> TypeGuard[str]:
    return (
        isinstance(found, str)
        and 0 < len(found) <= MAX_NAME_CHARS
        and found.isascii()
        and found.isprintable()
    )


def _bytes(text: Any, name: str) -> bytes:
    """Decode base64, standard or URL-safe: DSSE allows both."""
    try:
        standard = text.replace("-", "+").replace("_", "/")
        return base64.b64decode(standard.encode("ascii"), validate=True)
    except (AttributeError, TypeError, ValueError, binascii.Error) as error:
        raise malformed(f"its {name} is no base64") from error


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is given twice")
    return document
