"""ReleaseTrust in memory: true signatures, and serials that a dict remembers."""

from __future__ import annotations

import json
from datetime import datetime

from tests.builders.signing import KEYRING, envelope, statement
from tests.fakes.blobs import FakeArtifactBlobs
from tests.fakes.leases import FakeReleasePointer
from vibedata import manifest, trust
from vibedata.adapters.release_keys import is_signed
from vibedata.keyring import Keyring
from vibedata.manifest import Manifest
from vibedata.ports import ReleaseRecord
from vibedata.trust import Authenticated, Seen


class FakeReleaseTrust:
    """`seen` maps a channel to the highest serial; `asked` lists the releases that were to be authenticated."""

    def __init__(self, installed: FakeReleasePointer | None = None, keys: Keyring = KEYRING) -> None:
        self.installed = installed or FakeReleasePointer()
        self.keys = keys
        self.seen: dict[str, Seen] = {}
        self.asked: list[str] = []

    def authenticate(self, release_digest: str, envelope: bytes | None) -> Authenticated:
        self.asked.append(release_digest)
        return trust.authenticate(self.keys, release_digest, envelope, is_signed)

    def admit(self, release: Manifest, now: datetime, *, remember: bool = True) -> bool:
        installed, this = self.installed.get(), release.release
        if not installed or installed.manifest_digest != release.digest:
            trust.refuse_expired(this, now)
        if installed and installed.channel == this.channel:
            trust.refuse_rollback(this, Seen(installed.version, installed.serial))
        known = self.seen.get(this.channel)
        trust.refuse_rollback(this, known)
        news = remember and (known is None or known.serial < this.serial)
        if news:
            self.seen[this.channel] = Seen(this.version, this.serial)
        return news


def record(raw: bytes, blobs: FakeArtifactBlobs, release: str = "sha256:" + "a" * 64) -> ReleaseRecord:
    """Put a manifest and its signature into Blob, as an import does; return the pointer to them."""
    digest = manifest.digest_of(raw)
    signature = envelope(statement(release, digest, len(raw)))
    blobs.put("manifests", digest, raw)
    blobs.put("manifests", manifest.digest_of(signature), signature)
    found = json.loads(raw).get("release", {"version": "1.4.0", "channel": "stable", "serial": 1000})
    facts = (found["version"], found["channel"], found["serial"])
    return ReleaseRecord(release, digest, *facts, "op", manifest.digest_of(signature))
