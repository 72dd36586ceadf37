from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.builders.signing import KEY, KEYRING, STRANGER, envelope, statement
from tests.fakes.packed_release import FakePackedRelease
from tests.fakes.release_sources import FakeSources
from tests.fakes.wheels import FakeWheels
from vibedata import release
from vibedata.adapters.release_keys import PinnedKeys
from vibedata.adapters.signing_key import SigningKey
from vibedata.errors import Blocked
from vibedata.flows.pack_release import pack_release
from vibedata.flows.sign_release import sign_release
from vibedata.flows.verify_release import verify_release
from vibedata.ports import Summary

SOON, LATE = (datetime(year, 2, 1, tzinfo=timezone.utc) for year in (2026, 2099))


def packed_release(*keys: SigningKey) -> FakePackedRelease:
    packed = FakePackedRelease()
    pack_release(sources=FakeSources(), wheels=FakeWheels(), packed=packed, version="1.4.0")
    for key in keys:
        sign_release(packed=packed, signer=key, version="1.4.0")
    return packed


def verify(packed: FakePackedRelease, now: datetime = SOON) -> Summary:
    pinned = PinnedKeys(KEYRING)
    return verify_release(packed=packed, authenticate=pinned.authenticate, version="1.4.0", clock=lambda: now)


def refusal(packed: FakePackedRelease, now: datetime = SOON) -> str:
    with pytest.raises(Blocked) as caught:
        verify(packed, now)
    return caught.value.code


def test_a_signed_release_is_verified_and_nothing_is_written() -> None:
    packed = packed_release(KEY)
    before = dict(packed.blobs)
    done = verify(packed)
    assert (done.changed, packed.blobs) == (0, before)
    assert done.data["signedBy"] == [KEY.key.key_id]


def test_what_customers_would_refuse_is_refused_here() -> None:
    assert refusal(packed_release()) == "release-unsigned"
    assert refusal(packed_release(STRANGER)) == "release-signer-unknown"
    assert refusal(packed_release(KEY), LATE) == "release-expired"


def test_a_layout_whose_manifest_is_not_the_signed_one_is_refused() -> None:
    packed = packed_release()
    digest = packed.tags["1.4.0"]
    content = envelope(statement(digest, "sha256:" + "0" * 64))
    packed.add_files({"s": content}, artifact_type="s", layer_type="s", tag=release.signature_tag(digest))
    assert refusal(packed) == "release-signature-mismatch"
