"""What a place for artifacts can do, be it a repository in a registry or a layout on disk."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from oci.descriptor import Descriptor
from oci.manifest import Manifest

Content = bytes | Path | Callable[[], BinaryIO]
"""Bytes to send: in memory, in a file, or opened anew for each attempt."""


class Store(Protocol):
    """One repository's worth of blobs, manifests and tags. Every method raises only OciError."""

    @property
    def label(self) -> str:
        """How people call it, without credentials."""

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

    def push_blob(self, descriptor: Descriptor, content: Content) -> bool:
        """Store a blob unless it is there; tell whether bytes were sent."""

    def push_manifest(self, raw: bytes, media_type: str, tag: str | None = None) -> Descriptor:
        """Store manifest bytes as they are, under their digest and, if given, a tag."""

    def tags(self) -> list[str]:
        """List the tags."""


def open_content(content: Content) -> BinaryIO:
    """Open bytes to send from their start."""
    if isinstance(content, bytes):
        return io.BytesIO(content)
    return content.open("rb") if isinstance(content, Path) else content()
