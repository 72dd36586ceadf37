"""What a release brings: artifacts in registries, blobs, and the pointer to the imported one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


@dataclass(frozen=True)
class Descriptor:
    """What a registry says of one piece of content: its digest (`sha256:<hex>`), size in bytes and media type."""

    digest: str
    size: int
    media_type: str


class Artifacts(Protocol):
    """The read side of one OCI registry. A tag finds, a digest decides: bytes are only ever read by digest (D5)."""

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return what a tag or digest names now, or None when there is no such manifest."""

    def manifest(self, repository: str, digest: str) -> bytes:
        """Return a manifest's bytes, hashed while they arrive. Raises Failed (oci-digest-mismatch and kin)."""

    def blob(self, repository: str, digest: str, size: int) -> bytes:
        """Return a blob of at most `size` bytes, hashed while it arrives. Raises Failed when it is not what it says."""

    def check_blob(self, repository: str, digest: str, size: int) -> None:
        """Read a blob to its end without keeping it. Raises Failed when it is not what it says."""


class ImportOutcome(Enum):
    """How an import ended when it did not fail: the caller decides what each means for it."""

    DONE = "done"
    TAG_EXISTS = "tag-exists"  # only without `force`: nothing was copied
    SOURCE_MISSING = "source-missing"  # the publisher has no such manifest or tag
    UNKNOWN = "unknown"  # the operation's address was lost: look at the target


class ImageImporter(Protocol):
    """Copies from the publisher's registry into the customer's, inside the service (D6)."""

    def import_image(
        self,
        source: str,
        *,
        target_tags: Sequence[str] = (),
        untagged_repositories: Sequence[str] = (),
        force: bool = False,
    ) -> ImportOutcome:
        """Copy `repository@digest` or `repository:tag` to `repository:tag`s or untagged; wait until it has ended.

        Raises Blocked (role-missing, publisher-credentials-refused), Transient (azure-busy, publisher-down),
        Failed (import-failed, publisher-content-damaged).
        """


class ArtifactBlobs(Protocol):
    """Immutable content in Blob, named `sha256/<hex>` in a container (D12)."""

    def has(self, container: str, digest: str) -> bool:
        """Tell whether something lies under the digest's name; its bytes are not read."""

    def put(self, container: str, digest: str, data: bytes) -> bool:
        """Store bytes under their digest: True when written, False when they are there already.

        Raises BadInput (blob-digest-mismatch: `data` has another digest; blob-conflict: other bytes lie there).
        """

    def get(self, container: str, digest: str) -> bytes:
        """Return the bytes under a digest, verified. Raises Blocked (blob-missing), Failed (blob-tampered)."""


@dataclass(frozen=True)
class ReleaseRecord:
    """Which release is completely imported. `digest` names it in the registry, `manifest_digest` its JSON in Blob.

    `signature_digest` names the signature in Blob, for those who check it again before they act.
    """

    digest: str
    manifest_digest: str
    version: str
    channel: str
    serial: int
    operation_id: str
    signature_digest: str = ""


class ReleasePointer(Protocol):
    """How later phases find the release that `import_artifacts` completed."""

    def get(self) -> ReleaseRecord | None:
        """Return the instance's imported release, or None before the first import has ended."""

    def put(self, record: ReleaseRecord, *, fence: int = 0) -> None:
        """Make `record` the imported release, written under the lease's `fence` (0: under none).

        Raises Failed (lease-lost) when it was written under a newer one.
        """
