from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from tests.builders.signing import KEY, KEYRING, OTHER_KEY, STRANGER, envelope, statement
from vibedata import dsse, trust
from vibedata.adapters.release_keys import is_signed
from vibedata.errors import Blocked
from vibedata.keyring import Keyring
from vibedata.manifest_parts import Release
from vibedata.trust import Authenticated, Seen

RELEASE, MANIFEST, OTHER = ("sha256:" + digit * 64 for digit in "abc")
NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
SAYS = statement(RELEASE, MANIFEST)
BOTH = Keyring(KEYRING.keys, threshold=2)


def authenticate(raw: bytes | None, keys: Keyring = KEYRING) -> Authenticated:
    return trust.authenticate(keys, RELEASE, raw, is_signed)


def refusal(raw: bytes | None, keys: Keyring = KEYRING) -> str:
    with pytest.raises(Blocked) as caught:
        authenticate(raw, keys)
    assert caught.value.hint
    return caught.value.code


def test_a_pinned_key_vouches_for_the_manifest() -> None:
    trusted = authenticate(envelope(SAYS))
    assert trusted == Authenticated(MANIFEST, (KEY.key.key_id,))
    assert trusted.key_id == KEY.key.key_id


def test_either_of_two_pinned_keys_is_enough() -> None:
    assert authenticate(envelope(SAYS, OTHER_KEY)).key_ids == (OTHER_KEY.key.key_id,)


def test_a_strangers_signature_beside_a_pinned_one_does_not_matter() -> None:
    assert authenticate(envelope(SAYS, STRANGER, KEY)).key_ids == (KEY.key.key_id,)


def test_a_threshold_counts_keys() -> None:
    assert refusal(envelope(SAYS, KEY), BOTH) == "release-signers-too-few"
    assert refusal(envelope(SAYS, KEY, STRANGER), BOTH) == "release-signers-too-few"
    assert len(authenticate(envelope(SAYS, KEY, OTHER_KEY), BOTH).key_ids) == 2


def test_one_key_under_two_names_counts_once() -> None:
    signature = KEY.sign(dsse.pae(trust.STATEMENT_TYPE, SAYS))
    twice = {KEY.key.key_id: signature, OTHER_KEY.key.key_id: signature}
    assert refusal(envelope(SAYS, signatures=twice), BOTH) == "release-signature-invalid"


def test_without_a_signature_nothing_is_believed() -> None:
    assert refusal(None) == "release-unsigned"
    assert refusal(b"") == "release-signature-invalid"


def test_a_stranger_is_told_from_a_bad_signature() -> None:
    assert refusal(envelope(SAYS, STRANGER)) == "release-signer-unknown"
    forged = {KEY.key.key_id: STRANGER.sign(dsse.pae(trust.STATEMENT_TYPE, SAYS))}
    assert refusal(envelope(SAYS, signatures=forged)) == "release-signature-invalid"


@pytest.mark.parametrize("length", [0, 1, 63, 65, 1000])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    raw = envelope(SAYS, signatures={KEY.key.key_id: b"x" * length})
    assert refusal(raw) == "release-signature-invalid"


def test_every_byte_of_the_payload_and_its_type_is_signed() -> None:
    signed = dsse.parse(envelope(SAYS))
    for payload in (SAYS.replace(RELEASE.encode(), OTHER.encode()), SAYS + b" ", b""):
        assert refusal(replace(signed, payload=payload).encode()) == "release-signature-invalid"
    assert refusal(replace(signed, payload_type="text/plain").encode()) == "release-signature-invalid"


def test_what_a_pinned_key_signed_as_something_else_is_no_release() -> None:
    assert refusal(envelope(SAYS, payload_type="application/vnd.in-toto+json")) == "release-signature-invalid"


def test_a_statement_about_another_release_is_refused() -> None:
    assert refusal(envelope(statement(OTHER, MANIFEST))) == "release-signature-mismatch"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        SAYS.replace(b'"schema":1', b'"schema":2'),
        SAYS.replace(b'"schema":1', b'"schema":1,"also":1'),
        SAYS.replace(b'"schema":1', b'"schema":1,"schema":1'),
        SAYS.replace(b'"size":1000', b'"size":"1000"'),
        SAYS.replace(b'"size":1000', b'"size":true'),
        SAYS.replace(b'"size":1000', b'"size":0'),
        SAYS.replace(b'"size":1000', b'"size":1048577'),
        SAYS.replace(b'"size":1000', b'"size":1000,"more":1'),
        SAYS.replace(b"sha256", b"sha512"),
        SAYS.replace(RELEASE.encode(), b"../../etc/passwd"),
        b'{"schema":1,"release":7,"manifest":{"digest":null,"size":1}}',
        b'{"schema":1,"release":"x","manifest":[]}',
    ],
)
def test_a_signed_statement_that_says_nothing_is_refused(payload: bytes) -> None:
    assert refusal(envelope(payload)) == "release-signature-invalid"


def release(**changes: object) -> Release:
    whole = Release("1.4.0", "stable", 1000, NOW, NOW + timedelta(days=180), "0.1.0")
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_a_release_ends_at_its_expiry_and_not_before() -> None:
    trust.refuse_expired(release(expires=NOW + timedelta(seconds=1)), NOW)
    with pytest.raises(Blocked) as caught:
        trust.refuse_expired(release(expires=NOW), NOW)
    assert caught.value.code == "release-expired"


def test_only_a_lower_serial_is_a_rollback() -> None:
    for seen in (None, Seen("1.3.0", 999), Seen("1.4.0", 1000)):
        trust.refuse_rollback(release(), seen)
    with pytest.raises(Blocked) as caught:
        trust.refuse_rollback(release(), Seen("1.5.0", 1001))
    assert caught.value.code == "release-rollback"
    assert "1.5.0" in caught.value.message
