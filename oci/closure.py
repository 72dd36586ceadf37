"""Everything that an artifact holds: a manifest, and below an index its children, each once."""

from __future__ import annotations

from oci.errors import OciError
from oci.manifest import Manifest
from oci.stores import Store

MAX_MANIFESTS = 50
_MAX_DEPTH = 4


def closure(source: Store, reference: str) -> list[Manifest]:
    """Return a manifest and all below it, children first, each once. Raises oci-closure-too-large."""
    found: dict[str, Manifest] = {}
    _collect(source, source.get_manifest(reference), found, 0)
    return list(found.values())


def _collect(source: Store, manifest: Manifest, found: dict[str, Manifest], depth: int) -> None:
    if depth > _MAX_DEPTH or len(found) + len(manifest.children) >= MAX_MANIFESTS:
        raise OciError(
            "oci-closure-too-large", "more than 50 manifests, or nested too deep", "copy its parts one by one"
        )
    for child in manifest.children:
        if child.digest not in found:
            below = source.get_manifest(child.digest)
            if below.descriptor.size != child.size:
                raise OciError("oci-size-mismatch", f"{child.digest}: not its size", "do not use this index")
            if below.descriptor.media_type != child.media_type:
                raise OciError(
                    "oci-media-type-mismatch", f"{child.digest}: not its media type", "do not use this index"
                )
            _collect(source, below, found, depth + 1)
    found[manifest.descriptor.digest] = manifest
