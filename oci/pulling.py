"""Fetch an artifact's files: verified first, then unpacked, and there all at once or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from oci import media_types
from oci.archive_names import Names
from oci.copying import Progress
from oci.descriptor import Descriptor
from oci.errors import OciError
from oci.extract import Limits, extract
from oci.manifest import Manifest
from oci.stores import Store


def pull(
    store: Store,
    reference: str,
    target: Path,
    *,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Fetch into a new folder: a single tar layer is unpacked there, files keep their titles.

    Raises OciError (oci-target-exists, oci-manifest-invalid, oci-archive-too-large before anything is fetched, and
    what reading and unpacking raise).
    """
    if os.path.lexists(target):
        raise OciError("oci-target-exists", f"{target.name} is there already", "name a new folder")
    manifest = store.get_manifest(reference)
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    try:
        _fetch(store, manifest, staging, limits, progress)
        (staging / "content").rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return manifest


def download(store: Store, blob: Descriptor, path: Path) -> None:
    """Fetch one blob to a file, which appears only once it is verified."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            store.get_blob(blob, out)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _fetch(
    store: Store, manifest: Manifest, staging: Path, limits: Limits | None, progress: Progress | None
) -> None:
    if manifest.children:
        raise OciError(
            "oci-manifest-is-index",
            "the name leads to an index, and files lie in manifests only",
            "pull one of the manifests that it lists, by digest; `inspect` shows them",
        )
    content, names = staging / "content", Names(255)
    tar = len(manifest.layers) == 1 and manifest.layers[0].media_type.endswith(".tar")
    _refuse_too_large(manifest, limits or Limits(), tar=tar)
    if not tar:
        content.mkdir(mode=0o755)
    for layer in manifest.layers:
        if tar:
            download(store, layer, staging / "layer.tar")
            extract(staging / "layer.tar", content, limits)
        else:
            download(store, layer, content / _title(layer, names))
        if progress:
            progress(layer, True)
    if not manifest.layers:
        raise OciError("oci-manifest-invalid", "it holds no layers", "pull the artifacts that it lists")


def _refuse_too_large(manifest: Manifest, limits: Limits, *, tar: bool) -> None:
    """Believe what the layers claim to hold before it is fetched: a disk may be full long before they end."""
    claimed = sum(layer.size for layer in manifest.layers)
    if claimed > limits.bytes + (limits.tar_overhead if tar else 0):
        raise OciError(
            "oci-archive-too-large",
            f"its layers hold {claimed} bytes, and {limits.bytes} is the limit",
            "do not fetch it; ask its publisher for a smaller one",
        )


def _title(layer: Descriptor, names: Names) -> str:
    title = layer.annotations.get(media_types.TITLE) or layer.digest.replace(":", "-")
    if "/" in title:
        raise OciError(
            "oci-archive-escape", f"{title!r:.100} is no file name", "do not use it; ask its publisher"
        )
    return str(names.accept(title, directory=False))
