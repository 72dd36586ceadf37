# ruff: noqa: F811 - pytest knows fixtures by their imported names
from __future__ import annotations

from typing import Any

import pytest

from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import cloud  # noqa: F401
from tests.builders.release import Packed, digest_of, pack
from tests.fakes.artifacts import FakeRegistry
from tests.fakes.importer import FakeImporter
from vibedata.errors import Blocked, Failed, Transient
from vibedata.ports import ImportOutcome

REPOSITORY = "vibedata/components/api"
TARGET = f"{REPOSITORY}:v1"


class Real:
    def __init__(self, cloud: Cloud) -> None:
        self.importer, self.customer, self.publish = cloud.importer(), cloud.artifacts(), cloud.push


class Fake:
    def __init__(self) -> None:
        publisher, self.customer = FakeRegistry(), FakeRegistry()
        self.importer, self.publish = FakeImporter(publisher, self.customer), publisher.push


@pytest.fixture(params=["fake", "azure"])
def side(request: pytest.FixtureRequest) -> Any:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("cloud"))


@pytest.fixture
def packed(side: Any) -> Packed:
    one = pack(REPOSITORY, b"content", tags=("latest",))
    side.publish(one)
    return one


def by_digest(packed: Packed) -> str:
    return f"{REPOSITORY}@{packed.digest}"


def test_by_digest_under_a_tag(side: Any, packed: Packed) -> None:
    assert side.importer.import_image(by_digest(packed), target_tags=[TARGET]) is ImportOutcome.DONE
    assert side.customer.resolve(REPOSITORY, "v1").digest == packed.digest
    assert side.customer.manifest(REPOSITORY, packed.digest) == packed.raw
    assert side.customer.blob(REPOSITORY, digest_of(b"content"), 7) == b"content"


def test_by_digest_without_a_tag(side: Any, packed: Packed) -> None:
    side.importer.import_image(by_digest(packed), untagged_repositories=[REPOSITORY])
    assert side.customer.resolve(REPOSITORY, packed.digest) is not None
    assert side.customer.resolve(REPOSITORY, "latest") is None


def test_by_tag(side: Any, packed: Packed) -> None:
    latest = f"{REPOSITORY}:latest"
    assert side.importer.import_image(latest, target_tags=[latest], force=True) is ImportOutcome.DONE
    assert side.customer.resolve(REPOSITORY, "latest").digest == packed.digest


def test_an_existing_tag_is_left_alone_without_force(side: Any, packed: Packed) -> None:
    side.importer.import_image(by_digest(packed), target_tags=[TARGET])
    newer = pack(REPOSITORY, b"newer")
    side.publish(newer)
    assert side.importer.import_image(by_digest(newer), target_tags=[TARGET]) is ImportOutcome.TAG_EXISTS
    assert side.customer.resolve(REPOSITORY, "v1").digest == packed.digest
    assert side.customer.resolve(REPOSITORY, newer.digest) is None


def test_force_moves_the_tag(side: Any, packed: Packed) -> None:
    side.importer.import_image(by_digest(packed), target_tags=[TARGET])
    newer = pack(REPOSITORY, b"newer")
    side.publish(newer)
    assert (
        side.importer.import_image(by_digest(newer), target_tags=[TARGET], force=True) is ImportOutcome.DONE
    )
    assert side.customer.resolve(REPOSITORY, "v1").digest == newer.digest
    assert side.customer.resolve(REPOSITORY, packed.digest) is not None


@pytest.mark.parametrize(
    "source", [f"{REPOSITORY}:nope", f"{REPOSITORY}@sha256:{'0' * 64}", "vibedata/none:v1"]
)
def test_what_the_publisher_does_not_have(side: Any, packed: Packed, source: str) -> None:
    target = source.split("@")[0].split(":")[0] + ":v1"
    assert side.importer.import_image(source, target_tags=[target]) is ImportOutcome.SOURCE_MISSING
    assert side.customer.resolve(REPOSITORY, "v1") is None


def test_a_refused_publisher_token(cloud: Cloud) -> None:
    cloud.push(pack(REPOSITORY, b"content", tags=("latest",)))
    with pytest.raises(Blocked) as caught:
        cloud.importer("wrong-password").import_image(f"{REPOSITORY}:latest", target_tags=[TARGET])
    assert caught.value.code == "publisher-credentials-refused"
    assert "wrong-password" not in str(caught.value)


