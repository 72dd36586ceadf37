"""Credentials are masked by their shape, and no text takes long to look through."""

from __future__ import annotations

import time

import pytest

from vibedata import redact

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (f"got {TOKEN}, twice {TOKEN}.", "got [redacted], twice [redacted]."),
        (f"x-{TOKEN}", "x-[redacted]"),
        (f"eyJ-{TOKEN}", "[redacted]"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIi", "[redacted]"),
        ("eyJhbGciOiJSUzI1NiJ9 and eyJhbGciOiJSUzI1NiJ9.abc", "eyJhbGciOiJSUzI1NiJ9 and eyJhbGciOiJSUzI1NiJ9.abc"),
        (f"eyJhbGciOiJSUzI1NiJ9 {TOKEN}", "eyJhbGciOiJSUzI1NiJ9 [redacted]"),
    ],
)  # fmt: skip
def test_a_token_is_masked_and_what_only_begins_like_one_is_not(said: str, left: str) -> None:
    assert redact.text(said) == left


@pytest.mark.parametrize(
    "unit",
    [
        "eyJ-",
        "eyJ-eyJabcdefgh ",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY ",
        "bearer ",
        "bearer    ",
        "sig ",
        "sig= ",
        "pwd='\"",
    ],
)
def test_no_text_takes_long(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    began = time.process_time()
    redact.text(text)
    assert time.process_time() - began < 2
