"""Copy a whole artifact from one place to another: what is there already is not sent again.

Children go before parents and blobs before manifests, so that what is visible is complete whenever it stops.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from oci.descriptor import Descriptor, is_digest
from oci.errors import OciError
from oci.manifest import Manifest
from oci.stores import Store

MAX_MANIFESTS = 50
_MAX_DEPTH = 4
_IN_MEMORY_BYTES = 4 * 1024 * 1024

Progress = Callable[[Descriptor, bool], None]
"""Called once a blob is done: what it was, and whether its bytes were sent."""


@dataclass
class Copied:
    """What a copy did: the artifact's descriptor, and how much was written or found there."""

    root: Descriptor
    manifests_written: int = 0
    manifests_present: int = 0
    blobs_written: int = 0
    blobs_present: int = 0
    bytes_written: int = 0
    tags_written: list[str] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """How many things were written in all."""
        return self.manifests_written + self.blobs_written + len(self.tags_written)


def copy(
    source: Store,
    reference: str,
    target: Store,
    *,
    tag: str | None = None,
    jobs: int = 4,
    progress: Progress | None = None,
) -> Copied:
    """Copy what `reference` names, with everything that it holds, and set `tag` on it in the target.

    At most 50 manifests. Raises OciError (oci-closure-too-large, and what either side raises).
    """
    manifests = closure(source, reference)
    copied = Copied(manifests[-1].descriptor)
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        for manifest in manifests:
            _copy_manifest(source, target, manifest, copied, pool, progress)
    if tag is not None:
        _set_tag(target, manifests[-1], tag, copied)
    return copied


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
            _collect(source, below, found, depth + 1)
    found[manifest.descriptor.digest] = manifest


def _copy_manifest(
    source: Store,
    target: Store,
    manifest: Manifest,
    copied: Copied,
    pool: ThreadPoolExecutor,
    progress: Progress | None,
) -> None:
    if target.has_manifest(manifest.descriptor.digest):
        copied.manifests_present += 1
        return
    done = pool.map(lambda blob: (blob, _copy_blob(source, target, blob)), manifest.blobs)
    for blob, sent in done:
        copied.blobs_written += sent
        copied.blobs_present += not sent
        copied.bytes_written += blob.size if sent else 0
        if progress:
            progress(blob, sent)
    target.push_manifest(manifest.raw, manifest.descriptor.media_type)
    copied.manifests_written += 1


def _copy_blob(source: Store, target: Store, blob: Descriptor) -> bool:
    if target.has_blob(blob.digest):
        return False
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:
        file = cast(BinaryIO, spool)
        source.get_blob(blob, file)
        return target.push_blob(blob, lambda: _rewound(file))


def _set_tag(target: Store, manifest: Manifest, tag: str, copied: Copied) -> None:
    if is_digest(tag):
        return
    try:
        if target.resolve(tag).digest == manifest.descriptor.digest:
            return
    except OciError as error:
        if error.code != "oci-not-found":
            raise
    target.push_manifest(manifest.raw, manifest.descriptor.media_type, tag)
    copied.tags_written.append(tag)


class _Unclosed:
    """The spooled file again from its start; closing belongs to who opened it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        """Leave the file open: another attempt may read it again."""

    def __enter__(self) -> _Unclosed:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _rewound(file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, _Unclosed(file))
