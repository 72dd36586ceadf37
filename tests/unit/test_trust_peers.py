"""Shaped for TUF: its own library takes our keys, our key ids and our envelopes, and we take its."""

from __future__ import annotations

import json

import pytest

from tests import peers
from tests.builders.signing import KEY, KEYRING, OTHER_KEY, STRANGER, SigningKey, envelope, statement
from vibedata import dsse, trust
from vibedata.adapters.release_keys import is_signed

RELEASE, MANIFEST = "sha256:" + "a" * 64, "sha256:" + "b" * 64
SAYS = statement(RELEASE, MANIFEST)


def peer_key(ours: SigningKey) -> object:
    """Return our public key as the library reads it out of TUF metadata."""
    keys = peers.library("securesystemslib.signer")
    described = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": ours.key.raw.hex()}}
    return keys.Key.from_dict(ours.key.key_id, described)


def test_our_key_ids_are_the_ones_that_tuf_computes() -> None:
    keys = peers.library("securesystemslib.signer")
    theirs = keys.SSlibKey.from_crypto(KEY._private.public_key())
    assert (theirs.keyid, theirs.keyval["public"]) == (KEY.key.key_id, KEY.key.raw.hex())
    assert (theirs.keytype, theirs.scheme) == ("ed25519", "ed25519")


def test_our_envelope_verifies_there_and_a_changed_one_does_not() -> None:
    library = peers.library("securesystemslib.dsse")
    errors = peers.library("securesystemslib.exceptions")
    raw = envelope(SAYS, KEY, OTHER_KEY)
    theirs = library.Envelope.from_dict(json.loads(raw))
    assert theirs.pae() == dsse.parse(raw).signed
    trusted = theirs.verify([peer_key(KEY), peer_key(OTHER_KEY)], threshold=2)
    assert set(trusted) == {KEY.key.key_id, OTHER_KEY.key.key_id}
    with pytest.raises(errors.VerificationError):
        theirs.verify([peer_key(STRANGER)], threshold=1)
    theirs.payload += b" "
    with pytest.raises(errors.VerificationError):
        theirs.verify([peer_key(KEY)], threshold=1)


def test_an_envelope_that_was_signed_there_counts_here() -> None:
    library, keys = peers.library("securesystemslib.dsse"), peers.library("securesystemslib.signer")
    theirs = library.Envelope(SAYS, trust.STATEMENT_TYPE, {})
    theirs.sign(keys.CryptoSigner(KEY._private))
    raw = json.dumps(theirs.to_dict()).encode()
    assert trust.authenticate(KEYRING, RELEASE, raw, is_signed).manifest_digest == MANIFEST
    assert dsse.parse(raw).signatures == dsse.parse(envelope(SAYS)).signatures, "Ed25519 is deterministic"