def test_a_copy_that_does_not_end_is_not_awaited_for_ever(cloud: Cloud) -> None:
    cloud.push(pack(REPOSITORY, b"content", tags=("latest",)))
    cloud.stack.faults.add("registry_import", "copy", latency=20, times=1)
    with pytest.raises(Transient) as caught:
        cloud.importer(deadline_seconds=0.5).import_image(f"{REPOSITORY}:latest", target_tags=[TARGET])
    assert caught.value.code == "import-unfinished"


def test_without_the_role_it_is_named(cloud: Cloud) -> None:
    cloud.revoke_all()
    with pytest.raises(Blocked) as caught:
        cloud.importer().import_image(f"{REPOSITORY}:latest", target_tags=[TARGET])
    assert caught.value.code == "role-missing"
    assert caught.value.detail["role"] == "Container Registry Data Importer and Data Reader"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NetworkAccessDenied", "registry-closed"),
        ("SourceRegistryNetworkAccessDenied", "publisher-registry-closed"),
    ],
)
def test_a_closed_door_is_no_missing_role(cloud: Cloud, text: str, code: str) -> None:
    cloud.stack.faults.add("*", "registry.importImage", status=403, code=text, times=1)
    with pytest.raises(Blocked) as caught:
        cloud.importer().import_image(f"{REPOSITORY}:latest", target_tags=[TARGET])
    assert caught.value.code == code
    assert caught.value.hint


def test_throttling_says_how_long(cloud: Cloud) -> None:
    cloud.stack.faults.add("*", "registry.importImage", status=429, retry_after=9, times=1)
    with pytest.raises(Transient) as caught:
        cloud.importer().import_image(f"{REPOSITORY}:latest", target_tags=[TARGET])
    assert caught.value.retry_after == 9


@pytest.mark.parametrize("what", [{"reset": True}, {"status": 503}])
def test_a_broken_start_is_worth_another_try(cloud: Cloud, what: dict[str, Any]) -> None:
    cloud.stack.faults.add("*", "registry.importImage", times=1, **what)
    with pytest.raises(Transient):
        cloud.importer().import_image(f"{REPOSITORY}:latest", target_tags=[TARGET])


def test_an_operation_whose_address_is_lost(cloud: Cloud) -> None:
    cloud.push(pack(REPOSITORY, b"content", tags=("latest",)))
    cloud.stack.faults.add("arm", "operation*", status=404, code="NotFound", times=1)
    outcome = cloud.importer().import_image(f"{REPOSITORY}:latest", target_tags=[TARGET])
    assert outcome is ImportOutcome.UNKNOWN
    assert cloud.artifacts().resolve(REPOSITORY, "v1") is not None


def test_damaged_content_at_the_publisher_is_not_taken(cloud: Cloud) -> None:
    cloud.push(pack(REPOSITORY, b"content", tags=("latest",)))
    cloud.stack.faults.set(f"oci_registry.blob.{digest_of(b'content')}", "flip")
    with pytest.raises(Failed) as caught:
        cloud.importer().import_image(f"{REPOSITORY}:latest", target_tags=[TARGET])
    assert caught.value.code == "publisher-content-damaged"
    assert cloud.artifacts().resolve(REPOSITORY, "v1") is None


def test_a_publisher_that_is_down_is_worth_another_try(cloud: Cloud) -> None:
    cloud.stack.faults.add("oci_registry", "manifest.*", status=503, times=1)
    with pytest.raises(Transient) as caught:
        cloud.importer().import_image(f"{REPOSITORY}:latest", target_tags=[TARGET])
    assert caught.value.code == "publisher-down"


def test_no_secret_lands_in_the_log_of_writes(cloud: Cloud) -> None:
    cloud.push(pack(REPOSITORY, b"content", tags=("latest",)))
    before = cloud.stack.writes.last
    cloud.importer().import_image(f"{REPOSITORY}:latest", target_tags=[TARGET])
    assert cloud.password not in repr(cloud.stack.writes.since(before))
