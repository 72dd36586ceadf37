"""What each command does, once the words on the command line have become values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from oci.copying import Progress, closure
from oci.errors import OciError
from oci.hashing import Discard
from oci.layout import Layout
from oci.manifest import Manifest
from oci.package import pack_files, pack_tree
from oci.places import Places
from oci.pulling import pull
from oci.references import Reference, parse_reference


def pack_artifact(
    sources: Sequence[Path],
    tree: Path | None,
    target: str,
    artifact_type: str,
    layer_type: str,
    annotations: Sequence[str],
) -> dict[str, Any]:
    """Pack files or a folder into a layout. Raises OciError (oci-pack-input, oci-usage)."""
    place = parse_reference(target)
    if place.layout is None or not place.tag:
        raise OciError("oci-usage", f"{target} is no oci:DIR:TAG", "pack to a folder, then push")
    if bool(sources) == bool(tree):
        raise OciError("oci-usage", "neither or both of files and --tree", "name files, or one folder")
    layout, notes = Layout.create(place.layout), _annotations(annotations)
    types = {"artifact_type": artifact_type, "layer_type": layer_type}
    if tree:
        manifest = pack_tree(tree, layout, tag=place.tag, annotations=notes, **types)
    else:
        files = {path.name: path.read_bytes() for path in sources}
        if len(files) != len(sources):
            raise OciError("oci-pack-input", "two files have the same name", "rename one of them")
        manifest = pack_files(files, layout, tag=place.tag, annotations=notes, **types)
    return _facts(manifest)


def pull_artifact(source: str, to: Path, places: Places, progress: Progress) -> dict[str, Any]:
    """Fetch an artifact's files into a new folder. Raises OciError."""
    origin = parse_reference(source)
    manifest = pull(places.source(origin), _needed(origin), to, progress=progress)
    return {**_facts(manifest), "to": str(to)}


def inspect_artifact(source: str, places: Places) -> dict[str, Any]:
    """Return an artifact's manifest, or the tags when the source names none. Raises OciError."""
    origin = parse_reference(source)
    store = places.source(origin)
    if not origin.reference:
        return {"tags": store.tags()}
    manifest = store.get_manifest(origin.reference)
    return {**_facts(manifest), "manifest": json.loads(manifest.raw)}


def verify_artifact(source: str, places: Places, progress: Progress) -> dict[str, Any]:
    """Read every byte of an artifact. Raises OciError (oci-digest-mismatch, oci-size-mismatch …)."""
    origin = parse_reference(source)
    store = places.source(origin)
    manifests = closure(store, _needed(origin))
    blobs = {blob.digest: blob for manifest in manifests for blob in manifest.blobs}
    for blob in blobs.values():
        store.get_blob(blob, cast(BinaryIO, Discard()))
        progress(blob, True)
    size = sum(blob.size for blob in blobs.values())
    return {**_facts(manifests[-1]), "blobsVerified": len(blobs), "bytesVerified": size}


def _needed(reference: Reference) -> str:
    if not reference.reference:
        raise OciError("oci-usage", "the source names no tag and no digest", "add :TAG or @sha256:…")
    return reference.reference


def _facts(manifest: Manifest) -> dict[str, Any]:
    descriptor = manifest.descriptor
    return {
        "digest": descriptor.digest,
        "mediaType": descriptor.media_type,
        "artifactType": manifest.artifact_type,
        "size": descriptor.size,
    }


def _annotations(pairs: Sequence[str]) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs]
    if not all(key and equals for key, equals, _ in split):
        raise OciError("oci-usage", "an annotation is not KEY=VALUE", "write --annotation key=value")
    return {key: value for key, _, value in split}
