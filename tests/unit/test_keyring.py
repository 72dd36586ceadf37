from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.signing import KEY, OTHER_KEY
from vibedata.errors import VibedataError
from vibedata.keyring import MAX_KEYS, PublicKey, keyring, public_key

# Points of small order (RFC 7748's warning; the list is Ed25519's torsion subgroup and its other spellings).
WEAK = [
    "00" * 32,
    "00" * 31 + "80",
    "01" + "00" * 31,
    "01" + "00" * 30 + "80",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
WORD = base64.urlsafe_b64encode(KEY.key.raw).decode().rstrip("=")


def refused(*texts: str, threshold: int = 1) -> None:
    with pytest.raises(VibedataError) as caught:
        keyring(texts, threshold)
    assert caught.value.code == "release-keys-invalid"
    assert caught.value.hint


def test_a_key_comes_back_as_it_was_written() -> None:
    assert public_key(str(KEY.key)) == KEY.key
    assert str(KEY.key) == f"ed25519:{WORD}"


def test_a_keyring_keeps_its_keys_and_its_threshold() -> None:
    found = keyring([str(KEY.key), str(OTHER_KEY.key)], 2)
    assert (found.keys, found.threshold) == ((KEY.key, OTHER_KEY.key), 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ed25519:",
        WORD,
        f"ed25519:{WORD}=",
        f"ed25519:{WORD} ",
        f" ed25519:{WORD}",
        f"ED25519:{WORD}",
        f"rsa:{WORD}",
        f"ed25519:{WORD[:-1]}",
        f"ed25519:{WORD}AAAA",
        f"ed25519:{KEY.key.raw.hex()}",
        "ed25519:" + "\u00e4" * 43,
        "ed25519:" + "+" * 43,
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    refused(text)


@pytest.mark.parametrize("raw", WEAK)
def test_a_key_under_which_anybody_can_sign_is_refused(raw: str) -> None:
    refused(str(PublicKey(bytes.fromhex(raw))))


def test_no_key_too_many_and_the_same_twice_are_refused() -> None:
    refused()
    refused(str(KEY.key), str(KEY.key))
    refused(*(str(PublicKey(bytes([number + 2]) * 32)) for number in range(MAX_KEYS + 1)))


@pytest.mark.parametrize("threshold", [0, -1, 3])
def test_a_threshold_that_cannot_be_met_or_asks_for_nothing_is_refused(threshold: int) -> None:
    refused(str(KEY.key), str(OTHER_KEY.key), threshold=threshold)


@given(st.text(max_size=80))
def test_any_text_is_refused_or_a_key(text: str) -> None:
    try:
        assert str(public_key(text)) == text
    except VibedataError as error:
        assert error.code == "release-keys-invalid"
