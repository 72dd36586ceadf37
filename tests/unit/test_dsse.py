from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.signing import KEY, envelope, statement
from vibedata import dsse, trust
from vibedata.errors import Blocked, VibedataError

SIGNED = envelope(statement("sha256:" + "a" * 64, "sha256:" + "b" * 64))


def changed(**changes: Any) -> bytes:
    """Return a good envelope with other members; None leaves one out."""
    document = {**json.loads(SIGNED), **changes}
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


def signature(**changes: Any) -> dict[str, Any]:
    return {"keyid": "k", "sig": "AAAA", **changes}


def test_the_encoding_before_signing_is_the_specifications_own_example() -> None:
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_lengths_count_bytes() -> None:
    assert dsse.pae("ü", b"") == b"DSSEv1 2 \xc3\xbc 0 "


def test_an_envelope_comes_back_as_it_was() -> None:
    found = dsse.parse(SIGNED)
    assert found.encode() == SIGNED
    assert list(found.signatures) == [KEY.key.key_id]


def test_the_order_of_signatures_does_not_matter() -> None:
    one, other = {"a": b"1", "b": b"2"}, {"b": b"2", "a": b"1"}
    assert dsse.Envelope(b"", "t", one).encode() == dsse.Envelope(b"", "t", other).encode()


def test_base64_may_be_url_safe_and_unknown_members_are_left_alone() -> None:
    payload = bytes(range(256))
    raw = changed(payload=base64.urlsafe_b64encode(payload).decode(), note="not signed, not used")
    assert dsse.parse(raw).payload == payload


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe{}",
        b"[" * 20_000,
        b'{"payload":' * 3_000,
        b'{"payload": ' + b"9" * 5_000 + b"}",
        SIGNED[:-1],
        SIGNED + b"{}",
        SIGNED.replace(b'"payload":', b'"payload":"","payload":'),
        SIGNED.replace(b'"keyid":', b'"keyid":"x","keyid":'),
        SIGNED + b" " * dsse.MAX_ENVELOPE_BYTES,
        changed(payload=None),
        changed(payload=7),
        changed(payload="*"),
        changed(payload="AAA"),
        changed(payload="AA AA"),
        changed(payload="\u00e4"),
        changed(payloadType=None),
        changed(payloadType=""),
        changed(payloadType="x" * 300),
        changed(payloadType="text/\u00fc"),
        changed(payloadType="a\nb"),
        changed(signatures=None),
        changed(signatures={}),
        changed(signatures=[]),
        changed(signatures=[[]]),
        changed(signatures=["AAAA"]),
        changed(signatures=[signature(keyid=None)]),
        changed(signatures=[signature(keyid="")]),
        changed(signatures=[signature(keyid="x" * 300)]),
        changed(signatures=[signature(keyid="\ud800")]),
        changed(signatures=[signature(sig=None)]),
        changed(signatures=[signature(sig="!")]),
        changed(signatures=[signature(), signature(sig="BBBB")]),
        changed(signatures=[signature(keyid=str(number)) for number in range(17)]),
    ],
)
def test_what_is_no_envelope_is_refused(raw: bytes) -> None:
    with pytest.raises(Blocked) as caught:
        dsse.parse(raw)
    assert caught.value.code == "release-signature-invalid"
    assert caught.value.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = (
    "payload",
    "payloadType",
    "signatures",
    "keyid",
    "sig",
    "schema",
    "release",
    "manifest",
    "digest",
    "size",
)
SHAPED = st.recursive(
    JSON,
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=5) | st.lists(inner, max_size=3),
    max_leaves=12,
)


def only_ours(read: Any) -> None:
    try:
        read()
    except VibedataError as error:
        assert error.code == "release-signature-invalid"


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(raw: bytes) -> None:
    only_ours(lambda: dsse.parse(raw))


@given(SHAPED)
def test_any_json_is_refused_or_read(document: Any) -> None:
    only_ours(lambda: dsse.parse(json.dumps(document).encode()))


@given(st.integers(0, len(SIGNED) - 1), st.binary(max_size=3), st.integers(0, 4))
def test_a_damaged_envelope_is_refused_or_read(at: int, put: bytes, instead_of: int) -> None:
    only_ours(lambda: dsse.parse(SIGNED[:at] + put + SIGNED[at + instead_of :]))


@given(SHAPED, st.sampled_from([trust.STATEMENT_TYPE, "text/plain"]))
def test_any_payload_is_refused_or_read(document: Any, kind: str) -> None:
    only_ours(lambda: trust.statement(dsse.Envelope(json.dumps(document).encode(), kind, {})))


@given(st.binary(max_size=300))
def test_any_bytes_as_a_payload_are_refused_or_read(payload: bytes) -> None:
    only_ours(lambda: trust.statement(dsse.Envelope(payload, trust.STATEMENT_TYPE, {})))
