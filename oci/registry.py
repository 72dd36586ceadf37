"""One OCI registry over HTTPS: resolve, read, write, and check every byte that comes back.

What `oras` does soundly it does (addresses and single requests, behind `fence.py`); hashing, resuming,
waiting and tokens are ours. A registry's own Docker-Content-Digest is compared, never believed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO

from oci import media_types
from oci.auth import Credentials
from oci.connection import Connection, read_scope, write_scope
from oci.descriptor import Descriptor, check_reference, check_repository, is_digest, sha256
from oci.errors import OciError
from oci.holders import Holders
from oci.manifest import MAX_MANIFEST_BYTES, Manifest, parse_manifest
from oci.reading import Rest, bounded_body, next_page, tags_of
from oci.retrying import Retrying
from oci.sending import SMALL_BYTES, SourceFailed
from oci.stores import Content, Store
from oci.streaming import BlobReader, pour
from oci.wire import Answer

_ACCEPT = {"Accept": ", ".join(media_types.ACCEPTED)}
_MAX_PAGES = 200


class Registry:
    """A registry and the right to use it; safe to share between threads."""

    def __init__(
        self,
        host: str,
        credentials: Credentials = None,
        *,
        ca_file: Path | None = None,
        attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        token_hosts: Collection[str] = (),
    ) -> None:
        """`token_hosts`: other hosts that may be asked for tokens, with the credentials."""
        self.host = host
        retry = Retrying(attempts, sleep)
        self._connection = Connection(host, credentials, ca_file, retry, clock, token_hosts)
        self._holders = Holders(self._connection.share_token)

    def repository(self, name: str) -> Repository:
        """Return one repository as a place for artifacts. Raises OciError (oci-bad-repository)."""
        return Repository(self, name)

    def resolve(self, repository: str, reference: str) -> Descriptor:
        """Return what a tag or digest names now; the digest is computed from the bytes."""
        return self.get_manifest(repository, reference).descriptor

    def get_manifest(self, repository: str, reference: str) -> Manifest:
        """Return a manifest of at most 4 MiB. Raises OciError (oci-not-found, oci-digest-mismatch)."""
        check_reference(reference)
        return self._connection.retry(lambda: self._manifest(repository, reference))

    def has_manifest(self, repository: str, digest: str) -> bool:
        """Tell whether the manifest is there."""
        return self._head(repository, self._connection.manifest_url(repository, check_reference(digest)))

    def has_blob(self, repository: str, digest: str) -> bool:
        """Tell whether the blob is there."""
        return self._head(repository, self._connection.blob_url(repository, digest))

    def expect(self, repository: str, *, writing: bool) -> None:
        """Say that a repository will be used, so that it can share a token with its neighbours."""
        scope = write_scope if writing else read_scope
        self._connection.tokens.expect(scope(repository)[0])

    def open_blob(self, repository: str, descriptor: Descriptor) -> BlobReader:
        """Open a blob to be read piece by piece: verified, and resumed by Range after a break."""
        url = self._connection.blob_url(repository, descriptor.digest)

        def open_at(offset: int) -> Rest:
            headers = {"Range": f"bytes={offset}-"} if offset else {}
            scope = read_scope(repository)
            return Rest(self._connection.send_again("GET", url, scope, headers=headers, stream=True), offset)

        return BlobReader(descriptor, open_at, self._connection.retry.pause)

    def get_blob(self, repository: str, descriptor: Descriptor, into: BinaryIO) -> None:
        """Write a blob into an open file; what is there may be trusted only when this returns.

        Raises OciError (oci-not-found, oci-digest-mismatch, oci-size-mismatch, oci-blob-truncated,
        oci-blob-interrupted).
        """
        pour(self.open_blob(repository, descriptor), into)

    def push_blob(
        self, repository: str, descriptor: Descriptor, content: Content, mount_from: str | None = None
    ) -> bool:
        """Store a blob unless it is there or can be mounted; tell whether bytes were sent."""
        digest = descriptor.digest
        if descriptor.size > SMALL_BYTES and self.has_blob(repository, digest):
            return False
        own = repository if descriptor.size <= SMALL_BYTES else None  # asks "is it there?" on the way
        place = mount_from or self._holders.beside(repository, digest) or own
        try:
            answer = self._connection.retry(
                lambda: self._connection.upload(repository, descriptor, content, place)
            )
        except SourceFailed as failed:
            raise failed.error from failed.error.__cause__
        if answer is not None:
            _compare(answer, digest)
        self._holders.add(repository, digest)
        return answer is not None

    def push_manifest(
        self, repository: str, raw: bytes, media_type: str, tag: str | None = None
    ) -> Descriptor:
        """Store manifest bytes as they are. Raises OciError (oci-push-refused, oci-denied)."""
        descriptor = parse_manifest(raw, media_type).descriptor
        url = self._connection.manifest_url(repository, check_reference(tag) if tag else descriptor.digest)
        headers = {"Content-Type": descriptor.media_type}
        answer = self._connection.send_again("PUT", url, write_scope(repository), data=raw, headers=headers)
        _compare(answer, descriptor.digest)
        return descriptor

    def tags(self, repository: str) -> list[str]:
        """List the tags, as the registry pages them."""
        url: str | None = f"https://{self._connection.address(repository).tags_url(N=1000)}"
        found: list[str] = []
        for _ in range(_MAX_PAGES):
            if url is None:
                return found
            answer = self._connection.send_again("GET", url, read_scope(repository), stream=True)
            url = next_page(answer, url)
            found += tags_of(bounded_body(answer, MAX_MANIFEST_BYTES))
        raise OciError("oci-tags-invalid", f"{self.host} pages its tags for ever", "check the registry")

    def _manifest(self, repository: str, reference: str) -> Manifest:
        url = self._connection.manifest_url(repository, reference)
        answer = self._connection.send("GET", url, read_scope(repository), headers=_ACCEPT, stream=True)
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        raw = bounded_body(answer, MAX_MANIFEST_BYTES)
        found = sha256(raw)
        if is_digest(reference) and found != reference:
            raise _forged(reference, found)
        _compare(answer, found)  # before it is parsed: what was altered is not its publisher's fault
        return parse_manifest(raw, kind)

    def _head(self, repository: str, url: str) -> bool:
        try:
            self._connection.send_again("HEAD", url, read_scope(repository), headers=_ACCEPT).close()
        except OciError as error:
            if error.code != "oci-not-found":
                raise
            return False
        return True


def _compare(answer: Answer, digest: str) -> None:
    claimed = answer.headers.get("Docker-Content-Digest")
    if claimed is not None and claimed != digest:
        raise _forged(digest, claimed)


def _forged(expected: str, found: str) -> OciError:
    return OciError(
        "oci-digest-mismatch",
        f"{expected} expected, {found:.80} found",
        "do not use it; the registry's content is damaged or forged",
    )


class Repository:
    """One repository of a registry, as a Store."""

    def __init__(self, registry: Registry, name: str) -> None:
        self.registry = registry
        self.name = check_repository(name)

    @property
    def label(self) -> str:
        """How people call it."""
        return f"{self.registry.host}/{self.name}"

    def expect(self, *, writing: bool) -> None:
        """Say that there will be requests."""
        self.registry.expect(self.name, writing=writing)

    def beside(self, other: Store) -> str | None:
        """Return the other's name if it is a repository of the same registry, from which blobs can be mounted."""
        same = isinstance(other, Repository) and other.registry.host == self.registry.host
        return other.name if same and isinstance(other, Repository) else None

    def resolve(self, reference: str) -> Descriptor:
        """Return what a tag or digest names now."""
        return self.registry.resolve(self.name, reference)

    def get_manifest(self, reference: str) -> Manifest:
        """Return a verified manifest."""
        return self.registry.get_manifest(self.name, reference)

    def has_manifest(self, digest: str) -> bool:
        """Tell whether the manifest is there."""
        return self.registry.has_manifest(self.name, digest)

    def has_blob(self, digest: str) -> bool:
        """Tell whether the blob is there."""
        return self.registry.has_blob(self.name, digest)

    def open_blob(self, descriptor: Descriptor) -> BlobReader:
        """Open a blob to be read piece by piece, verified."""
        return self.registry.open_blob(self.name, descriptor)

    def get_blob(self, descriptor: Descriptor, into: BinaryIO) -> None:
        """Write a blob into an open file, verified."""
        self.registry.get_blob(self.name, descriptor, into)

    def push_blob(self, descriptor: Descriptor, content: Content, mount_from: str | None = None) -> bool:
        """Store a blob unless it is there; tell whether bytes were sent."""
        return self.registry.push_blob(self.name, descriptor, content, mount_from)

    def push_manifest(self, raw: bytes, media_type: str, tag: str | None = None) -> Descriptor:
        """Store manifest bytes as they are."""
        return self.registry.push_manifest(self.name, raw, media_type, tag)

    def tags(self) -> list[str]:
        """List the tags."""
        return self.registry.tags(self.name)
