from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.builders.release import REPOSITORY, Packed, Published, digest_of, pack, publish, signed_with
from tests.fakes.artifacts import FakeRegistry
from tests.fakes.blobs import FakeArtifactBlobs
from tests.fakes.importer import FakeImporter
from tests.fakes.leases import FakeLeases, FakeReleasePointer
from tests.fakes.operations_log import RecordingLog
from tests.fakes.receipts import FakeReceipts
from tests.fakes.trust import FakeReleaseTrust
from vibedata.errors import BadInput, Blocked, Failed, Transient
from vibedata.flows.import_artifacts import import_artifacts
from vibedata.operations import Operation
from vibedata.ports import Summary
from vibedata.recorder import Recorder

TAG = "vibedata-1"
OPERATION = "0b8e6a0c-6a8a-4a9e-9a35-0d6d3d5a0001"


class World:
    """A publisher, a customer, and the time."""

    def __init__(self) -> None:
        self.publisher, self.customer = FakeRegistry(), FakeRegistry()
        self.importer = FakeImporter(self.publisher, self.customer)
        self.blobs, self.pointer, self.leases = FakeArtifactBlobs(), FakeReleasePointer(), FakeLeases()
        self.trust = FakeReleaseTrust(self.pointer)
        self.receipts = FakeReceipts()
        self.log = RecordingLog()
        self.now = datetime(2026, 3, 1, tzinfo=timezone.utc)
        self.slept: list[float] = []

    def publish(self, *packed: Packed) -> None:
        for one in packed:
            self.publisher.push(one)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def run(self, **changes: Any) -> Summary:
        operation = Operation(OPERATION, "import_artifacts", "instance-1", 7)
        arguments: dict[str, Any] = {
            "artifacts": self.customer,
            "importer": self.importer,
            "blobs": self.blobs,
            "releases": self.pointer,
            "release_trust": self.trust,
            "leases": self.leases,
            "receipts": self.receipts,
            "release_repository": REPOSITORY,
            "image_tag": TAG,
            "suite_version": "0.1.0",
            "propagation_seconds": 20.0,
            "pause": self.sleep,
            "recorder": Recorder(operation, self.log, lambda: self.now),
            "clock": lambda: self.now,
        }
        return import_artifacts(**{**arguments, **changes})

    def state(self) -> Any:
        return self.customer.state(), {k: dict(v) for k, v in self.blobs.content.items()}, self.pointer.record

    def restart_log(self) -> None:
        self.importer.calls.clear()
        self.log.rows.clear()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def release(world: World) -> Published:
    published = publish()
    world.publish(*published)
    return published


def test_a_fresh_import_brings_everything_by_digest(world: World, release: Published) -> None:
    summary = world.run()
    for packed in release:
        assert world.customer.manifests[packed.repository, packed.digest] == packed.raw
    by_tag = [call for call in world.importer.calls if "@" not in call[0] and not call[0].endswith(".sig")]
    assert [call for call in by_tag if ":sha256-" not in call[0]] == [
        ("vibedata/release:latest", ("vibedata/release:latest",), True)
    ]
    assert summary.written == {"images": 10, "tags": 11, "blobs": 6}
    assert summary.data["release"] == release.release.digest
    assert summary.data["version"] == "1.4.0"


def test_every_artifact_gets_the_image_tag_and_a_bundle_its_targets(world: World, release: Published) -> None:
    world.run()
    for packed in [release.release, *release.parts]:
        tag = f"{TAG}-cp310-manylinux_x86_64" if packed.repository == "vibedata/bundle" else TAG
        assert world.customer.tags[packed.repository, tag] == packed.digest


def test_manifest_and_runbooks_lie_in_blob_under_their_content(world: World, release: Published) -> None:
    world.run()
    kept = [release.release.blobs[1], release.signature.blobs[1]]
    assert world.blobs.content["manifests"] == {digest_of(content): content for content in kept}
    scripts = [part.blobs[1] for part in release.parts if "/runbooks/" in part.repository]
    assert world.blobs.content["artifacts"] == {digest_of(script): script for script in scripts}


