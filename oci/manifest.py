"""A manifest as bytes and as what it points at. The bytes are the truth: hashed, kept, sent as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oci import media_types
from oci.descriptor import Descriptor, is_media_type, sha256
from oci.errors import OciError

MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_DESCRIPTORS = 2000
EMPTY_CONFIG_BYTES = b"{}"


@dataclass(frozen=True)
class Manifest:
    """One manifest: `raw` bytes, what it is, and the blobs and child manifests that it names."""

    raw: bytes
    descriptor: Descriptor
    artifact_type: str | None
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    children: tuple[Descriptor, ...]
    annotations: Mapping[str, str]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """The config and the layers, each digest once."""
        found = ([self.config] if self.config else []) + list(self.layers)
        return tuple({item.digest: item for item in found}.values())


def parse_manifest(raw: bytes, media_type: str | None = None) -> Manifest:
    """Read untrusted manifest bytes.

    Raises OciError (oci-manifest-invalid, oci-manifest-too-large, oci-manifest-too-many-parts,
    oci-manifest-ambiguous, oci-media-type-mismatch, oci-manifest-bad-digest).
    """
    if len(raw) > MAX_MANIFEST_BYTES:
        raise OciError("oci-manifest-too-large", f"manifest of {len(raw)} bytes", "4 MiB is the limit")
    body = _load(raw)
    kind = body.get("mediaType") or media_type or media_types.IMAGE_MANIFEST
    if kind not in media_types.ACCEPTED or body.get("schemaVersion") != 2:
        raise _invalid(
            f"{kind!s:.100} with schemaVersion {body.get('schemaVersion')!r:.20} is not understood"
        )
    if media_type in media_types.ACCEPTED and media_type != kind:
        raise OciError(
            "oci-media-type-mismatch",
            f"manifest served as {media_type}, but says it is {kind}",
            "do not use it; find out what stands between you and the registry, and who can write there",
        )
    return _shape(raw, str(kind), body)


def _shape(raw: bytes, kind: str, body: Mapping[str, Any]) -> Manifest:
    index = kind in media_types.INDEXES
    _refuse_both(index, body)
    artifact_type = body.get("artifactType")
    annotations = body.get("annotations") or {}
    if not _is_text_map(annotations) or not (artifact_type is None or is_media_type(artifact_type)):
        raise _invalid("annotations or artifactType are malformed")
    return Manifest(
        raw=raw,
        descriptor=Descriptor(kind, sha256(raw), len(raw)),
        artifact_type=artifact_type,
        config=None if index else Descriptor.parse(body.get("config")),
        layers=() if index else _descriptors(body.get("layers")),
        children=_descriptors(body.get("manifests")) if index else (),
        annotations=annotations,
    )


def _refuse_both(index: bool, body: Mapping[str, Any]) -> None:
    """Refuse what one reader takes for an image and another for an index (CVE-2021-41190)."""
    if any(name in body for name in (("config", "layers") if index else ("manifests",))):
        raise OciError(
            "oci-manifest-ambiguous",
            "manifest: it is an image and an index at once",
            "do not use it: two readers take it for two things; tell its publisher",
        )


def image_manifest(
    artifact_type: str, layers: Sequence[Descriptor], annotations: Mapping[str, str] | None = None
) -> bytes:
    """Write an image manifest with the empty config as canonical JSON: sorted keys, no spaces, UTF-8."""
    config = Descriptor.of(media_types.EMPTY_CONFIG, EMPTY_CONFIG_BYTES)
    body: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_types.IMAGE_MANIFEST,
        "artifactType": artifact_type,
        "config": config.as_dict(),
        "layers": [layer.as_dict() for layer in layers],
    }
    if annotations:
        body["annotations"] = dict(annotations)
    return canonical(body)


def canonical(value: object) -> bytes:
    """Write JSON in one way only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _descriptors(value: object) -> tuple[Descriptor, ...]:
    if not isinstance(value, list):
        raise _invalid("its list of parts is missing")
    if len(value) > MAX_DESCRIPTORS:
        raise OciError(
            "oci-manifest-too-many-parts",
            f"manifest: it names {len(value)} parts; {MAX_DESCRIPTORS} is the limit",
            "the publisher must push this artifact again, in fewer layers",
        )
    return tuple(Descriptor.parse(item) for item in value)


def _is_text_map(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _load(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _invalid("it is not JSON, or one object has a key twice") from error
    if not isinstance(body, dict):
        raise _invalid("it is not a JSON object")
    return body


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _invalid(what: str) -> OciError:
    return OciError(
        "oci-manifest-invalid", f"manifest: {what}", "the publisher must push this artifact again"
    )
