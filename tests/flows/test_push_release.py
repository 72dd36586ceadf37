from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.builders.signing import KEY, OTHER_KEY, envelope, statement
from tests.fakes.packed_release import FakePackedRelease
from tests.fakes.publication import FakePublication, FakeRegistry
from tests.fakes.release_sources import COMMIT, FakeSources
from tests.fakes.wheels import FakeWheels
from vibedata import manifest, release
from vibedata.errors import BadInput, Blocked, Transient
from vibedata.flows.pack_release import pack_release
from vibedata.flows.push_release import push_release
from vibedata.flows.sign_release import sign_release
from vibedata.ports import Commit

LATER = Commit("f" * 40, COMMIT.time + timedelta(days=1))


def packed_release(version: str, commit: Commit = COMMIT, **given: object) -> FakePackedRelease:
    packed, sources = FakePackedRelease(), FakeSources(commit)
    pack_release(sources=sources, wheels=FakeWheels(), packed=packed, version=version, **given)  # type: ignore[arg-type]
    sign_release(packed=packed, signer=KEY, version=version)
    return packed


def test_everything_that_the_manifest_names_is_pushed_and_latest_comes_last() -> None:
    packed = packed_release("1.4.0")
    publication = FakePublication(packed)
    done = push_release(publication=publication, version="1.4.0")
    found = manifest.parse(publication.packed("1.4.0")[1])
    registry = publication.registry
    for artifact in found.artifacts():
        assert artifact.digest in registry.tags[artifact.repository].values()
        assert registry.complete(artifact.digest)
    signature = release.signature_tag(packed.tags["1.4.0"])
    assert registry.tags["vibedata/release"] == {
        signature: packed.tags[signature],
        "1.4.0": packed.tags["1.4.0"],
        "latest": packed.tags["1.4.0"],
    }
    assert registry.writes[-1] == "vibedata/release:latest"
    assert done.changed == len(registry.writes)


def test_a_second_push_writes_nothing() -> None:
    publication = FakePublication(packed_release("1.4.0"))
    push_release(publication=publication, version="1.4.0")
    before = list(publication.registry.writes)
    assert push_release(publication=publication, version="1.4.0").changed == 0
    assert publication.registry.writes == before


def test_wherever_a_push_stops_latest_names_a_whole_release_and_pushing_again_ends_it() -> None:
    old, new = packed_release("1.4.0"), packed_release("1.5.0", LATER)
    registry = FakeRegistry()
    push_release(publication=FakePublication(old, registry), version="1.4.0")
    stops, previous = 0, len(registry.writes)
    while registry.tags["vibedata/release"]["latest"] != new.tags["1.5.0"]:
        try:
            push_release(publication=FakePublication(new, registry, breaks_after=1), version="1.5.0")
        except Transient:
            stops += 1
        latest = registry.tags["vibedata/release"]["latest"]
        assert latest in (old.tags["1.4.0"], new.tags["1.5.0"])
        assert all(registry.complete(a.digest) for a in _released(registry, latest).artifacts())
        assert release.signature_tag(latest) in registry.tags["vibedata/release"]
        assert len(registry.writes) == previous + 1
        previous += 1
    assert stops > 5


def test_a_version_that_is_published_is_never_given_other_content() -> None:
    registry = FakeRegistry()
    push_release(publication=FakePublication(packed_release("1.4.0"), registry), version="1.4.0")
    before = list(registry.writes)
    with pytest.raises(BadInput) as refused:
        push_release(publication=FakePublication(packed_release("1.4.0", LATER), registry), version="1.4.0")
    assert refused.value.code == "release-version-taken"
    assert registry.writes == before


@pytest.mark.parametrize("serial", [1, int(COMMIT.time.timestamp())])
def test_a_serial_that_has_not_grown_is_refused(serial: int) -> None:
    registry = FakeRegistry()
    push_release(publication=FakePublication(packed_release("1.4.0"), registry), version="1.4.0")
    before = list(registry.writes)
    stale = packed_release("1.5.0", LATER, serial=serial)
    with pytest.raises(BadInput) as refused:
        push_release(publication=FakePublication(stale, registry), version="1.5.0")
    assert refused.value.code == "release-serial-not-newer"
    assert registry.writes == before


def test_another_channel_counts_for_itself() -> None:
    registry = FakeRegistry()
    push_release(publication=FakePublication(packed_release("1.4.0"), registry), version="1.4.0")
    preview = packed_release("1.5.0-rc.1", LATER, channel="preview", serial=1)
    push_release(publication=FakePublication(preview, registry), version="1.5.0-rc.1")
    assert registry.tags["vibedata/release"]["latest"] == preview.tags["1.5.0-rc.1"]


def test_a_signature_goes_along_before_anything_names_the_release() -> None:
    packed = packed_release("1.4.0")
    tag = release.signature_tag(packed.tags["1.4.0"])
    publication = FakePublication(packed)
    push_release(publication=publication, version="1.4.0")
    tags = [write for write in publication.registry.writes if write.startswith("vibedata/release:")]
    assert tags == [f"vibedata/release:{tag}", "vibedata/release:1.4.0", "vibedata/release:latest"]


def test_another_keys_signature_is_all_that_the_next_push_writes() -> None:
    packed = packed_release("1.4.0")
    publication = FakePublication(packed)
    push_release(publication=publication, version="1.4.0")
    sign_release(packed=packed, signer=OTHER_KEY, version="1.4.0")
    done = push_release(publication=publication, version="1.4.0")
    assert done.written == {"blobs": 1, "manifests": 1, "tags": 1}


def test_a_release_that_nobody_signed_is_not_pushed() -> None:
    packed = FakePackedRelease()
    pack_release(sources=FakeSources(), wheels=FakeWheels(), packed=packed, version="1.4.0")
    publication = FakePublication(packed)
    with pytest.raises(BadInput) as refused:
        push_release(publication=publication, version="1.4.0")
    assert refused.value.code == "release-not-signed"
    assert publication.registry.writes == []


@pytest.mark.parametrize("of", ["another release", "another manifest", "nothing"])
def test_a_signature_that_customers_would_refuse_is_not_pushed(of: str) -> None:
    packed, stranger = packed_release("1.4.0"), "sha256:" + "0" * 64
    digest, raw = packed.packed("1.4.0")
    content = {
        "another release": envelope(statement(stranger, manifest.digest_of(raw))),
        "another manifest": envelope(statement(digest, stranger)),
        "nothing": b"{}",
    }[of]
    tag = release.signature_tag(digest)
    packed.add_files({"s": content}, artifact_type="s", layer_type="s", tag=tag)
    publication = FakePublication(packed)
    with pytest.raises(Blocked, match="release-signature-"):
        push_release(publication=publication, version="1.4.0")
    assert publication.registry.writes == []


def test_a_version_that_was_never_packed_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        push_release(publication=FakePublication(packed_release("1.4.0")), version="9.9.9")
    assert refused.value.code == "release-not-packed"


def test_a_manifest_that_breaks_the_contract_is_not_pushed() -> None:
    packed = packed_release("1.4.0")
    packed.add_files({"manifest.json": b"{}"}, artifact_type="release", layer_type="release", tag="1.5.0")
    publication = FakePublication(packed)
    with pytest.raises(BadInput) as refused:
        push_release(publication=publication, version="1.5.0")
    assert refused.value.code == "manifest-invalid"
    assert publication.registry.writes == []


def _released(registry: FakeRegistry, digest: str) -> manifest.Manifest:
    (layer,) = json.loads(registry.blobs[digest])["layers"]
    return manifest.parse(registry.blobs[layer["digest"]])