def test_the_pointer_names_the_release(world: World, release: Published) -> None:
    world.run()
    record = world.pointer.record
    assert record is not None
    assert (record.digest, record.serial, record.channel) == (release.release.digest, 1000, "stable")
    assert record.manifest_digest == digest_of(release.release.blobs[1])
    assert record.signature_digest == digest_of(release.signature.blobs[1])
    assert record.operation_id == OPERATION


def test_a_second_run_imports_latest_and_nothing_else(world: World, release: Published) -> None:
    world.run()
    before = world.state()
    world.restart_log()
    summary = world.run()
    assert world.importer.calls == [("vibedata/release:latest", ("vibedata/release:latest",), True)]
    assert summary.changed == 0
    assert summary.message == "Release 1.4.0: all there."
    assert world.state() == before
    assert world.pointer.puts == 1
    assert len(world.blobs.written) == 6


def test_signatures_travel_by_their_tags(world: World, release: Published) -> None:
    api = release.part("vibedata/components/api")
    signature = signed_with(api, b"a signature of the component's own")
    world.publish(signature)
    summary = world.run()
    assert world.customer.tags[api.repository, signature.tags[0]] == signature.digest
    assert f"{api.repository}@{digest_of(signature.blobs[1])}" in world.customer.read
    assert summary.written["images"] == 11
    world.restart_log()
    assert world.run().changed == 0


def test_a_tampered_signature_is_refused(world: World, release: Published) -> None:
    signature = release.signature
    world.publisher.blobs[REPOSITORY, digest_of(signature.blobs[1])] = b"forged"
    with pytest.raises(Failed) as caught:
        world.run()
    assert caught.value.code == "artifact-tampered"
    assert world.pointer.record is None


def test_what_is_there_already_is_not_imported_again(world: World, release: Published) -> None:
    api = release.part("vibedata/components/api")
    world.customer.push(api)
    world.customer.tags[api.repository, TAG] = api.digest
    world.run()
    assert not [call for call in world.importer.calls if call[0] == f"{api.repository}@{api.digest}"]


def test_an_image_tag_that_names_an_older_image_is_moved(world: World, release: Published) -> None:
    api = release.part("vibedata/components/api")
    older = pack(api.repository, b"older", tags=(TAG,))
    world.customer.push(older)
    world.run()
    assert world.customer.tags[api.repository, TAG] == api.digest
    assert (f"{api.repository}@{api.digest}", (f"{api.repository}:{TAG}",), True) in world.importer.calls
    assert (older.repository, older.digest) in world.customer.manifests


def test_a_new_release_moves_what_changed_and_keeps_the_rest(world: World, release: Published) -> None:
    world.run()
    world.restart_log()

    def newer(document: dict[str, Any]) -> None:
        document["release"] |= {"serial": 1001, "version": "1.5.0"}

    second = publish(newer, salt="two")
    world.publish(*second)
    summary = world.run()
    imported = {call[0] for call in world.importer.calls if "@" in call[0]}
    changed = [p for p in second if "/components/" in p.repository or p is second.release]
    assert imported == {f"{p.repository}@{p.digest}" for p in changed}
    assert summary.written == {"images": 5, "tags": 6, "blobs": 2}
    assert world.pointer.record is not None and world.pointer.record.serial == 1001


def test_an_older_serial_is_refused(world: World, release: Published) -> None:
    world.run()
    pointer = world.pointer.record
    older = publish(lambda document: document["release"].update(serial=999))
    world.publish(*older)
    with pytest.raises(Blocked) as caught:
        world.run()
    assert caught.value.code == "release-rollback"
    assert world.pointer.record == pointer


def test_an_expired_release_is_refused_before_anything_of_it_is_imported(
    world: World, release: Published
) -> None:
    world.now = datetime(2026, 7, 30, 12, tzinfo=timezone.utc)
    with pytest.raises(Blocked) as caught:
        world.run()
    assert caught.value.code == "release-expired"
    signature = f"{REPOSITORY}:{release.signature.tags[0]}"
    assert [call[0] for call in world.importer.calls] == ["vibedata/release:latest", signature]


