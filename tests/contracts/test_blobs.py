# ruff: noqa: F811 - pytest knows fixtures by their imported names
from __future__ import annotations

import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import stored_cloud  # noqa: F401
from tests.fakes.blobs import FakeArtifactBlobs
from vibedata.errors import BadInput, Blocked, Failed


class Real:
    """The adapter on the local stack, and a way round it."""

    def __init__(self, cloud: Cloud) -> None:
        self.blobs = cloud.blobs()
        self._cloud = cloud

    def tamper(self, container: str, digest: str, data: bytes) -> None:
        client = self.blobs._service.get_blob_client(container, digest.replace(":", "/"))
        client.upload_blob(data, overwrite=True)


class Fake:
    def __init__(self) -> None:
        self.blobs = FakeArtifactBlobs()
        self.tamper = self.blobs.tamper


@pytest.fixture(params=["fake", "azure"])
def side(request: pytest.FixtureRequest) -> Any:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("stored_cloud"))


@pytest.fixture
def data() -> bytes:
    return uuid.uuid4().bytes


@pytest.fixture
def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def test_bytes_come_back(side: Any, data: bytes, digest: str) -> None:
    assert not side.blobs.has("manifests", digest)
    assert side.blobs.put("manifests", digest, data) is True
    assert side.blobs.has("manifests", digest)
    assert side.blobs.get("manifests", digest) == data


def test_the_same_bytes_again_write_nothing(side: Any, data: bytes, digest: str) -> None:
    side.blobs.put("manifests", digest, data)
    assert side.blobs.put("manifests", digest, data) is False


def test_empty_content(side: Any) -> None:
    empty = "sha256:" + hashlib.sha256(b"").hexdigest()
    assert side.blobs.put("artifacts", empty, b"") is True
    assert side.blobs.get("artifacts", empty) == b""


def test_other_bytes_under_the_name_are_a_conflict(side: Any, data: bytes, digest: str) -> None:
    side.tamper("manifests", digest, b"other bytes")
    with pytest.raises(BadInput) as caught:
        side.blobs.put("manifests", digest, data)
    assert caught.value.code == "blob-conflict"


def test_tampered_bytes_are_not_given_out(side: Any, data: bytes, digest: str) -> None:
    side.blobs.put("manifests", digest, data)
    side.tamper("manifests", digest, b"other bytes")
    with pytest.raises(Failed) as caught:
        side.blobs.get("manifests", digest)
    assert caught.value.code == "blob-tampered"


def test_bytes_with_another_digest_are_refused_before_they_are_sent(side: Any, digest: str) -> None:
    with pytest.raises(BadInput) as caught:
        side.blobs.put("manifests", digest, b"not these")
    assert caught.value.code == "blob-digest-mismatch"
    assert not side.blobs.has("manifests", digest)


def test_what_is_not_there_blocks(side: Any, digest: str) -> None:
    with pytest.raises(Blocked) as caught:
        side.blobs.get("manifests", digest)
    assert caught.value.code == "blob-missing"


def test_a_container_that_nobody_made_blocks(side: Any, data: bytes, digest: str) -> None:
    with pytest.raises(Blocked) as caught:
        side.blobs.put("no-such-container", digest, data)
    assert caught.value.code == "blob-container-missing"


def test_many_writers_of_the_same_bytes_agree(side: Any, data: bytes, digest: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda _: side.blobs.put("manifests", digest, data), range(8)))
    assert sum(written) == 1


@pytest.mark.parametrize("digest", ["", "sha256:..", "sha256:" + "A" * 64, "md5:x", "../" * 20])
def test_the_adapter_makes_no_name_of_what_is_no_digest(stored_cloud: Cloud, digest: str) -> None:
    with pytest.raises(BadInput):
        stored_cloud.blobs().get("manifests", digest)


def test_without_the_role_it_is_named(stored_cloud: Cloud, data: bytes, digest: str) -> None:
    stored_cloud.revoke_all()
    try:
        with pytest.raises(Blocked) as caught:
            stored_cloud.blobs().put("manifests", digest, data)
    finally:
        stored_cloud.grant()
    assert caught.value.code == "role-missing"
    assert caught.value.detail["role"] == "Storage Blob Data Contributor"
