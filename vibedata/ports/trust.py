"""Which releases are believed, and how the publisher vouches for one."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from vibedata.keyring import PublicKey
from vibedata.manifest import Manifest
from vibedata.trust import Authenticated


class ReleaseTrust(Protocol):
    """Decides about releases, with what was pinned when the instance was installed.

    Today pinned keys and a signature per release; TUF metadata would stand behind the same two questions.
    """

    def authenticate(self, release_digest: str, envelope: bytes | None) -> Authenticated:
        """Return what is vouched for under the digest of a release's OCI manifest; asked before it is parsed.

        `envelope` is the signature found beside it, or None. Raises Blocked (release-unsigned,
        release-signature-invalid, release-signer-unknown, release-signers-too-few, release-signature-mismatch).
        """

    def admit(self, release: Manifest, now: datetime, *, remember: bool = True) -> bool:
        """Let an authenticated release in and remember its serial for good; tell whether that was news.

        The release that is completely imported may be looked at after its time. With `remember` false nothing is
        written. Raises Blocked (release-expired, release-rollback), Transient (azure-conflict).
        """


class ReleaseSigner(Protocol):
    """One of the publisher's release keys."""

    @property
    def key(self) -> PublicKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message; the same message gives the same one."""