def test_a_release_that_is_imported_may_be_repaired_after_it_expired(
    world: World, release: Published
) -> None:
    world.run()
    api = release.part("vibedata/components/api")
    del world.customer.tags[api.repository, TAG]
    world.now = datetime(2027, 1, 1, tzinfo=timezone.utc)
    assert world.run().written == {"images": 0, "tags": 1, "blobs": 0}


def test_a_release_for_a_newer_suite_is_refused(world: World, release: Published) -> None:
    with pytest.raises(Blocked) as caught:
        world.run(suite_version="0.1.0-rc.1")
    assert caught.value.code == "suite-too-old"


def test_a_digest_that_the_publisher_does_not_have_is_named(world: World) -> None:
    wrong = "sha256:" + "0" * 64

    def change(document: dict[str, Any]) -> None:
        document["components"][2]["artifact"]["digest"] = wrong

    world.publish(*publish(change))
    with pytest.raises(Blocked) as caught:
        world.run()
    assert caught.value.code == "artifact-not-published"
    assert wrong in caught.value.message
    assert world.pointer.record is None


def test_no_release_at_all(world: World) -> None:
    with pytest.raises(Blocked) as caught:
        world.run()
    assert caught.value.code == "release-not-published"


def test_a_tampered_runbook_is_refused_and_not_stored(world: World, release: Published) -> None:
    runbook = release.part("vibedata/runbooks/run_health")
    world.publisher.blobs[runbook.repository, digest_of(runbook.blobs[1])] = b"import os  # evil"
    with pytest.raises(Failed) as caught:
        world.run()
    assert caught.value.code == "artifact-tampered"
    assert digest_of(runbook.blobs[1]) not in world.blobs.content["artifacts"]


def test_a_tampered_bundle_is_refused(world: World, release: Published) -> None:
    bundle = release.part("vibedata/bundle")
    world.publisher.blobs[bundle.repository, digest_of(bundle.blobs[1])] = b"other"
    with pytest.raises(Failed) as caught:
        world.run()
    assert caught.value.code == "artifact-tampered"


def test_a_runbook_that_holds_another_script_than_the_release_says(world: World) -> None:
    def change(document: dict[str, Any]) -> None:
        document["runbooks"][0]["artifact"]["content"] = {"digest": "sha256:" + "1" * 64, "size": 3}

    world.publish(*publish(change))
    with pytest.raises(Failed) as caught:
        world.run()
    assert caught.value.code == "artifact-content-differs"


def test_two_artifacts_that_would_share_a_tag_are_refused(world: World) -> None:
    other = pack("vibedata/components/api", b"another one")

    def change(document: dict[str, Any]) -> None:
        document["components"][3]["artifact"] = other.described

    world.publish(*publish(change), other)
    with pytest.raises(BadInput) as caught:
        world.run()
    assert caught.value.code == "image-tag-ambiguous"


def test_other_bytes_in_blob_are_an_error(world: World, release: Published) -> None:
    world.run()
    manifest = digest_of(release.release.blobs[1])
    world.blobs.tamper("manifests", manifest, b"{}")
    world.pointer.record = None
    assert world.run().written["blobs"] == 0
    with pytest.raises(Failed):
        world.blobs.get("manifests", manifest)


def test_a_run_that_died_is_finished_by_the_next(world: World, release: Published) -> None:
    reference = World()
    reference.publish(*release)
    reference.run()
    studio = release.part("vibedata/components/studio")
    dead = Failed("import-failed", "it died", hint="run again")
    world.importer.failing[f"{studio.repository}@{studio.digest}"] = [dead]
    with pytest.raises(Failed, match="it died"):
        world.run()
    assert world.pointer.record is None
    world.run()
    assert world.state() == reference.state()


def test_a_chance_failure_is_tried_again(world: World, release: Published) -> None:
    api = release.part("vibedata/components/api")
    busy = Transient("azure-busy", "busy", hint="wait", retry_after=7.0)
    world.importer.failing[f"{api.repository}@{api.digest}"] = [busy, busy]
    world.run()
    assert world.slept == [7.0, 7.0]


