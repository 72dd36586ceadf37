# ruff: noqa: F811 - pytest knows fixtures by their imported names
from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import cloud  # noqa: F401
from tests.builders.release import IMAGE_MANIFEST, Packed, digest_of, pack
from tests.fakes.artifacts import FakeRegistry
from vibedata.errors import BadInput, Blocked, Failed, Transient

REPOSITORY = "vibedata/components/api"
CONTENT = b"some content"


class Real:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.artifacts = cloud.artifacts()

    def push(self, packed: Packed) -> None:
        self._cloud.push(packed, host=self._cloud.customer_registry)

    def spoil(self, digest: str) -> None:
        self._cloud.stack.faults.set(f"oci_registry.blob.{digest}", "flip")


class Fake:
    def __init__(self) -> None:
        self.artifacts = FakeRegistry()
        self.push = self.artifacts.push

    def spoil(self, digest: str) -> None:
        for store in (self.artifacts.manifests, self.artifacts.blobs):
            for key in [key for key in store if key[1] == digest]:
                store[key] = store[key][:-1] + b"!"


@pytest.fixture(params=["fake", "azure"])
def side(request: pytest.FixtureRequest) -> Any:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("cloud"))


@pytest.fixture
def packed(side: Any) -> Packed:
    one = pack(REPOSITORY, CONTENT, tags=("v1",))
    side.push(one)
    return one


def test_a_tag_and_a_digest_name_the_same(side: Any, packed: Packed) -> None:
    by_tag = side.artifacts.resolve(REPOSITORY, "v1")
    assert by_tag == side.artifacts.resolve(REPOSITORY, packed.digest)
    assert (by_tag.digest, by_tag.size, by_tag.media_type) == (packed.digest, len(packed.raw), IMAGE_MANIFEST)


@pytest.mark.parametrize("reference", ["v2", "sha256:" + "0" * 64])
def test_what_is_not_there_is_none(side: Any, packed: Packed, reference: str) -> None:
    assert side.artifacts.resolve(REPOSITORY, reference) is None


def test_a_repository_that_is_not_there_is_none(side: Any) -> None:
    assert side.artifacts.resolve("vibedata/nothing", "v1") is None


def test_the_manifest_comes_byte_for_byte(side: Any, packed: Packed) -> None:
    assert side.artifacts.manifest(REPOSITORY, packed.digest) == packed.raw


def test_a_blob_comes_byte_for_byte(side: Any, packed: Packed) -> None:
    assert side.artifacts.blob(REPOSITORY, digest_of(CONTENT), len(CONTENT)) == CONTENT
    side.artifacts.check_blob(REPOSITORY, digest_of(CONTENT), len(CONTENT))


def test_a_tampered_blob_is_refused(side: Any, packed: Packed) -> None:
    side.spoil(digest_of(CONTENT))
    for read in (side.artifacts.blob, side.artifacts.check_blob):
        with pytest.raises(Failed) as caught:
            read(REPOSITORY, digest_of(CONTENT), len(CONTENT))
        assert caught.value.code == "artifact-tampered"


def test_a_blob_of_another_size_is_refused(side: Any, packed: Packed) -> None:
    for size in (len(CONTENT) - 1, len(CONTENT) + 1):
        with pytest.raises(Failed) as caught:
            side.artifacts.blob(REPOSITORY, digest_of(CONTENT), size)
        assert caught.value.code == "artifact-tampered"


def test_a_tampered_manifest_is_refused(side: Any, packed: Packed) -> None:
    side.spoil(packed.digest)
    with pytest.raises(Failed):
        side.artifacts.manifest(REPOSITORY, packed.digest)


def test_a_missing_manifest_or_blob_blocks(side: Any, packed: Packed) -> None:
    missing = "sha256:" + "0" * 64
    with pytest.raises(Blocked) as caught:
        side.artifacts.manifest(REPOSITORY, missing)
    assert caught.value.code == "artifact-missing"
    with pytest.raises(Blocked) as caught:
        side.artifacts.blob(REPOSITORY, missing, 1)
    assert caught.value.code == "artifact-missing"


def test_busy_registries_say_how_long(cloud: Cloud) -> None:
    real = Real(cloud)
    cloud.stack.faults.add("oci_registry", "manifest.*", status=429, retry_after=7, times=1)
    with pytest.raises(Transient) as caught:
        real.artifacts.resolve(REPOSITORY, "v1")
    assert caught.value.retry_after == 7


def test_a_reset_is_worth_another_try(cloud: Cloud) -> None:
    cloud.stack.faults.add("oci_registry", "manifest.*", reset=True, times=1)
    with pytest.raises(Transient):
        cloud.artifacts().resolve(REPOSITORY, "v1")


def test_without_the_role_it_is_named(cloud: Cloud) -> None:
    cloud.revoke_all()
    with pytest.raises(Blocked) as caught:
        cloud.artifacts().resolve(REPOSITORY, "v1")
    assert caught.value.code == "role-missing"
    assert caught.value.detail["role"] == "Container Registry Data Importer and Data Reader"


def test_a_role_that_arrives_counts_for_the_same_client(cloud: Cloud) -> None:
    cloud.revoke_all()
    artifacts = cloud.artifacts()
    with pytest.raises(Blocked):
        artifacts.resolve(REPOSITORY, "v1")
    cloud.grant()
    assert artifacts.resolve(REPOSITORY, "v1") is None


@pytest.mark.parametrize(
    ("repository", "reference"), [("../x", "v1"), ("UPPER", "v1"), ("ok", "a b"), ("ok", "..")]
)
def test_names_are_checked_before_they_become_an_address(
    cloud: Cloud, repository: str, reference: str
) -> None:
    before = cloud.stack.writes.last
    with pytest.raises(BadInput) as caught:
        cloud.artifacts().resolve(repository, reference)
    assert caught.value.code == "artifact-name-invalid"
    assert cloud.stack.writes.last == before


def test_a_manifest_is_not_taken_for_what_a_header_claims(cloud: Cloud) -> None:
    one = pack(REPOSITORY, CONTENT, tags=("v1",))
    other = dataclasses.replace(one, raw=json.dumps(json.loads(one.raw), indent=1).encode())
    cloud.push(one, host=cloud.customer_registry)
    cloud.stack.faults.set(f"oci_registry.header.{one.digest}", other.digest)
    with pytest.raises(Failed) as caught:
        cloud.artifacts().resolve(REPOSITORY, "v1")
    assert caught.value.code == "artifact-tampered"
