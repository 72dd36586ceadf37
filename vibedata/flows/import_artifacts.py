"""Import a release from the publisher's registry (RFC-60 phase 7): a tag finds it, digests decide (D5, D6).

Every run looks first and does what is missing, so a run that was killed anywhere is finished by the next
one. The import of `latest` alone is always repeated: only so is a moved tag seen. The pointer to the
release is written last; it says that everything is there and was verified, signatures included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from vibedata import importing, manifest, retry
from vibedata.importing import ARTIFACTS, LATEST, MANIFESTS, Import, Item
from vibedata.manifest import Manifest, RunbookArtifact
from vibedata.parallel import in_parallel
from vibedata.ports import (
    ArtifactBlobs,
    Artifacts,
    ImageImporter,
    Lease,
    Leases,
    ReleasePointer,
    ReleaseRecord,
    Summary,
)
from vibedata.recorder import Recorder
from vibedata.registry_copy import RegistryCopy

VERB = "import_artifacts"
LEASE = "instance"
AT_ONCE = 8  # imports run inside the service; more of them only meet its limits


def import_artifacts(
    *,
    artifacts: Artifacts,
    importer: ImageImporter,
    blobs: ArtifactBlobs,
    releases: ReleasePointer,
    leases: Leases,
    release_repository: str,
    image_tag: str,
    suite_version: str,
    propagation_seconds: float,
    network: Callable[[], retry.Policy | None] = retry.unknown,
    pause: Callable[[float], None],
    recorder: Recorder,
    clock: Callable[[], datetime],
    dry_run: bool = False,
) -> Summary:
    """Bring the release that `latest` names into the customer's registry and Blob, each part by digest.

    `network` is the component registry's retry policy; without it the manifest's counts. Raises Blocked
    (lease-held, role-missing, release-*, artifact-not-published), Failed (artifact-*, import-failed).
    """
    patience = retry.Patience(network(), retry.propagation(propagation_seconds), pause, clock)
    copy = RegistryCopy(artifacts, importer, patience)
    lease = patience.call(lambda: leases.acquire(LEASE, owner=recorder.operation.operation_id))
    try:
        run = _Run(copy, blobs, releases, lease, recorder, release_repository, image_tag, suite_version)
        return run.plan_only() if dry_run else run.everything()
    finally:
        lease.release()


class _Run:
    """One import, step by step; `written` counts what it changed."""

    def __init__(
        self,
        copy: RegistryCopy,
        blobs: ArtifactBlobs,
        releases: ReleasePointer,
        lease: Lease,
        recorder: Recorder,
        repository: str,
        image_tag: str,
        suite: str,
    ) -> None:
        self._copy = copy
        self._blobs = blobs
        self._releases = releases
        self._lease = lease
        self._recorder = recorder
        self._repository = repository
        self._image_tag = image_tag
        self._suite = suite
        self._written = Counter({"images": 0, "tags": 0, "blobs": 0})

    def everything(self) -> Summary:
        """Do what is missing."""
        before = self._copy.patience.call(self._releases.get)
        digest = self._bring_latest()
        release = self._read(digest, before)
        self._follow(release)
        items, plan = self._plan(digest, release)
        self._bring(plan)
        if before is None or before.digest != digest:
            self._bring_signatures(items)
            self._verify_bundles(release)
        self._store(release)
        self._point(digest, release, before)
        message = f"Release {release.release.version}: " + (
            "imported." if self._written.total() else "all there."
        )
        return self._summary(message, digest, release, dict(self._written))

    def plan_only(self) -> Summary:
        """Say what a run would import of the release that is here: the publisher's tag is out of sight."""
        here = self._copy.named(self._repository, LATEST)
        if here is None:
            message = f"Would import {self._repository}:{LATEST}; its content is known afterwards."
            return Summary(VERB, {}, message, planned={"images": 1, "tags": 1})
        release = self._read(here.digest, self._copy.patience.call(self._releases.get))
        _, plan = self._plan(here.digest, release)
        names = [one.item.name for one in plan]
        message = (
            f"Would import {self._repository}:{LATEST} again; of the release here, {len(names)} are missing."
        )
        planned = {"images": sum(one.new_image for one in plan), "tags": len(plan)}
        return replace(self._summary(message, here.digest, release, {}, missing=names), planned=planned)

    def _bring_latest(self) -> str:
        with self._recorder.step("resolve-release") as step:
            before = self._copy.named(self._repository, LATEST)
            found = self._copy.bring_tag(self._repository, LATEST)
            moved = before is None or before.digest != found.digest
            self._written.update(images=moved, tags=moved)
            step.details = {"digest": found.digest, "moved": moved}
        self._recorder.of_release(found.digest)
        return found.digest

    def _read(self, digest: str, before: ReleaseRecord | None) -> Manifest:
        with self._recorder.step("read-release") as step:
            where = f"{self._repository}@{digest}"
            layer = importing.manifest_layer(self._copy.manifest(self._repository, digest), where)
            release = manifest.parse(self._copy.blob(self._repository, layer))
            importing.refuse(release, digest, now=self._copy.patience.now(), suite=self._suite, before=before)
            step.details = {"version": release.release.version, "serial": release.release.serial}
        return release

    def _follow(self, release: Manifest) -> None:
        policy = release.network_retry_policies
        patience = self._copy.patience.until_told(policy.attempts, policy.delay_seconds)
        self._copy = replace(self._copy, patience=patience)

    def _plan(self, digest: str, release: Manifest) -> tuple[Sequence[Item], Sequence[Import]]:
        with self._recorder.step("plan-imports") as step:
            items = importing.wanted(self._repository, digest, release, self._image_tag)
            found = in_parallel(self._copy.find, items, at_once=AT_ONCE, beat=self._lease.check)
            plan = importing.imports(items, found)
            step.details = {"wanted": len(items), "missing": [one.item.name for one in plan]}
        return items, plan

    def _bring(self, plan: Sequence[Import]) -> None:
        if not plan:
            return
        self._lease.check()
        with self._recorder.step("import-by-digest") as step:
            in_parallel(self._bring_one, plan, at_once=AT_ONCE, beat=self._lease.check)
            step.details = {"imported": [one.item.source for one in plan]}
        self._written.update(images=sum(one.new_image for one in plan), tags=len(plan))

    def _bring_one(self, one: Import) -> None:
        self._copy.bring(one)

    def _bring_signatures(self, items: Sequence[Item]) -> None:
        with self._recorder.step("import-signatures") as step:
            signed = [item for item in items if item.signed]
            new = sum(
                in_parallel(self._copy.bring_signatures, signed, at_once=AT_ONCE, beat=self._lease.check)
            )
            step.details = {"new": new}
            self._written.update(images=new, tags=new)

    def _verify_bundles(self, release: Manifest) -> None:
        with self._recorder.step("verify-bundles"):
            for artifact in release.bundles.values():
                self._lease.check()
                self._copy.verify(artifact.repository, artifact.digest)

    def _store(self, release: Manifest) -> None:
        self._lease.check()
        with self._recorder.step("store-content") as step:
            stored = in_parallel(
                self._store_runbook, release.runbooks, at_once=AT_ONCE, beat=self._lease.check
            )
            new = sum(stored) + self._store_bytes(MANIFESTS, release.digest, lambda: release.raw)
            step.details = {"new": new}
            self._written.update(blobs=new)

    def _store_runbook(self, runbook: RunbookArtifact) -> bool:
        return self._store_bytes(ARTIFACTS, runbook.content.digest, lambda: self._copy.script(runbook))

    def _store_bytes(self, container: str, digest: str, content: Callable[[], bytes]) -> bool:
        if self._copy.patience.call(lambda: self._blobs.has(container, digest)):
            return False
        data = content()
        return self._copy.patience.call(lambda: self._blobs.put(container, digest, data))

    def _point(self, digest: str, release: Manifest, before: ReleaseRecord | None) -> None:
        if before is not None and before.digest == digest:
            return
        self._lease.check()
        with self._recorder.step("record-release"):
            record = ReleaseRecord(
                digest=digest,
                manifest_digest=release.digest,
                version=release.release.version,
                channel=release.release.channel,
                serial=release.release.serial,
                operation_id=self._recorder.operation.operation_id,
            )
            self._copy.patience.call(lambda: self._releases.put(record))

    def _summary(
        self, message: str, digest: str, release: Manifest, written: dict[str, int], **more: object
    ) -> Summary:
        data = {"release": digest, "version": release.release.version, "manifest": release.digest, **more}
        return Summary(VERB, written, message, data)
