from __future__ import annotations

import pytest

from tests.builders.signing import KEY, KEYRING, OTHER_KEY, envelope, statement
from tests.fakes.packed_release import FakePackedRelease
from tests.fakes.release_sources import FakeSources
from tests.fakes.wheels import FakeWheels
from vibedata import dsse, manifest, release, trust
from vibedata.adapters.release_keys import is_signed
from vibedata.adapters.signing_key import SigningKey
from vibedata.errors import BadInput
from vibedata.flows.pack_release import pack_release
from vibedata.flows.sign_release import sign_release
from vibedata.ports import Summary


@pytest.fixture
def packed() -> FakePackedRelease:
    made = FakePackedRelease()
    pack_release(sources=FakeSources(), wheels=FakeWheels(), packed=made, version="1.4.0")
    return made


def sign(packed: FakePackedRelease, key: SigningKey = KEY) -> Summary:
    return sign_release(packed=packed, signer=key, version="1.4.0")


def signed(packed: FakePackedRelease) -> bytes:
    return packed.packed(release.signature_tag(packed.tags["1.4.0"]))[1]


def test_the_signature_says_which_manifest_the_release_is(packed: FakePackedRelease) -> None:
    done = sign(packed)
    digest, raw = packed.packed("1.4.0")
    stated = trust.statement(dsse.parse(signed(packed)))
    assert stated == trust.Statement(digest, manifest.digest_of(raw), len(raw))
    trusted = trust.authenticate(KEYRING, digest, signed(packed), is_signed)
    assert (trusted.manifest_digest, trusted.key_ids) == (done.data["manifest"], tuple(done.data["signedBy"]))
    assert done.data["signature"] == manifest.digest_of(signed(packed))


def test_signing_again_writes_nothing(packed: FakePackedRelease) -> None:
    assert sign(packed).changed == 1
    before = dict(packed.blobs), dict(packed.tags), list(packed.order)
    assert sign(packed).changed == 0
    assert (packed.blobs, packed.tags, packed.order) == before


def test_a_second_key_is_added_and_the_order_of_signing_does_not_matter(packed: FakePackedRelease) -> None:
    sign(packed, KEY)
    assert sign(packed, OTHER_KEY).data["signedBy"] == sorted([KEY.key.key_id, OTHER_KEY.key.key_id])
    both = signed(packed)
    del packed.tags[release.signature_tag(packed.tags["1.4.0"])]
    sign(packed, OTHER_KEY)
    sign(packed, KEY)
    assert signed(packed) == both


@pytest.mark.parametrize(
    "before", [b"no envelope", envelope(statement("sha256:" + "0" * 64, "sha256:" + "1" * 64), OTHER_KEY)]
)
def test_a_signature_of_something_else_is_replaced(packed: FakePackedRelease, before: bytes) -> None:
    tag = release.signature_tag(packed.tags["1.4.0"])
    packed.add_files({"s": before}, artifact_type="s", layer_type="s", tag=tag)
    assert sign(packed).data["signedBy"] == [KEY.key.key_id]


def test_what_is_not_packed_or_no_manifest_is_not_signed(packed: FakePackedRelease) -> None:
    packed.add_files({"manifest.json": b"{}"}, artifact_type="release", layer_type="release", tag="1.5.0")
    for version, code in (("9.9.9", "release-not-packed"), ("1.5.0", "manifest-invalid")):
        with pytest.raises(BadInput) as refused:
            sign_release(packed=packed, signer=KEY, version=version)
        assert refused.value.code == code
    assert not [tag for tag in packed.packed_tags() if release.is_signature_tag(tag)]
