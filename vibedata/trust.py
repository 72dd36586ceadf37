"""Which releases an instance believes: what is signed, by how many keys, and what is refused although it is signed.

Pure decisions. The words are TUF's (key id, threshold, expires, rollback), so that its metadata can take them over;
docs/trust.md says who holds which key and what an attacker can still do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from vibedata import dsse
from vibedata.dsse import Envelope
from vibedata.envelope import DIGEST
from vibedata.errors import Blocked
from vibedata.keyring import Keyring, PublicKey
from vibedata.manifest_parts import Release
from vibedata.manifest_source import MAX_BYTES

STATEMENT_TYPE = "application/vnd.vibedata.release.statement.v1+json"
Verifies = Callable[[PublicKey, bytes, bytes], bool]  # key, signature, signed bytes


@dataclass(frozen=True)
class Statement:
    """What is signed: this release, by the digest of its OCI manifest, is that release manifest, by its own."""

    release: str
    manifest: str
    size: int

    def encode(self) -> bytes:
        """Return the statement's JSON; the same statement gives the same bytes."""
        manifest = {"digest": self.manifest, "size": self.size}
        document = {"schema": 1, "release": self.release, "manifest": manifest}
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Authenticated:
    """A release that enough pinned keys vouch for: the digest of its release manifest, and the keys' ids."""

    manifest_digest: str
    key_ids: tuple[str, ...]

    @property
    def key_id(self) -> str:
        """The first of the keys that signed."""
        return self.key_ids[0]


@dataclass(frozen=True)
class Seen:
    """A release of a channel that this instance has seen signed."""

    version: str
    serial: int


def authenticate(keys: Keyring, release_digest: str, raw: bytes | None, verifies: Verifies) -> Authenticated:
    """Decide whether enough pinned keys vouch for a release, before anything of it is parsed.

    Raises Blocked (release-unsigned, release-signature-invalid, release-signer-unknown, release-signers-too-few,
    release-signature-mismatch).
    """
    if raw is None:
        raise Blocked(
            "release-unsigned",
            f"The release {release_digest} has no signature.",
            hint="Run import_artifacts again; if it stays, the publisher must sign the release and push again.",
        )
    envelope = dsse.parse(raw)
    key_ids = _signers(keys, envelope, verifies)
    found = statement(envelope)
    refuse_other_subject(found, release_digest)
    return Authenticated(found.manifest, key_ids)


def statement(envelope: Envelope) -> Statement:
    """Return what an envelope states. Raises Blocked (release-signature-invalid)."""
    if envelope.payload_type != STATEMENT_TYPE:
        raise dsse.malformed("it signs something that is no release")
    document = dsse.json_object(envelope.payload)
    manifest = document.get("manifest")
    if set(document) != {"schema", "release", "manifest"} or document["schema"] != 1:
        raise dsse.malformed("this engine does not know such a statement")
    if not isinstance(manifest, dict) or set(manifest) != {"digest", "size"}:
        raise dsse.malformed("its statement names no manifest")
    found = Statement(document["release"], manifest["digest"], manifest["size"])
    digests = all(isinstance(one, str) and DIGEST.fullmatch(one) for one in (found.release, found.manifest))
    if not digests or type(found.size) is not int or not 0 < found.size <= MAX_BYTES:
        raise dsse.malformed("its statement has no proper digests and size")
    return found


def refuse_other_subject(stated: Statement, release_digest: str) -> None:
    """Refuse a statement about another release. Raises Blocked (release-signature-mismatch)."""
    if stated.release != release_digest:
        raise _mismatch(f"The signature of {release_digest} was made for {stated.release}.")


def refuse_other_manifest(signed: str, manifest_digest: str) -> None:
    """Refuse a manifest whose digest is not the signed one. Raises Blocked (release-signature-mismatch)."""
    if signed != manifest_digest:
        raise _mismatch(f"The signature names the manifest {signed}, not {manifest_digest}.")


def refuse_other_release(release: Release, version: str, channel: str, serial: int) -> None:
    """Refuse a release that is recorded as another one. Raises Blocked (release-signature-mismatch)."""
    if (release.version, release.channel, release.serial) != (version, channel, serial):
        raise _mismatch(
            f"The signed release is {release.version} (serial {release.serial} in {release.channel!r}); "
            f"it was recorded as {version} (serial {serial} in {channel!r})."
        )


def refuse_expired(release: Release, now: datetime) -> None:
    """Refuse a release whose time is over. Raises Blocked (release-expired)."""
    if release.expires <= now:
        raise Blocked(
            "release-expired",
            f"Release {release.version} has expired on {release.expires:%Y-%m-%d}.",
            hint="Ask the publisher for a newer release; an old one may lack security fixes.",
        )


def refuse_rollback(release: Release, seen: Seen | None) -> None:
    """Refuse a release that is older than one seen in its channel. Raises Blocked (release-rollback)."""
    if seen is not None and release.serial < seen.serial:
        raise Blocked(
            "release-rollback",
            f"Release {release.version} (serial {release.serial}) is older than {seen.version} (serial "
            f"{seen.serial}), which this instance has seen in {release.channel!r}.",
            hint="Ask the publisher why `latest` names an older release; going back is an update.",
        )


def _signers(keys: Keyring, envelope: Envelope, verifies: Verifies) -> tuple[str, ...]:
    claimed = {key.key_id: key for key in keys.keys if key.key_id in envelope.signatures}
    detail = {"signedBy": sorted(envelope.signatures), "pinned": [key.key_id for key in keys.keys]}
    if not claimed:
        raise Blocked(
            "release-signer-unknown",
            "The release is signed, but by no key that was pinned when this instance was installed.",
            hint="If the publisher has changed its keys, deploy the newest version of the offer, which pins them.",
            detail=detail,
        )
    signed = envelope.signed
    good = [name for name, key in claimed.items() if verifies(key, envelope.signatures[name], signed)]
    if not good or len(good) < min(keys.threshold, len(claimed)):
        raise dsse.malformed("a pinned key's signature does not fit what is signed")
    if len(good) < keys.threshold:
        raise Blocked(
            "release-signers-too-few",
            f"{len(good)} of the pinned keys signed the release; {keys.threshold} must.",
            hint="The publisher must sign it with more of its keys (`vibedata release sign`) and push again.",
            detail=detail,
        )
    return tuple(good)


def _mismatch(what: str) -> Blocked:
    return Blocked(
        "release-signature-mismatch",
        what,
        hint="Nothing of the release was used. Find out who can write there, and tell the publisher.",
    )
