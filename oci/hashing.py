"""Hash while the bytes pass: nothing counts as whole before its digest and size have proved right."""

from __future__ import annotations

import hashlib
from typing import BinaryIO, Protocol

from oci.descriptor import Descriptor, check_digest
from oci.errors import OciError

CHUNK = 1 << 16


class Readable(Protocol):
    """What gives bytes piece by piece."""

    def read(self, size: int = ..., /) -> bytes:
        """Return the next bytes, none at the end."""


class Verifier:
    """Counts and hashes the bytes of one blob against its descriptor."""

    def __init__(self, descriptor: Descriptor) -> None:
        check_digest(descriptor.digest)
        self._descriptor = descriptor
        self._hash = hashlib.sha256()
        self.received = 0

    def update(self, chunk: bytes) -> None:
        """Take the next bytes. Raises OciError (oci-size-mismatch) as soon as there are too many."""
        self.received += len(chunk)
        if self.received > self._descriptor.size:
            raise _mismatch("oci-size-mismatch", self._descriptor, "more bytes than announced")
        self._hash.update(chunk)

    def finish(self) -> None:
        """Close the count. Raises OciError (oci-blob-truncated, oci-digest-mismatch)."""
        if self.received < self._descriptor.size:
            raise _mismatch("oci-blob-truncated", self._descriptor, f"only {self.received} bytes")
        if "sha256:" + self._hash.hexdigest() != self._descriptor.digest:
            raise _mismatch("oci-digest-mismatch", self._descriptor, "other bytes than its digest")


def copy_verified(source: Readable, descriptor: Descriptor, into: BinaryIO) -> None:
    """Copy a blob from an open file while checking it. Raises OciError as Verifier does."""
    verifier = Verifier(descriptor)
    while chunk := source.read(CHUNK):
        verifier.update(chunk)
        into.write(chunk)
    verifier.finish()


def describe_file(source: BinaryIO, media_type: str) -> Descriptor:
    """Read an open file to its end and describe it."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return Descriptor(media_type, "sha256:" + digest.hexdigest(), size)


def _mismatch(code: str, descriptor: Descriptor, what: str) -> OciError:
    return OciError(
        code,
        f"{descriptor.digest}: {what} ({descriptor.size} expected)",
        "do not use it; fetch it again, and if it stays so, the registry's content is damaged or forged",
    )


class Discard:
    """A file that keeps nothing: where bytes go that are only to be verified."""

    def write(self, data: bytes) -> int:
        """Forget the bytes."""
        return len(data)
