"""What a place for artifacts can do, be it a repository in a registry or a layout on disk."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from oci.descriptor import Descriptor
from oci.manifest import Manifest
from oci.streaming import BlobReader

Content = bytes | Path | Callable[[], BinaryIO | BlobReader]
"""Bytes to send: in memory, in a file, or opened anew for each attempt."""


class Store(Protocol):
    """One repository's worth of blobs, manifests and tags. Every method raises only OciError."""

    @property
    def label(self) -> str:
        """How people call it, without credentials."""

    def expect(self, *, writing: bool) -> None:
        """Say that there will be requests, so that what they need can be got for several stores at once."""

    def beside(self, other: Store) -> str | None:
        """Return what to mount the other's blobs from, if both lie in the same registry."""

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest names now. Raises oci-not-found."""

    def get_manifest(self, reference: str) -> Manifest:
        """Return a manifest; by digest, it is verified. Raises oci-not-found, oci-digest-mismatch."""

    def has_manifest(self, digest: str) -> bool:
        """Tell whether the manifest is there."""

    def has_blob(self, digest: str) -> bool:
        """Tell whether the blob is there."""

    def get_blob(self, descriptor: Descriptor, into: BinaryIO) -> None:
        """Write a blob into an open file; trust the file only when this returns."""

    def open_blob(self, descriptor: Descriptor) -> BlobReader:
        """Open a blob to be read piece by piece; its end comes only when all of it was right."""

    def push_blob(self, descriptor: Descriptor, content: Content, mount_from: str | None = None) -> bool:
        """Store a blob unless it is there or can be mounted; tell whether bytes were sent."""

    def push_manifest(self, raw: bytes, media_type: str, tag: str | None = None) -> Descriptor:
        """Store manifest bytes as they are, under their digest and, if given, a tag."""

    def tags(self) -> list[str]:
        """List the tags."""


def open_content(content: Content) -> BinaryIO | BlobReader:
    """Open bytes to send from their start."""
    if isinstance(content, bytes):
        return io.BytesIO(content)
    return content.open("rb") if isinstance(content, Path) else content()
