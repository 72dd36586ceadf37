"""An OCI image layout: the form an artifact has on disk, on its way to a registry or across an air gap."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from oci import media_types
from oci.descriptor import Descriptor, check_digest, check_reference, is_digest
from oci.errors import OciError
from oci.files import invalid_layout, open_regular, read_regular
from oci.hashing import copy_verified
from oci.manifest import MAX_MANIFEST_BYTES, Manifest, canonical, parse_manifest
from oci.stores import Content, Store, open_content
from oci.streaming import BlobReader, pour

MAX_MARKER_BYTES = 1024
_MARKER = b'{"imageLayoutVersion":"1.0.0"}'


class Layout:
    """A folder with `oci-layout`, `index.json` and `blobs/sha256/`; for one writer at a time."""

    def __init__(self, directory: Path) -> None:
        self._root = directory
        self._listing = threading.Lock()

    @property
    def label(self) -> str:
        """How people call it."""
        return f"oci:{self._root}"

    @classmethod
    def create(cls, directory: Path) -> Layout:
        """Open a layout, making it first where there is none. Raises OciError (oci-layout-invalid)."""
        if not directory.exists() or not any(directory.iterdir()):
            (directory / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
            (directory / "oci-layout").write_bytes(_MARKER)
        return cls.open(directory)

    @classmethod
    def open(cls, directory: Path) -> Layout:
        """Open a layout that is there. Raises OciError (oci-layout-invalid)."""
        try:
            marker = json.loads(read_regular(directory / "oci-layout", MAX_MARKER_BYTES))
        except (OSError, ValueError, RecursionError) as error:
            raise invalid_layout(f"{directory} is no OCI image layout") from error
        if not isinstance(marker, dict) or marker.get("imageLayoutVersion") != "1.0.0":
            raise invalid_layout(f"{directory} has a layout version that is not 1.0.0")
        return cls(directory)

    def expect(self, *, writing: bool) -> None:
        """Nothing is to be got beforehand."""

    def beside(self, other: Store) -> str | None:  # noqa: ARG002
        """Nothing can be mounted."""
        return None

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest names. Raises OciError (oci-not-found)."""
        return self.get_manifest(reference).descriptor

    def get_manifest(self, reference: str) -> Manifest:
        """Return a manifest, verified. Raises OciError (oci-not-found, oci-digest-mismatch)."""
        digest = check_reference(reference) if is_digest(reference) else self._tagged(reference)
        try:
            raw = read_regular(self._path(digest), MAX_MANIFEST_BYTES + 1)
        except FileNotFoundError as error:
            raise _missing(f"{reference} in {self.label}") from error
        manifest = parse_manifest(raw)
        if manifest.descriptor.digest != digest:
            raise OciError("oci-digest-mismatch", f"{digest} in {self.label} is altered", "copy it anew")
        return manifest

    def has_manifest(self, digest: str) -> bool:
        """Tell whether the manifest is there."""
        return self._path(digest).is_file()

    def has_blob(self, digest: str) -> bool:
        """Tell whether the blob is there."""
        return self._path(digest).is_file()

    def get_blob(self, descriptor: Descriptor, into: BinaryIO) -> None:
        """Write a blob into an open file, verified. Raises OciError (oci-not-found, oci-digest-mismatch)."""
        pour(self.open_blob(descriptor), into)

    def open_blob(self, descriptor: Descriptor) -> BlobReader:
        """Open a blob to be read piece by piece, verified. Raises OciError (oci-not-found)."""

        def open_at(offset: int) -> BinaryIO:
            try:
                file = open_regular(self._path(descriptor.digest))
            except FileNotFoundError as error:
                raise _missing(f"blob {descriptor.digest} in {self.label}") from error
            file.seek(offset)
            return file

        return BlobReader(descriptor, open_at, time.sleep)

    def push_blob(self, descriptor: Descriptor, content: Content, mount_from: str | None = None) -> bool:  # noqa: ARG002
        """Store a blob unless it is there; tell whether it was written."""
        path = self._path(descriptor.digest)
        if path.is_file() and path.stat().st_size == descriptor.size:
            return False
        with _replacing(path) as out, open_content(content) as source:
            copy_verified(source, descriptor, out)
        return True

    def push_manifest(self, raw: bytes, media_type: str, tag: str | None = None) -> Descriptor:
        """Store manifest bytes and list them in the index under a tag."""
        descriptor = parse_manifest(raw, media_type).descriptor
        self.push_blob(descriptor, raw)
        if tag is not None:
            self._list(descriptor, check_reference(tag))
        return descriptor

    def tags(self) -> list[str]:
        """List the tags, sorted."""
        return sorted(tag for _, tag in self._index() if tag)

    def _tagged(self, tag: str) -> str:
        check_reference(tag)
        for descriptor, name in self._index():
            if name == tag:
                return descriptor.digest
        raise _missing(f"tag {tag} in {self.label}")

    def _list(self, descriptor: Descriptor, tag: str) -> None:
        with self._listing:
            self._relist(descriptor, tag)

    def _relist(self, descriptor: Descriptor, tag: str) -> None:
        kept = [(item, name) for item, name in self._index() if name != tag]
        entries = sorted([*kept, (descriptor, tag)], key=lambda entry: (entry[1], entry[0].digest))
        body = {
            "schemaVersion": 2,
            "mediaType": media_types.IMAGE_INDEX,
            "manifests": [_entry(item, name) for item, name in entries],
        }
        with _replacing(self._root / "index.json") as out:
            out.write(canonical(body))

    def _index(self) -> list[tuple[Descriptor, str]]:
        try:
            raw = read_regular(self._root / "index.json", MAX_MANIFEST_BYTES + 1)
        except FileNotFoundError:
            return []
        if len(raw) > MAX_MANIFEST_BYTES:
            raise invalid_layout(f"{self.label} has an index of more than 4 MiB")
        found = parse_manifest(raw, media_types.IMAGE_INDEX).children
        return [(item, item.annotations.get(media_types.REF_NAME, "")) for item in found]

    def _path(self, digest: str) -> Path:
        return self._root / "blobs" / "sha256" / check_digest(digest).removeprefix("sha256:")


def _entry(descriptor: Descriptor, tag: str) -> dict[str, Any]:
    annotations = {media_types.REF_NAME: tag} if tag else {}
    return Descriptor(descriptor.media_type, descriptor.digest, descriptor.size, annotations).as_dict()


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".partial-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            os.fchmod(out.fileno(), 0o644)
            yield out
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _missing(what: str) -> OciError:
    return OciError("oci-not-found", f"there is no {what}", "check the name, the tag and the digest")
