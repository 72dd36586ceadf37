"""ReleaseTrust by pinned Ed25519 keys: the one class that TUF's client would replace (docs/trust.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vibedata import trust
from vibedata.keyring import Keyring, PublicKey
from vibedata.manifest import Manifest
from vibedata.manifest_parts import Release
from vibedata.ports import ReleasePointer
from vibedata.trust import Authenticated, Seen


class Serials(Protocol):
    """What remembers the highest serial ever seen in each channel."""

    def highest(self, channel: str) -> Seen | None:
        """Return it, or None."""

    def remember(self, release: Release) -> tuple[Seen, bool]:
        """Remember a serial unless it, or a higher one, is known; return the highest, and whether it was written."""


class PinnedKeys:
    """Believes what enough of the pinned keys signed."""

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys

    def authenticate(self, release_digest: str, envelope: bytes | None) -> Authenticated:
        """Return what the pinned keys vouch for under the digest of a release's OCI manifest."""
        return trust.authenticate(self._keys, release_digest, envelope, is_signed)


class PinnedReleaseTrust(PinnedKeys):
    """Believes that in its time only, and never what is older than what this instance has seen."""

    def __init__(self, keys: Keyring, installed: ReleasePointer, serials: Serials) -> None:
        super().__init__(keys)
        self._installed = installed
        self._serials = serials

    def admit(self, release: Manifest, now: datetime, *, remember: bool = True) -> bool:
        """Let an authenticated release in and remember its serial; tell whether that was news."""
        installed = self._installed.get()
        if installed is None or installed.manifest_digest != release.digest:
            trust.refuse_expired(release.release, now)
        if installed is not None and installed.channel == release.release.channel:
            trust.refuse_rollback(release.release, Seen(installed.version, installed.serial))
        if not remember:
            trust.refuse_rollback(release.release, self._serials.highest(release.release.channel))
            return False
        highest, is_news = self._serials.remember(release.release)
        trust.refuse_rollback(release.release, highest)
        return is_news


def is_signed(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Tell whether the signature of a message was made with the key's private half."""
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
