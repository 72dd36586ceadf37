from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oci import media_types
from oci.descriptor import Descriptor
from oci.errors import OciError
from oci.layout import Layout
from oci.manifest import image_manifest, parse_manifest
from oci.references import Reference, parse_reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("r.example/a/b:1", Reference("r.example", "a/b", None, "1")),
        ("127.0.0.1:5000/a", Reference("127.0.0.1:5000", "a", None, "")),
        (f"r.example/a@{DIGEST}", Reference("r.example", "a", None, DIGEST)),
        ("oci:dir/x:1.2", Reference("", "", Path("dir/x"), "1.2")),
        (f"oci:dir@{DIGEST}", Reference("", "", Path("dir"), DIGEST)),
        ("oci:dir", Reference("", "", Path("dir"), "")),
    ],
)
def test_references_are_read(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "a/b:1", "oci:", "r.example/A:1", "r.example/a:", "r.example/a@sha256:1", "user@r.example/a", "r.ex ample/a",
     "r.example/../a:1", "r.example/a:..", "http://r.example/a"],
)  # fmt: skip
def test_bad_references_are_refused(text: str) -> None:
    with pytest.raises(OciError) as refusal:
        parse_reference(text)
    assert refusal.value.exit_code == 2


def manifest(**changes: object) -> bytes:
    body = json.loads(image_manifest("a/b", [Descriptor("a/c", DIGEST, 1)]))
    return json.dumps({**body, **changes}).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"schemaVersion":2,"schemaVersion":2}',
        b"[" * 100_000,
        manifest(schemaVersion=1),
        manifest(layers=None),
        manifest(layers=[{"mediaType": "a/b", "digest": DIGEST, "size": -1}]),
        manifest(layers=[{"mediaType": "a/b", "digest": DIGEST, "size": True}]),
        manifest(layers=[{"mediaType": "a/b", "digest": DIGEST, "size": 10**15}]),
        manifest(layers=[{"mediaType": "nothing", "digest": DIGEST, "size": 1}]),
        manifest(layers=["x"]),
        manifest(annotations={"a": 1}),
        manifest(mediaType="application/json"),
        manifest(config=None),
    ],
    ids=str,
)
def test_malformed_manifests_are_refused(raw: bytes) -> None:
    with pytest.raises(OciError) as refusal:
        parse_manifest(raw)
    assert refusal.value.code == "oci-manifest-invalid"


def test_a_digest_in_a_manifest_cannot_be_a_path() -> None:
    with pytest.raises(OciError) as refusal:
        parse_manifest(manifest(layers=[{"mediaType": "a/b", "digest": "sha256:../../x", "size": 1}]))
    assert refusal.value.code == "oci-manifest-bad-digest"


def test_a_manifest_served_as_something_else_is_refused() -> None:
    with pytest.raises(OciError) as refusal:
        parse_manifest(manifest(), media_types.IMAGE_INDEX)
    assert refusal.value.code == "oci-media-type-mismatch"


def test_a_manifest_of_too_many_parts_is_refused() -> None:
    with pytest.raises(OciError) as refusal:
        parse_manifest(manifest(layers=[{"mediaType": "a/b", "digest": DIGEST, "size": 1}] * 2001))
    assert refusal.value.code == "oci-manifest-too-many-parts"


def test_a_huge_manifest_is_refused() -> None:
    with pytest.raises(OciError) as refusal:
        parse_manifest(b" " * (4 * 1024 * 1024 + 1))
    assert refusal.value.code == "oci-manifest-too-large"


@given(st.binary(max_size=300) | st.recursive(st.none() | st.text(), lambda s: st.lists(s) | st.dictionaries(
    st.sampled_from(["config", "layers", "manifests", "schemaVersion", "digest", "annotations"]), s), max_leaves=8
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_input_raises_anything_but_our_error(raw: bytes) -> None:
    with pytest.raises(OciError):
        parse_manifest(raw)


def test_a_folder_that_is_no_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    for open_layout in (Layout.open, Layout.create):
        with pytest.raises(OciError) as refusal:
            open_layout(tmp_path)
        assert refusal.value.code == "oci-layout-invalid"


def test_an_altered_layout_is_noticed(tmp_path: Path) -> None:
    layout = Layout.create(tmp_path)
    blob = Descriptor.of("a/b", b"12345")
    layout.push_blob(blob, b"12345")
    found = layout.push_manifest(manifest(), media_types.IMAGE_MANIFEST, "x")
    (tmp_path / "blobs/sha256" / blob.digest[7:]).write_bytes(b"12346")
    (tmp_path / "blobs/sha256" / found.digest[7:]).write_bytes(manifest(annotations={}))
    with pytest.raises(OciError) as refusal, (tmp_path / "out").open("wb") as out:
        layout.get_blob(blob, out)
    assert refusal.value.code == "oci-digest-mismatch"
    with pytest.raises(OciError) as refusal:
        layout.get_manifest("x")
    assert refusal.value.code == "oci-digest-mismatch"


def test_a_blob_that_is_not_what_it_says_does_not_enter_a_layout(tmp_path: Path) -> None:
    layout = Layout.create(tmp_path)
    with pytest.raises(OciError):
        layout.push_blob(Descriptor.of("a/b", b"12345"), b"54321")
    assert list((tmp_path / "blobs/sha256").iterdir()) == []
