# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""Phase 7 for real: the flow over its adapters, registries, Resource Manager, Blob and Tables of the local stack."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import stored_cloud  # noqa: F401
from tests.builders.release import REPOSITORY, Published, digest_of, publish
from tests.builders.signing import KEYRING
from tests.fakes.operations_log import RecordingLog
from vibedata import retry
from vibedata.adapters.leases import AzureLeases
from vibedata.adapters.receipts import AzureReceipts
from vibedata.adapters.release_keys import PinnedReleaseTrust
from vibedata.adapters.releases import AzureReleasePointer, AzureSerials
from vibedata.errors import Blocked, Failed
from vibedata.flows.import_artifacts import import_artifacts
from vibedata.operations import Operation
from vibedata.ports import Summary
from vibedata.recorder import Recorder

TAG = "vibedata-1"


def now() -> datetime:
    return datetime.now(timezone.utc)


class Importing:
    """One instance of the customer's; the registries are shared by the module, the release pointer is not."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.instance_id = str(uuid.uuid4())
        self.pointer = AzureReleasePointer(cloud.table("releases"), self.instance_id)

    def run(self, **changes: Any) -> Summary:
        operation = Operation(str(uuid.uuid4()), "import_artifacts", self.instance_id, 7)
        ports: dict[str, Any] = {
            "artifacts": self.cloud.artifacts(),
            "importer": self.cloud.importer(),
            "blobs": self.cloud.blobs(),
            "releases": self.pointer,
            "release_trust": PinnedReleaseTrust(
                KEYRING, self.pointer, AzureSerials(self.cloud.table("releases"), self.instance_id)
            ),
            "leases": AzureLeases(
                self.cloud.table("leases"), self.instance_id, clock=now, sleep=time.sleep, term_seconds=4
            ),
            "receipts": AzureReceipts(self.cloud.table("receipts"), self.instance_id),
            "release_repository": REPOSITORY,
            "image_tag": TAG,
            "suite_version": "0.1.0",
            "propagation_seconds": 2.0,
            "pause": time.sleep,
            "recorder": Recorder(operation, RecordingLog(), now),
            "clock": now,
        }
        return import_artifacts(**{**ports, **changes})


def long_lived(document: dict[str, Any]) -> None:
    document["release"] |= {"createdAt": "2026-01-01T00:00:00Z", "expires": "2099-01-01T00:00:00Z"}


@pytest.fixture
def importing(stored_cloud: Cloud) -> Iterator[Importing]:
    yield Importing(stored_cloud)
    stored_cloud.stack.faults.clear()


@pytest.fixture
def release(importing: Importing) -> Published:
    """A release of the test's own: nothing of it is in the customer's registry yet."""
    salt = uuid.uuid4().hex
    published = publish(long_lived, salt=salt, bundle=salt.encode())
    importing.cloud.push(*published)
    return published


def test_everything_arrives_and_a_second_run_changes_nothing(
    importing: Importing, release: Published
) -> None:
    assert importing.run().data["release"] == release.release.digest
    artifacts, blobs = importing.cloud.artifacts(), importing.cloud.blobs()
    for packed in release:
        assert artifacts.manifest(packed.repository, packed.digest) == packed.raw
    assert (
        artifacts.resolve("vibedata/components/api", TAG).digest
        == release.part("vibedata/components/api").digest
    )
    assert blobs.get("manifests", digest_of(release.release.blobs[1])) == release.release.blobs[1]

    seen = importing.cloud.stack.writes.last
    assert importing.run().changed == 0
    writes = importing.cloud.writes(seen)
    tables = [write for write in writes if write.service == "storage"]
    assert all("/leases" in write.path for write in tables)
    (imported,) = [write for write in writes if write.service != "storage"]
    assert imported.operation == "registry.importImage"
    assert imported.detail["mode"] == "Force"
    assert imported.detail["changedTags"] == imported.detail["changedManifests"] == []


def test_chance_failures_everywhere_change_nothing_in_the_end(
    importing: Importing, release: Published
) -> None:
    faults = importing.cloud.stack.faults
    faults.add("*", "registry.importImage", status=429, retry_after=1, times=1)
    faults.add("*", "registry.importImage", reset=True, after=True, times=1)
    faults.add("oci_registry", "manifest.*", status=503, times=1)
    faults.add("storage", "blob.PutBlob", status=503, times=1)
    faults.add("storage", "table.*", status=500, times=1)
    importing.run(network=lambda: retry.network(4, 0.1))
    assert faults.list() == [], "every fault has struck"
    assert importing.pointer.get().digest == release.release.digest
    assert importing.run().changed == 0


@pytest.mark.parametrize(
    "role",
    [
        "Container Registry Data Importer and Data Reader",
        "Storage Blob Data Contributor",
        "Storage Table Data Contributor",
    ],
)
def test_each_missing_role_is_named(importing: Importing, release: Published, role: str) -> None:
    cloud = importing.cloud
    wanted = cloud.stack.ctx.roles.find(role)["id"]
    for assignment_id, kept in cloud.stack.ctx.roles.assignments().items():
        if kept["principalId"] == cloud.uami.oid and kept["role"] == wanted:
            cloud.stack.ctx.roles.remove(assignment_id)
    try:
        with pytest.raises(Blocked) as caught:
            importing.run()
    finally:
        cloud.grant()
    assert caught.value.code == "role-missing"
    assert caught.value.detail["role"] == role
    assert importing.pointer.get() is None


def test_a_role_that_is_still_spreading_is_waited_for(importing: Importing, release: Published) -> None:
    cloud = importing.cloud
    cloud.revoke_all()
    cloud.stack.faults.set("roles.propagation_seconds", 3)
    cloud.grant()
    importing.run(propagation_seconds=90.0)
    assert importing.pointer.get().digest == release.release.digest


def test_a_tampered_runbook_is_refused(importing: Importing) -> None:
    published = publish(long_lived, salt="tampered")
    importing.cloud.push(*published)
    script = published.part("vibedata/runbooks/run_health").blobs[1]
    importing.run()
    importing.cloud.stack.faults.set(f"oci_registry.blob.{digest_of(script)}", "flip")
    other = Importing(importing.cloud)
    with pytest.raises(Failed) as caught:
        other.run(blobs=EmptyBlobs(importing.cloud))
    assert caught.value.code == "artifact-tampered"


def test_a_tampered_component_at_the_publisher_is_not_taken(importing: Importing, release: Published) -> None:
    component = release.part("vibedata/components/studio")
    importing.cloud.stack.faults.set(f"oci_registry.blob.{digest_of(component.blobs[1])}", "flip")
    with pytest.raises(Failed) as caught:
        importing.run()
    assert caught.value.code == "publisher-content-damaged"
    assert importing.cloud.artifacts().resolve(component.repository, component.digest) is None


def test_a_wrong_digest_in_the_manifest_is_refused(importing: Importing) -> None:
    def change(document: dict[str, Any]) -> None:
        long_lived(document)
        document["components"][2]["artifact"]["digest"] = "sha256:" + "0" * 64

    importing.cloud.push(*publish(change, salt="wrong digest"))
    with pytest.raises(Blocked) as caught:
        importing.run()
    assert caught.value.code == "artifact-not-published"


def test_a_run_whose_predecessor_died_with_the_lease_goes_on(
    importing: Importing, release: Published
) -> None:
    leases = AzureLeases(
        importing.cloud.table("leases"), importing.instance_id, clock=now, sleep=time.sleep, term_seconds=2
    )
    leases.acquire("instance", owner="a run that was killed")
    importing.run()
    assert importing.pointer.get().digest == release.release.digest


def test_two_at_once_end_in_one_state(importing: Importing, release: Published) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def attempt(_: int) -> str:
        try:
            return importing.run().data["release"]
        except Blocked as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        ended = Counter(pool.map(attempt, range(2)))
    assert ended[release.release.digest] >= 1
    assert set(ended) <= {release.release.digest, "lease-held"}
    assert importing.run().changed == 0


class EmptyBlobs:
    """The instance's blobs as if nothing were there yet."""

    def __init__(self, cloud: Cloud) -> None:
        self._blobs = cloud.blobs()

    def has(self, container: str, digest: str) -> bool:
        return False

    def put(self, container: str, digest: str, data: bytes) -> bool:
        return self._blobs.put(container, digest, data)
