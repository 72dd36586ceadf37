"""What travels on the queue: it comes back as it went, it fits to the byte, and what is none says so."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibedata import alerts
from vibedata.alerts.message import (
    MAX_ENCODED_BYTES,
    UNKNOWN_TIME,
    Message,
    claim_name,
    decode,
    encode,
    fits,
    is_claim,
)
from vibedata.alerts.putting_off import MAX_TIMES, PutOff
from vibedata.errors import BadInput

KEY = "0123456789abcdef" * 4
NOW = datetime(2026, 3, 4, 5, 6, 7, 891234, tzinfo=timezone.utc)
ALERT = {
    "schemaId": "azureMonitorCommonAlertSchema",
    "data": {"essentials": {"alertId": "/a", "severity": "Sev1"}},
}


def message(body: bytes | None = b"{}", claim: str | None = None) -> Message:
    return Message(KEY, "eventhub", NOW, body, claim)


def envelope(**changes: object) -> bytes:
    return json.dumps({**json.loads(encode(message())), **changes}).encode()


@given(st.binary(max_size=200))
def test_any_body_comes_back_byte_for_byte(body: bytes) -> None:
    sent = message(body)
    assert decode(encode(sent)) == sent


@given(st.text(max_size=200))
def test_any_text_comes_back_too(text: str) -> None:
    sent = message(text.encode(errors="surrogatepass"))
    assert decode(encode(sent)) == sent


@pytest.mark.parametrize("origin", ["eventhub", "http", "reconciled", "replayed", "queue"])
def test_an_origin_and_a_time_come_back(origin: str) -> None:
    sent = Message(KEY, origin, NOW.astimezone(timezone(timedelta(hours=5))), b"{}")  # type: ignore[arg-type]
    assert decode(encode(sent)) == sent
    assert decode(encode(sent)).received_at.utcoffset() == timedelta(0)


def test_a_claim_comes_back() -> None:
    sent = message(None, claim_name(KEY, b"large"))
    assert decode(encode(sent)) == sent


def test_what_was_put_off_comes_back_with_since_when() -> None:
    for one in (message(), message(None, claim_name(KEY, b"large")), message(b"\xff")):
        sent = replace(one, put_off=PutOff(NOW.astimezone(timezone(timedelta(hours=5))), 7))
        assert decode(encode(sent)) == sent
        assert json.loads(encode(sent))["putOff"] == {"since": NOW.isoformat(), "times": 7}


def test_what_was_never_put_off_says_nothing_of_it() -> None:
    """So an older engine makes the same bytes, and reads what a newer one makes."""
    assert "putOff" not in json.loads(encode(message()))
    assert decode(envelope(putOff=None)) == decode(encode(message())) == message()


def test_what_was_put_back_says_so_and_nothing_else_does() -> None:
    for one in (message(), message(None, claim_name(KEY, b"large")), message(b"\xff")):
        sent = replace(one, requeued=True, put_off=PutOff(NOW, 2))
        assert decode(encode(sent)) == sent
        assert "requeued" not in json.loads(encode(one))
    for odd in (None, False, 1, "true", [True]):
        assert decode(envelope(requeued=odd)) == message()


def test_which_were_taken_before() -> None:
    assert not message().came_before
    before = ({"put_off": PutOff(NOW, 1)}, {"requeued": True}, {"origin": "replayed"})
    assert all(replace(message(), **one).came_before for one in before)  # type: ignore[arg-type]


@pytest.mark.parametrize("requeued", [False, True])
@pytest.mark.parametrize("put_off", [None, PutOff(NOW, 1), PutOff(NOW, MAX_TIMES)])
def test_the_limit_holds_to_the_byte(put_off: PutOff | None, requeued: bool) -> None:
    def of(body: bytes) -> bytes:
        return encode(replace(message(body), put_off=put_off, requeued=requeued))

    spare = 49152 - len(of(b""))
    largest, too_large = of(b"x" * spare), of(b"x" * (spare + 1))
    assert len(base64.b64encode(largest)) == MAX_ENCODED_BYTES == 65536
    assert fits(largest)
    assert len(base64.b64encode(too_large)) == 65540
    assert not fits(too_large)


@given(st.integers(0, 70000))
def test_fitting_is_what_base64_makes_of_it(size: int) -> None:
    raw = bytes(size)
    assert fits(raw) == (len(base64.b64encode(raw)) <= 65536)


def test_a_text_beyond_ascii_is_not_blown_up() -> None:
    body = ("ü" * 1000).encode()
    assert len(encode(message(body))) < len(body) + 300


def test_a_bare_alert_is_understood() -> None:
    raw = json.dumps(ALERT).encode()
    shape = alerts.shape_of(ALERT)
    assert decode(raw, arrived=NOW) == Message(alerts.delivery_key(ALERT, shape), "queue", NOW, raw)
    assert decode(raw).received_at == UNKNOWN_TIME


@pytest.mark.parametrize("wrap", [[ALERT], {"records": [ALERT]}])
def test_a_bare_alert_in_a_wrap_is_understood(wrap: object) -> None:
    assert decode(json.dumps(wrap).encode()).delivery_key == decode(json.dumps(ALERT).encode()).delivery_key


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "nothing in it"),
        (b"hello", "no JSON"),
        (b"{", "no JSON"),
        (b"[]", "nothing in it"),
        (b"17", "no JSON object"),
        (b'{"a": 1}', "no schemaId"),
        (b"[" * 200, "nests deeper"),
        (json.dumps([ALERT, ALERT]).encode(), "2 alerts"),
        (b" " * (alerts.MAX_BYTES + 1), "more than"),
        (envelope(deliveryKey="x"), "deliveryKey"),
        (envelope(deliveryKey=None), "deliveryKey"),
        (envelope(deliveryKey=KEY.upper()), "deliveryKey"),
        (envelope(origin="mars"), "origin"),
        (envelope(origin=["http"]), "origin"),
        (envelope(receivedAt="soon"), "receivedAt"),
        (envelope(receivedAt=None), "receivedAt"),
        (envelope(body=None), "neither"),
        (envelope(body={}), "neither"),
        (envelope(claim=claim_name(KEY, b"")), "both"),
        (envelope(body=None, claim="../secrets"), "neither"),
        (envelope(body=None, claim=KEY), "neither"),
        (envelope(putOff="yesterday"), "putOff"),
        (envelope(putOff={}), "putOff"),
        (envelope(putOff={"since": "soon", "times": 1}), "putOff"),
        (envelope(putOff={"since": NOW.isoformat(), "times": 0}), "putOff"),
        (envelope(putOff={"since": NOW.isoformat(), "times": True}), "putOff"),
        (envelope(putOff={"since": NOW.isoformat(), "times": MAX_TIMES + 1}), "putOff"),
    ],
)
def test_what_is_no_message_says_why(raw: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why) as caught:
        decode(raw)
    assert caught.value.code == "message-unreadable"
    assert caught.value.hint


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    try:
        decode(raw)
    except BadInput as error:
        assert error.code == "message-unreadable"


def test_a_foreign_body_with_half_a_surrogate_pair_is_read() -> None:
    assert decode(envelope(body="\ud83d")).body == b"?"


def test_a_claim_follows_from_key_and_body() -> None:
    assert claim_name(KEY, b"a") == claim_name(KEY, b"a") != claim_name(KEY, b"b")
    assert is_claim(claim_name(KEY, b"a"))
    assert not is_claim(claim_name(KEY, b"a") + "/x")
    assert not is_claim(claim_name(KEY, b"a") + "\n")
