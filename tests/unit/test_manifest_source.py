"""Bytes that are no manifest: each refused with its own code, and in time, however they are made."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders.manifest import sample_bytes, sample_manifest
from vibedata import manifest
from vibedata.errors import BadInput
from vibedata.manifest_source import MAX_BYTES, MAX_DEPTH, read

MIB = 1024 * 1024


def refused(raw: bytes) -> BadInput:
    with pytest.raises(BadInput) as error:
        manifest.violations(raw)
    return error.value


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b" " * (MAX_BYTES + 1), "manifest-too-large"),
        (b'{"a": "\xff"}', "manifest-not-utf8"),
        ("{}".encode("utf-16"), "manifest-not-utf8"),
        (b'{"a": "\\ud800"}', "manifest-not-utf8"),
        (b'{"\\udfff": 1}', "manifest-not-utf8"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "manifest-too-deep"),
        (b'{"a":' * MIB, "manifest-too-large"),
        (b'{"a":' * 200_000, "manifest-too-deep"),
        (b"[" * MIB, "manifest-too-deep"),
        (b'{"a": 1, "a": 2}', "manifest-duplicate-key"),
        (b'{"a": 1, "\\u0061": 2}', "manifest-duplicate-key"),
        (b'{"x": [{"a": {}, "b": 1, "a": []}]}', "manifest-duplicate-key"),
        (b'{"a": NaN}', "manifest-number-refused"),
        (b'{"a": -Infinity}', "manifest-number-refused"),
        (b'{"a": 1e999}', "manifest-number-refused"),
        (b'{"a": ' + b"9" * 5000 + b"}", "manifest-number-refused"),
        (b"", "manifest-not-json"),
        (b"\xef\xbb\xbf{}", "manifest-not-json"),
        (b'{"a": 1,}', "manifest-not-json"),
        (b"{'a': 1}", "manifest-not-json"),
        (b'{"a": 1} {"b": 2}', "manifest-not-json"),
        (b'{"a": "line\nbreak"}', "manifest-not-json"),
        (b"// no comments\n{}", "manifest-not-json"),
        (b'{"a": "unclosed', "manifest-not-json"),
        (b"]", "manifest-not-json"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_code(raw: bytes, code: str) -> None:
    assert refused(raw).code == code


def test_a_duplicate_key_is_named() -> None:
    error = refused(b'{"components": [{"name": "a", "wa/ve": 1,\n"wa/ve": 2}], "release": {}, "release": {}}')
    assert error.detail["pointers"] == ["/components/0/wa~1ve", "/release"]


def test_broken_json_is_shown_where_it_breaks() -> None:
    assert refused(sample_bytes()[:-2] + b"]").detail["line"] == sample_bytes().count(b"\n")


@pytest.mark.parametrize("raw", [b"null", b"[]", b'"text"', b"7", b"{}", b"[[], [{}]]", b"true"])
def test_json_that_is_no_manifest_is_told_so(raw: bytes) -> None:
    assert manifest.violations(raw)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "raw",
    [
        b'"' * MIB,
        b'"' + b'\\"' * (MIB // 2 - 1),
        b'["' + b"\\" * (MIB - 2),
        b"[" + b"[]," * (MIB // 3 - 2) + b"[]]",
        b'{"components": [' + b"{}," * (MIB // 3 - 20) + b"{}]}",
        json.dumps({"components": [{"name": "x", "dependsOn": ["x"] * 80_000}]}).encode(),
        json.dumps(
            {"components": [{"name": f"n{i}", "dependsOn": [f"n{i + 1}"]} for i in range(20_000)]}
        ).encode(),
        json.dumps({"k" * (MIB // 2): [1] * 100_000}).encode(),
        json.dumps({f"k{i}": i for i in range(50_000)}).encode(),
        b'{"a": ' + b"-" * (MIB - 10),
    ],
    ids=range(10),
)
def test_hostile_input_of_a_mebibyte_is_judged_within_seconds(raw: bytes) -> None:
    assert len(raw) <= MAX_BYTES
    began = time.thread_time()
    with contextlib.suppress(BadInput):
        assert manifest.violations(raw)
    assert time.thread_time() - began < 20


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_judged_or_refused(raw: bytes) -> None:
    try:
        assert manifest.violations(raw)
    except BadInput as error:
        assert error.code.startswith("manifest-")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_manifest_with_anything_anywhere_is_judged_or_refused(data: st.DataObject) -> None:
    document: Any = sample_manifest()
    place = document
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(JSON)
    try:
        for violation in manifest.violations(json.dumps(document).encode()):
            assert violation.line == 1
            assert violation.problem
            assert violation.remedy
    except BadInput as error:
        assert error.code in ("manifest-not-utf8", "manifest-number-refused", "manifest-too-deep")


@given(JSON, st.sampled_from([None, 1, 3]))
@settings(max_examples=150, deadline=None)
def test_every_value_is_found_on_its_line(document: Any, indent: int | None) -> None:
    text = json.dumps(document, indent=indent)
    try:
        source = read(text.encode())
    except BadInput as error:
        assert error.code in ("manifest-number-refused", "manifest-not-utf8")
        return
    assert source.document == document
    rows = text.splitlines()
    for path, value in _leaves(document, ()):
        assert json.dumps(value) in rows[source.line(path) - 1]


def _leaves(value: Any, path: tuple[Any, ...]) -> Any:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path, value
