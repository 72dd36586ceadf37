"""A packed release and the publisher's registry: the fake, and a layout with a real registry behind TLS."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from oci.auth import Aad, Password
from oci.registry import Registry
from tests.builders.signing import KEY
from tests.environment import World, deployer
from tests.fakes.packed_release import FakePackedRelease
from tests.fakes.publication import FakePublication, FakeRegistry
from tests.fakes.release_sources import FakeSources
from tests.fakes.wheels import FakeWheels
from vibedata.adapters.release_store import LayoutRelease, RegistryPublication
from vibedata.errors import BadInput, Blocked, Failed
from vibedata.flows.pack_release import pack_release
from vibedata.flows.push_release import push_release
from vibedata.flows.sign_release import sign_release
from vibedata.ports import PackedRelease, Publication, Pushed

ACR = "https://containerregistry.azure.net/.default"
REPOSITORY = "vibedata/release"


@dataclass
class Publisher:
    """A packed release, and what opens it beside its registry."""

    packed: PackedRelease
    publication: Publication


@pytest.fixture
def fake() -> Publisher:
    packed = FakePackedRelease()
    return Publisher(packed, FakePublication(packed, FakeRegistry()))


@pytest.fixture
def real(world: World, tmp_path: Path) -> Publisher:
    packed = LayoutRelease(tmp_path / "layout")
    return Publisher(packed, RegistryPublication(tmp_path / "layout", registry(world)))


@pytest.fixture(params=["fake", "real"])
def publisher(request: pytest.FixtureRequest) -> Publisher:
    found: Publisher = request.getfixturevalue(request.param)
    return found


def registry(world: World) -> Registry:
    """Return a registry of its own on the stack, to which the deployer may push."""
    credential = deployer(world.stack)
    host = world.new_publisher(uuid.uuid4().hex[:8]).registry
    return Registry(host, Aad(lambda: credential.get_token(ACR).token), attempts=2)


def add(publisher: Publisher, content: bytes, tag: str) -> str:
    kind = "application/vnd.test.v1"
    packed = publisher.packed.add_files({"a": content}, artifact_type=kind, layer_type=kind, tag=tag)
    return packed.digest


def test_what_was_packed_is_found_by_tag_and_by_nothing_else(publisher: Publisher) -> None:
    digest = add(publisher, b"one", "v1")
    assert publisher.publication.packed("v1") == (digest, b"one")
    assert publisher.publication.packed_tags() == ["v1"]
    with pytest.raises(BadInput) as refused:
        publisher.publication.packed("v2")
    assert refused.value.code == "release-not-packed"


def test_an_empty_registry_has_nothing(publisher: Publisher) -> None:
    assert publisher.publication.published(REPOSITORY, "latest") is None
    assert publisher.publication.published_digest(REPOSITORY, "latest") is None


def test_what_was_pushed_is_there_and_is_not_sent_again(publisher: Publisher) -> None:
    digest = add(publisher, b"one", "v1")
    first = publisher.publication.push(digest, REPOSITORY, "v1")
    assert first.blobs >= 1
    assert (first.manifests, first.tags) == (1, 1)
    assert publisher.publication.push(digest, REPOSITORY, "v1") == Pushed(0, 0, 0)
    assert publisher.publication.published(REPOSITORY, "v1") == (digest, b"one")
    assert publisher.publication.published_digest(REPOSITORY, "v1") == digest


def test_a_second_tag_is_all_that_it_costs(publisher: Publisher) -> None:
    digest = add(publisher, b"one", "v1")
    publisher.publication.push(digest, REPOSITORY, "v1")
    assert publisher.publication.push(digest, REPOSITORY, "latest") == Pushed(0, 0, 1)


def test_a_tag_moves_when_it_is_pushed_with_other_content(publisher: Publisher) -> None:
    old, new = add(publisher, b"one", "v1"), add(publisher, b"two", "v2")
    publisher.publication.push(old, REPOSITORY, "latest")
    publisher.publication.push(new, REPOSITORY, "latest")
    assert publisher.publication.published_digest(REPOSITORY, "latest") == new


def test_a_whole_release_is_packed_and_pushed_twice(publisher: Publisher) -> None:
    pack = pack_release(sources=FakeSources(), wheels=FakeWheels(), packed=publisher.packed, version="1.4.0")
    sign_release(packed=publisher.packed, signer=KEY, version="1.4.0")
    first = push_release(publication=publisher.publication, version="1.4.0")
    assert first.written["manifests"] == 3 + 4 + 1 + 1 + 1
    assert first.data["release"] == pack.data["release"]
    latest = publisher.publication.published(REPOSITORY, "latest")
    assert latest is not None
    assert latest[0] == pack.data["release"]
    assert push_release(publication=publisher.publication, version="1.4.0").changed == 0


def test_whoever_may_not_push_is_told_which_role_it_takes(world: World, tmp_path: Path) -> None:
    packed = LayoutRelease(tmp_path / "layout")
    stranger = Registry(registry(world).host, Password("nobody", "wrong"), attempts=1)
    denied = Publisher(packed, RegistryPublication(tmp_path / "layout", stranger))
    digest = add(denied, b"one", "v1")
    with pytest.raises(Blocked) as refused:
        denied.publication.push(digest, REPOSITORY, "v1")
    assert refused.value.code == "publisher-registry-denied"
    assert "AcrPush" in refused.value.hint


def test_a_layout_that_was_altered_is_not_pushed(tmp_path: Path, real: Publisher) -> None:
    digest = add(real, b"one", "v1")
    for blob in (tmp_path / "layout/blobs/sha256").iterdir():
        if blob.read_bytes() == b"one":
            blob.write_bytes(b"two")
    with pytest.raises(Failed) as refused:
        real.publication.push(digest, REPOSITORY, "v1")
    assert refused.value.code == "release-refused"
    assert real.publication.published_digest(REPOSITORY, "v1") is None
