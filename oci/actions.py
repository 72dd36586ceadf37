"""What each command does, once the words on the command line have become values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from oci.auth import Credentials
from oci.copying import Progress, closure, copy
from oci.errors import OciError
from oci.hashing import Discard
from oci.layout import Layout
from oci.manifest import Manifest
from oci.package import pack_files, pack_tree
from oci.pulling import pull
from oci.references import Reference, parse_reference
from oci.registry import Registry
from oci.stores import Store


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


def copy_artifact(
    source: str,
    target: str,
    credentials: tuple[Credentials, Credentials],
    ca_file: Path | None,
    jobs: int,
    progress: Progress,
) -> dict[str, Any]:
    """Copy an artifact; a target without tag takes the source's. Raises OciError."""
    origin, place = parse_reference(source), parse_reference(target)
    if place.reference and not place.tag:
        raise OciError(
            "oci-usage", "the target is named by digest", "name a tag, or none to keep the source's"
        )
    copied = copy(
        open_store(origin, credentials[0], ca_file),
        _needed(origin),
        open_store(place, credentials[1], ca_file, create=True),
        tag=place.tag or origin.tag,
        jobs=jobs,
        progress=progress,
    )
    return {
        "digest": copied.root.digest,
        "manifestsWritten": copied.manifests_written,
        "blobsWritten": copied.blobs_written,
        "blobsPresent": copied.blobs_present,
        "bytesWritten": copied.bytes_written,
        "tagsWritten": copied.tags_written,
        "changed": copied.changed,
    }


def pull_artifact(
    source: str, to: Path, credentials: Credentials, ca_file: Path | None, progress: Progress
) -> dict[str, Any]:
    """Fetch an artifact's files into a new folder. Raises OciError."""
    origin = parse_reference(source)
    manifest = pull(open_store(origin, credentials, ca_file), _needed(origin), to, progress=progress)
    return {**_facts(manifest), "to": str(to)}


def inspect_artifact(source: str, credentials: Credentials, ca_file: Path | None) -> dict[str, Any]:
    """Return an artifact's manifest, or the tags when the source names none. Raises OciError."""
    origin = parse_reference(source)
    store = open_store(origin, credentials, ca_file)
    if not origin.reference:
        return {"tags": store.tags()}
    manifest = store.get_manifest(origin.reference)
    return {**_facts(manifest), "manifest": json.loads(manifest.raw)}


def verify_artifact(
    source: str, credentials: Credentials, ca_file: Path | None, progress: Progress
) -> dict[str, Any]:
    """Read every byte of an artifact. Raises OciError (oci-digest-mismatch, oci-size-mismatch …)."""
    origin = parse_reference(source)
    store = open_store(origin, credentials, ca_file)
    manifests = closure(store, _needed(origin))
    blobs = {blob.digest: blob for manifest in manifests for blob in manifest.blobs}
    for blob in blobs.values():
        store.get_blob(blob, cast(BinaryIO, Discard()))
        progress(blob, True)
    size = sum(blob.size for blob in blobs.values())
    return {**_facts(manifests[-1]), "blobsVerified": len(blobs), "bytesVerified": size}


def open_store(
    reference: Reference, credentials: Credentials, ca_file: Path | None, *, create: bool = False
) -> Store:
    """Return the place that a reference names. Raises OciError (oci-layout-invalid)."""
    if reference.layout is not None:
        return Layout.create(reference.layout) if create else Layout.open(reference.layout)
    return Registry(reference.host, credentials, ca_file=ca_file).repository(reference.repository)


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
