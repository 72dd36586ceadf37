"""The proof that a release is the publisher's: brought and checked before anything of it is parsed, and checked again
by whoever acts on it later. So nobody makes another manifest count by writing to a registry, a table or a container.
"""

from __future__ import annotations

from dataclasses import dataclass

from vibedata import dsse, importing, manifest, trust
from vibedata.errors import Blocked, Failed, Transient
from vibedata.importing import MANIFESTS
from vibedata.manifest import Manifest
from vibedata.ports import (
    ArtifactBlobs,
    Descriptor,
    ImportOutcome,
    ReleasePointer,
    ReleaseRecord,
    ReleaseTrust,
)
from vibedata.registry_copy import RegistryCopy
from vibedata.release import signature_tag
from vibedata.retry import Patience
from vibedata.trust import Authenticated

REFUSED = frozenset(
    (
        *("release-signature-invalid", "release-signer-unknown"),
        *("release-signers-too-few", "release-signature-mismatch"),
    )
)
UNPROVEN = REFUSED | {"release-unsigned"}
# What is worth one more import by force: the publisher may have signed again since, with a newer key or with more of
# them, and what lies in the customer's registry may be planted or damaged.
RENEWABLE = REFUSED | {
    *("artifact-missing", "artifact-tampered", "artifact-malformed"),
    *("artifact-refused", "artifact-is-index"),
}


@dataclass(frozen=True)
class Proof:
    """What pinned keys vouch for, and the signature that says so; `brought` tells whether it was imported just now."""

    trusted: Authenticated
    envelope: bytes
    brought: bool = False

    @property
    def digest(self) -> str:
        """The digest of the signature's bytes."""
        return manifest.digest_of(self.envelope)


@dataclass(frozen=True)
class Notary:
    """Asks for proof of one release in the customer's registry."""

    copy: RegistryCopy
    trust: ReleaseTrust
    repository: str
    digest: str

    def bring(self) -> Proof:
        """Return the proof, importing the signature when it is not there, and once more when it does not count.

        Raises Blocked (as `ReleaseTrust.authenticate`), Transient (import-unfinished).
        """
        here: Descriptor | None = None
        try:
            here = self.copy.named(self.repository, self._tag)
            if here is not None:
                return self._check(here, brought=False)
        except (Blocked, Failed) as refused:
            newer = self._import(force=True) if refused.code in RENEWABLE else None
            if newer is None:
                raise
        else:
            newer = self._import(force=False)
        return self._check(newer, brought=here is None or newer is None or newer.digest != here.digest)

    def look(self) -> Proof:
        """Return the proof from what is here, importing nothing. Raises Blocked (as `bring`)."""
        return self._check(self.copy.named(self.repository, self._tag), brought=False)

    @property
    def _tag(self) -> str:
        return signature_tag(self.digest)

    def _check(self, signature: Descriptor | None, *, brought: bool) -> Proof:
        envelope = self._read(signature) if signature else None
        trusted = self.trust.authenticate(self.digest, envelope)
        return Proof(trusted, envelope or b"", brought)

    def _read(self, signature: Descriptor) -> bytes:
        raw = self.copy.manifest(self.repository, signature.digest)
        try:
            layer = importing.only_layer(raw, "the signature")
        except Failed as error:
            raise dsse.malformed(error.message) from error
        if layer.size > dsse.MAX_ENVELOPE_BYTES:
            raise dsse.malformed(f"it has more than {dsse.MAX_ENVELOPE_BYTES} bytes")
        return self.copy.blob(self.repository, layer)

    def _import(self, *, force: bool) -> Descriptor | None:
        return self.copy.patience.call(lambda: self._import_once(force))

    def _import_once(self, force: bool) -> Descriptor | None:
        name = f"{self.repository}:{self._tag}"
        outcome = self.copy.importer.import_image(name, target_tags=[name], force=force)
        if outcome is ImportOutcome.SOURCE_MISSING:
            return None
        arrived = self.copy.artifacts.resolve(self.repository, self._tag)
        if arrived is None:
            raise Transient(
                "import-unfinished",
                f"The signature of {self.digest} was imported, but is not in the registry yet.",
                hint="Run import_artifacts again.",
            )
        return arrived


def imported_release(
    releases: ReleasePointer, blobs: ArtifactBlobs, release_trust: ReleaseTrust, patience: Patience
) -> tuple[ReleaseRecord, Manifest]:
    """Return the imported release and its manifest, authenticated again: act on no other.

    Raises Blocked (release-not-imported, blob-missing; as `ReleaseTrust.authenticate`), BadInput (manifest-invalid),
    Failed (blob-tampered).
    """
    record = importing.imported(patience.call(releases.get))
    envelope = None
    if record.signature_digest:
        envelope = patience.call(lambda: blobs.get(MANIFESTS, record.signature_digest))
    trusted = release_trust.authenticate(record.digest, envelope)
    trust.refuse_other_manifest(trusted.manifest_digest, record.manifest_digest)
    found = manifest.parse(patience.call(lambda: blobs.get(MANIFESTS, trusted.manifest_digest)))
    trust.refuse_other_release(found.release, record.version, record.channel, record.serial)
    return record, found
