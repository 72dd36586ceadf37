"""Import a release from the publisher's registry (RFC-60 phase 7): a tag finds it, digests decide (D5, D6).

Every run looks first and does what is missing, so a run that was killed anywhere is finished by the next
one. The import of `latest` alone is always repeated: only so is a moved tag seen. Its signature is checked
before anything of it is parsed, its serial is remembered before anything else of it is imported. The
pointer to the release is written last; it says that everything is there and was verified.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from vibedata import importing, manifest, retry, trust
from vibedata.deployment_record import DeploymentRecorder
from vibedata.errors import Blocked
from vibedata.holding import Hold, holding
from vibedata.importing import ARTIFACTS, LATEST, MANIFESTS, Import, Item
from vibedata.manifest import Artifact, Manifest, RunbookArtifact
from vibedata.parallel import in_parallel
from vibedata.ports import (
    ArtifactBlobs,
    Artifacts,
    ImageImporter,
    Leases,
    Receipts,
    ReleasePointer,
    ReleaseRecord,
    ReleaseTrust,
    Summary,
)
from vibedata.recorder import Recorder
from vibedata.registry_copy import RegistryCopy
from vibedata.release_proof import UNPROVEN, Notary, Proof

VERB = "import_artifacts"
AT_ONCE = 8  # imports run inside the service; more of them only meet its limits


def import_artifacts(
    *,
    artifacts: Artifacts,
    importer: ImageImporter,
    blobs: ArtifactBlobs,
    releases: ReleasePointer,
    release_trust: ReleaseTrust,
    leases: Leases,
    receipts: Receipts,
    release_repository: str,
    image_tag: str,
    suite_version: str,
    running_bundle: str | None = None,
    deployments: DeploymentRecorder | None = None,
    propagation_seconds: float,
    network: Callable[[], retry.Policy | None] = retry.unknown,
    pause: Callable[[float], None],
    recorder: Recorder,
    clock: Callable[[], datetime],
    dry_run: bool = False,
) -> Summary:
    """Bring the release that `latest` names into the customer's registry and Blob, each part by digest.

    Only a release that `release_trust` vouches for. `network` is the component registry's retry policy; without it
    the manifest's counts. `deployments` writes down what the template has done so far. Raises Blocked (lease-held,
    role-missing, release-*, artifact-not-published), Failed (artifact-*, import-failed).
    """
    if deployments and not dry_run:
        deployments.record(recorder)
    patience = retry.Patience(network(), retry.propagation(propagation_seconds), pause, clock)
    with holding(leases, receipts, recorder, patience) as hold:
        run = _Run(
            RegistryCopy(artifacts, importer, hold.patience),
            blobs,
            releases,
            release_trust,
            hold,
            recorder,
            release_repository,
            image_tag,
            suite_version,
        )
        return run.plan_only() if dry_run else run.everything(running_bundle)


class _Run:
    """One import, step by step; `written` counts what it changed."""

    def __init__(
        self,
        copy: RegistryCopy,
        blobs: ArtifactBlobs,
        releases: ReleasePointer,
        release_trust: ReleaseTrust,
        hold: Hold,
        recorder: Recorder,
        repository: str,
        image_tag: str,
        suite: str,
    ) -> None:
        self._copy = copy
        self._blobs = blobs
        self._releases = releases
        self._trust = release_trust
        self._hold = hold
        self._recorder = recorder
        self._repository = repository
        self._image_tag = image_tag
        self._suite = suite
        self._written = Counter({"images": 0, "tags": 0, "blobs": 0})

    def everything(self, running_bundle: str | None) -> Summary:
        """Do what is missing; `running_bundle` is the digest of the engine that does it."""
        before = self._copy.patience.call(self._releases.get)
        digest = self._bring_latest()
        proof = self._authenticate(digest)
        release = self._read(digest, proof)
        self._admit(release, digest, before)
        self._follow(release)
        items, plan = self._plan(digest, release)
        self._bring(plan)
        for item in items:
            self._hold.note(f"registry/{item.target}", item.digest)
        if before is None or before.digest != digest:
            self._bring_signatures(items)
            self._verify_bundles(release)
        self._store(release, proof)
        self._point(digest, release, proof, before)
        self._hold.note("release", digest)
        if running_bundle:
            self._hold.note("worker/bundle", running_bundle)
        settled = self._hold.settle()
        message = f"Release {release.release.version}: " + (
            "imported." if self._written.total() else "all there."
        )
        return self._summary(message, digest, release, dict(self._written), receipts=settled)

    def plan_only(self) -> Summary:
        """Say what a run would import of the release that is here: the publisher's tag is out of sight."""
        here = self._copy.named(self._repository, LATEST)
        if here is None:
            message = f"Would import {self._repository}:{LATEST}; its content is known afterwards."
            return Summary(VERB, {}, message, planned={"images": 1, "tags": 1})
        try:
            proof = self._notary(here.digest).look()
        except Blocked as refused:
            if refused.code not in UNPROVEN:
                raise
            message = f"Would import {self._repository}:{LATEST} and its signature. Of what is here: {refused.message}"
            return Summary(VERB, {}, message, planned={"images": 1, "tags": 2})
        release = self._read(here.digest, proof)
        self._admit(release, here.digest, self._copy.patience.call(self._releases.get), remember=False)
        _, plan = self._plan(here.digest, release)
        names = [one.item.name for one in plan]
        message = (
            f"Would import {self._repository}:{LATEST} again; of the release here, {len(names)} are missing."
        )
        planned = {"images": sum(one.new_image for one in plan), "tags": len(plan)}
        return replace(self._summary(message, here.digest, release, {}, missing=names), planned=planned)

    def _bring_latest(self) -> str:
        with self._recorder.step("resolve-release") as step:
            before = self._copy.tagged(self._repository, LATEST)
            found = self._copy.bring_tag(self._repository, LATEST)
            moved = before != found.digest
            self._written.update(images=moved, tags=moved)
            step.details = {"digest": found.digest, "moved": moved}
        self._recorder.of_release(found.digest)
        return found.digest

    def _notary(self, digest: str) -> Notary:
        return Notary(self._copy, self._trust, self._repository, digest)

    def _authenticate(self, digest: str) -> Proof:
        with self._recorder.step("authenticate-release") as step:
            self._hold.check()
            proof = self._notary(digest).bring()
            self._written.update(images=proof.brought, tags=proof.brought)
            step.details = {"signedBy": list(proof.trusted.key_ids), "signature": proof.digest}
        return proof

    def _read(self, digest: str, proof: Proof) -> Manifest:
        with self._recorder.step("read-release") as step:
            where = f"{self._repository}@{digest}"
            layer = importing.manifest_layer(self._copy.manifest(self._repository, digest), where)
            trust.refuse_other_manifest(proof.trusted.manifest_digest, layer.digest)
            release = manifest.parse(self._copy.blob(self._repository, layer))
            step.details = {"version": release.release.version, "serial": release.release.serial}
        return release

    def _admit(
        self, release: Manifest, digest: str, before: ReleaseRecord | None, *, remember: bool = True
    ) -> None:
        with self._recorder.step("admit-release") as step:
            self._hold.check()
            patience = self._copy.patience
            news = patience.call(lambda: self._trust.admit(release, patience.now(), remember=remember))
            step.details = {"serial": release.release.serial, "new": news}
            if before is None or before.digest != digest:
                importing.refuse_newer_suite(release, self._suite)

    def _follow(self, release: Manifest) -> None:
        policy = release.network_retry_policies
        patience = self._hold.until_told(policy.attempts, policy.delay_seconds)
        self._copy = replace(self._copy, patience=patience)

    def _plan(self, digest: str, release: Manifest) -> tuple[Sequence[Item], Sequence[Import]]:
        with self._recorder.step("plan-imports") as step:
            items = importing.wanted(self._repository, digest, release, self._image_tag)
            found = in_parallel(self._copy.find, items, at_once=AT_ONCE, beat=self._hold.check)
            plan = importing.imports(items, found)
            step.details = {"wanted": len(items), "missing": [one.item.name for one in plan]}
        return items, plan

    def _bring(self, plan: Sequence[Import]) -> None:
        """Import what is missing; with nothing left the step ends too, for a run that died before it could say so."""
        self._hold.check()
        with self._recorder.step("import-by-digest") as step:
            in_parallel(self._bring_one, plan, at_once=AT_ONCE, beat=self._hold.check)
            step.details = {"imported": [one.item.source for one in plan]}
        self._written.update(images=sum(one.new_image for one in plan), tags=len(plan))

    def _bring_one(self, one: Import) -> None:
        self._copy.bring(one)

    def _bring_signatures(self, items: Sequence[Item]) -> None:
        with self._recorder.step("import-signatures") as step:
            signed = [item for item in items if item.signed]
            new = sum(
                in_parallel(self._copy.bring_signatures, signed, at_once=AT_ONCE, beat=self._hold.check)
            )
            step.details = {"new": new}
            self._written.update(images=new, tags=new)

    def _verify_bundles(self, release: Manifest) -> None:
        with self._recorder.step("verify-bundles"):
            bundles = list(release.bundles.values())
            in_parallel(self._verify, bundles, at_once=1, beat=self._hold.check)

    def _verify(self, bundle: Artifact) -> None:
        self._copy.verify(bundle.repository, bundle.digest, bundle.content)

    def _store(self, release: Manifest, proof: Proof) -> None:
        self._hold.check()
        with self._recorder.step("store-content") as step:
            stored = in_parallel(
                self._store_runbook, release.runbooks, at_once=AT_ONCE, beat=self._hold.check
            )
            new = sum(stored) + self._store_bytes(MANIFESTS, release.digest, lambda: release.raw)
            new += self._store_bytes(MANIFESTS, proof.digest, lambda: proof.envelope)
            step.details = {"new": new}
            self._written.update(blobs=new)

    def _store_runbook(self, runbook: RunbookArtifact) -> bool:
        return self._store_bytes(ARTIFACTS, runbook.content.digest, lambda: self._copy.script(runbook))

    def _store_bytes(self, container: str, digest: str, content: Callable[[], bytes]) -> bool:
        if self._copy.patience.call(lambda: self._blobs.has(container, digest)):
            return False
        data = content()
        return self._copy.patience.call(lambda: self._blobs.put(container, digest, data))

    def _point(self, digest: str, release: Manifest, proof: Proof, before: ReleaseRecord | None) -> None:
        self._hold.check()
        with self._recorder.step("record-release"):
            if before and (before.digest, before.signature_digest) == (digest, proof.digest):
                return
            record = ReleaseRecord(
                digest=digest,
                manifest_digest=release.digest,
                version=release.release.version,
                channel=release.release.channel,
                serial=release.release.serial,
                operation_id=self._recorder.operation.operation_id,
                signature_digest=proof.digest,
            )
            self._copy.patience.call(lambda: self._releases.put(record, fence=self._hold.fence))

    def _summary(
        self, message: str, digest: str, release: Manifest, written: dict[str, int], **more: object
    ) -> Summary:
        data = {"release": digest, "version": release.release.version, "manifest": release.digest, **more}
        return Summary(VERB, written, message, data)
