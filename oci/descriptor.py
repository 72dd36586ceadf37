"""Digests, names and descriptors, checked before they become part of a path or an address."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oci.errors import OciError

MAX_BLOB_BYTES = 1 << 40
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")


def sha256(data: bytes) -> str:
    """Return the digest of `data` as `sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def is_digest(text: str) -> bool:
    """Tell whether `text` is a well-formed sha256 digest."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Tell whether `text` is a well-formed tag."""
    return _TAG.fullmatch(text) is not None


def is_media_type(text: object) -> bool:
    """Tell whether `text` is a media type without parameters (RFC 6838)."""
    return isinstance(text, str) and _MEDIA_TYPE.fullmatch(text) is not None


def check_digest(text: object) -> str:
    """Return `text` if it is `sha256:<64 lower-case hex digits>`. Raises OciError (oci-bad-digest)."""
    if isinstance(text, str) and is_digest(text):
        return text
    raise OciError("oci-bad-digest", f"{text!r:.100} is no digest", "write sha256: and 64 hex digits")


def check_repository(text: str) -> str:
    """Return `text` if it names a repository. Raises OciError (oci-bad-repository)."""
    if len(text) <= 255 and _REPOSITORY.fullmatch(text):
        return text
    raise OciError(
        "oci-bad-repository", f"{text!r:.100} names no repository", "use lower-case words separated by /"
    )


def check_reference(text: str) -> str:
    """Return `text` if it is a tag or a digest. Raises OciError (oci-bad-reference, oci-bad-digest)."""
    if ":" in text:
        return check_digest(text)
    if is_tag(text):
        return text
    raise OciError("oci-bad-reference", f"{text!r:.150} is no tag", "use letters, digits, '.', '_' and '-'")


@dataclass(frozen=True)
class Descriptor:
    """What is pointed at: its media type, digest and size in bytes."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, media_type: str, data: bytes, **annotations: str) -> Descriptor:
        """Describe `data`."""
        return cls(media_type, sha256(data), len(data), annotations)

    @classmethod
    def parse(cls, value: object) -> Descriptor:
        """Read an untrusted JSON value. Raises OciError (oci-manifest-invalid, oci-manifest-bad-digest)."""
        if not isinstance(value, dict):
            raise _invalid("a descriptor is not an object")
        size, media_type = value.get("size"), value.get("mediaType")
        if type(size) is not int or not 0 <= size <= MAX_BLOB_BYTES:
            raise _invalid("a descriptor's size is no number of bytes")
        if not isinstance(media_type, str) or not is_media_type(media_type):
            raise _invalid("a descriptor's mediaType is malformed")
        digest = value.get("digest")
        if not isinstance(digest, str) or not is_digest(digest):
            raise OciError(
                "oci-manifest-bad-digest",
                f"a manifest names a part by {digest!r:.100}, which is no digest",
                "do not use it; tell its publisher",
            )
        return cls(media_type, digest, size, _annotations(value))

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the OCI image specification."""
        shape: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        return {**shape, "annotations": dict(self.annotations)} if self.annotations else shape


def _annotations(value: Mapping[str, Any]) -> dict[str, str]:
    found = value.get("annotations") or {}
    if not isinstance(found, dict) or not all(isinstance(item, str) for item in found.values()):
        raise _invalid("a descriptor's annotations are not all text")
    return found


def _invalid(what: str) -> OciError:
    return OciError("oci-manifest-invalid", what, "the publisher must push this artifact again")
