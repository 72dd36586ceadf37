"""Pack files into an artifact: the same input gives the same digest on any machine, on any day."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from oci import media_types
from oci.archive import Entry, entries_of, write_tar
from oci.descriptor import Descriptor
from oci.errors import OciError
from oci.hashing import describe_file
from oci.layout import Layout
from oci.manifest import EMPTY_CONFIG_BYTES, Manifest, image_manifest, parse_manifest


def pack_tree(
    source: Path | Iterable[Entry],
    layout: Layout,
    *,
    artifact_type: str,
    layer_type: str,
    tag: str | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """Pack a folder (or entries) as one plain tar layer into a layout. Raises OciError (oci-pack-input)."""
    if isinstance(source, Path) and not source.is_dir():
        raise OciError("oci-pack-input", f"{source} is no folder", "name a folder, or pack it as a file")
    entries = entries_of(source) if isinstance(source, Path) else source
    with tempfile.TemporaryDirectory(prefix="oci-pack-") as scratch:
        archive = Path(scratch, "layer.tar")
        with archive.open("wb") as out:
            write_tar(entries, out)
        with archive.open("rb") as written:
            layer = describe_file(written, layer_type)
        layout.push_blob(layer, archive)
    return _finish(layout, artifact_type, [layer], tag, annotations)


def pack_files(
    files: Mapping[str, bytes],
    layout: Layout,
    *,
    artifact_type: str,
    layer_type: str,
    tag: str | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """Pack each named content as one layer of its own, in name order. Raises OciError (oci-pack-input)."""
    if not files:
        raise OciError("oci-pack-input", "there is nothing to pack", "name at least one file")
    layers = []
    for name, content in sorted(files.items()):
        layer = Descriptor.of(layer_type, content, **{media_types.TITLE: name})
        layout.push_blob(layer, content)
        layers.append(layer)
    return _finish(layout, artifact_type, layers, tag, annotations)


def _finish(
    layout: Layout,
    artifact_type: str,
    layers: list[Descriptor],
    tag: str | None,
    annotations: Mapping[str, str] | None,
) -> Manifest:
    raw = image_manifest(artifact_type, layers, annotations)
    layout.push_blob(Descriptor.of(media_types.EMPTY_CONFIG, EMPTY_CONFIG_BYTES), EMPTY_CONFIG_BYTES)
    layout.push_manifest(raw, media_types.IMAGE_MANIFEST, tag)
    return parse_manifest(raw)