def test_after_the_manifest_is_read_its_retry_numbers_count(world: World) -> None:
    published = publish(lambda d: d["networkRetryPolicies"].update(attempts=4, delaySeconds=1))
    world.publish(*published)
    api = published.part("vibedata/components/api")
    busy = Transient("azure-busy", "busy", hint="wait")
    world.importer.failing[f"{api.repository}@{api.digest}"] = [busy] * 4
    world.run()
    assert world.slept == [1.0] * 4


def test_a_missing_role_is_waited_for_then_named(world: World, release: Published) -> None:
    role = Blocked("role-missing", "no role", hint="assign it")
    world.importer.failing["vibedata/release:latest"] = [role] * 99
    with pytest.raises(Blocked) as caught:
        world.run()
    assert caught.value.code == "role-missing"
    assert sum(world.slept) == 20.0


def test_an_import_whose_operation_was_lost_is_looked_up_in_the_target(
    world: World, release: Published
) -> None:
    api = release.part("vibedata/components/api")
    world.importer.lost.add(f"{api.repository}@{api.digest}")
    world.run()
    assert world.customer.tags[api.repository, TAG] == api.digest


def test_a_lease_held_by_another_operation_blocks(world: World, release: Published) -> None:
    world.leases.acquire("instance", owner="somebody else")
    with pytest.raises(Blocked) as caught:
        world.run()
    assert caught.value.code == "lease-held"
    assert world.importer.calls == []


def test_the_lease_is_given_back_also_after_a_failure(world: World) -> None:
    with pytest.raises(Blocked):
        world.run()
    assert world.leases.held == {}


def test_a_lost_lease_stops_the_run_before_the_pointer(world: World, release: Published) -> None:
    class LosingBlobs(FakeArtifactBlobs):
        def put(self, container: str, digest: str, data: bytes) -> bool:
            if container == "manifests":  # the last write before the pointer
                world.leases.expire("instance")
            return super().put(container, digest, data)

    world.blobs = LosingBlobs()
    with pytest.raises(Failed) as caught:
        world.run()
    assert caught.value.code == "lease-lost"
    assert world.pointer.record is None


def test_dry_run_writes_nothing_and_names_what_is_missing(world: World, release: Published) -> None:
    world.run()
    api = release.part("vibedata/components/api")
    del world.customer.tags[api.repository, TAG]
    before = world.state()
    world.restart_log()
    summary = world.run(dry_run=True)
    assert summary.changed == 0
    assert summary.data["missing"] == ["api"]
    assert world.importer.calls == []
    assert world.state() == before


def test_dry_run_on_an_empty_registry(world: World, release: Published) -> None:
    summary = world.run(dry_run=True)
    assert summary.message.startswith("Would import vibedata/release:latest")
    assert world.importer.calls == []


def test_every_step_has_a_row_and_names_the_release(world: World, release: Published) -> None:
    world.run()
    ended = [name.split("/")[1] for name, status in world.log.steps() if status == "Succeeded"]
    assert ended == [
        "resolve-release",
        "authenticate-release",
        "read-release",
        "admit-release",
        "plan-imports",
        "import-by-digest",
        "import-signatures",
        "verify-bundles",
        "store-content",
        "record-release",
        "write-receipts",
    ]
    assert world.log.rows[-1]["ReleaseDigest"] == release.release.digest


def test_a_run_that_finds_all_done_ends_the_steps_of_one_that_died_before_it_said_so(
    world: World, release: Published
) -> None:
    world.run()
    world.log.rows.clear()
    world.run()
    ended = [name.split("/")[1] for name, status in world.log.steps() if status == "Succeeded"]
    assert {"import-by-digest", "record-release"} <= set(ended)


def test_the_failed_step_carries_code_and_remedy(world: World) -> None:
    with pytest.raises(Blocked):
        world.run()
    last = world.log.rows[-1]
    assert (last["Status"], last["ErrorCode"]) == ("Failed", "release-not-published")
    assert last["Remedy"]
