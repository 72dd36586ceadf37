"""What a pushed manifest must be: JSON that names existing parts by well-formed digests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from local_stack.oci_registry.errors import OciProblem
from local_stack.oci_registry.names import is_digest

LIMIT = 4 * 1024 * 1024
IMAGES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


@dataclass(frozen=True)
class Parsed:
    """A manifest's kind, and what it names by digest."""

    media_type: str
    blobs: tuple[str, ...]
    children: tuple[str, ...]
    subject: str | None
    artifact_type: str | None
    annotations: dict[str, str]

    def kept(self, size: int) -> dict[str, Any]:
        """Return the facts that the registry remembers."""
        return {
            "mediaType": self.media_type,
            "size": size,
            "subject": self.subject,
            "artifactType": self.artifact_type,
            "annotations": self.annotations,
        }


def parse(raw: bytes, media_type: str) -> Parsed:
    """Read manifest bytes of the given Content-Type. Raises OciProblem (MANIFEST_INVALID, SIZE_INVALID)."""
    if len(raw) > LIMIT:
        raise OciProblem("SIZE_INVALID", "the manifest is larger than 4 MiB")
    try:
        body = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _invalid("it is not JSON") from error
    if not isinstance(body, dict) or body.get("schemaVersion") != 2:
        raise _invalid("schemaVersion is not 2")
    if media_type not in (*IMAGES, *INDEXES) or body.get("mediaType", media_type) != media_type:
        raise _invalid("the media type is unsupported, or is not the Content-Type")
    return _parsed(body, media_type)


def _parsed(body: dict[str, Any], media_type: str) -> Parsed:
    index = media_type in INDEXES
    parts = body.get("manifests") if index else body.get("layers")
    if not isinstance(parts, list) or (not index and not isinstance(body.get("config"), dict)):
        raise _invalid("config, layers or manifests are missing")
    config = body.get("config") or {}
    subject = _digest(body["subject"]) if body.get("subject") else None
    return Parsed(
        media_type=media_type,
        blobs=() if index else (_digest(config), *(_digest(part) for part in parts)),
        children=tuple(_digest(part) for part in parts) if index else (),
        subject=subject,
        artifact_type=body.get("artifactType") or config.get("mediaType"),
        annotations=body.get("annotations") or {},
    )


def _digest(descriptor: object) -> str:
    if isinstance(descriptor, dict):
        digest, size = descriptor.get("digest"), descriptor.get("size")
        if isinstance(digest, str) and is_digest(digest) and isinstance(size, int) and size >= 0:
            return digest
    raise _invalid("a descriptor has no well-formed digest and size")


def _invalid(what: str) -> OciProblem:
    return OciProblem("MANIFEST_INVALID", f"manifest invalid: {what}")
