"""Anything at all, to the readers of untrusted bytes: a refusal of their own, or a result that holds what it says."""

from __future__ import annotations

import importlib.util
import io
import json
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oci import media_types
from oci.archive import Entry, header, write_tar
from oci.descriptor import is_digest
from oci.errors import OciError
from oci.extract import extract
from oci.manifest import MAX_DESCRIPTORS, canonical, parse_manifest
from tests.oci.hostile import CASES, END

ROOT = Path(__file__).resolve().parents[2]


def load_bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "runbooks" / "bootstrap.py")
    assert spec and spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


BOOTSTRAP = load_bootstrap()


def by_bootstrap(raw: bytes, folder: Path) -> dict[str, Any] | str:
    """Return the tree that bootstrap.py unpacks, or its code."""
    try:
        BOOTSTRAP.unpack(io.BytesIO(raw), folder / "tree")
    except BOOTSTRAP.Stop as refusal:
        return str(refusal.line["code"])
    return tree(folder / "tree")


def by_oci(raw: bytes, folder: Path) -> dict[str, Any] | str:
    """Return the tree that the package `oci` unpacks, or its code."""
    (folder / "a.tar").write_bytes(raw)
    try:
        extract(folder / "a.tar", folder / "tree")
    except OciError as refusal:
        assert not (folder / "tree").exists()
        return refusal.code
    return tree(folder / "tree")


def tree(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        assert not path.is_symlink()
        facts = ("folder", "") if path.is_dir() else (path.stat().st_mode & 0o777, path.read_bytes())
        found[path.relative_to(folder).as_posix()] = facts
    return found


def agree(raw: bytes) -> dict[str, Any] | str:
    """Let both read it: neither takes what the other refuses, or makes something else of it."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        ours, theirs = by_oci(raw, Path(one)), by_bootstrap(raw, Path(two))
        around = {path.name for folder in (one, two) for path in Path(folder).iterdir()}
    assert around <= {"a.tar", "tree"}, "nothing lands beside the tree"
    if isinstance(ours, str) or isinstance(theirs, str):
        assert isinstance(theirs, str), (ours, theirs)
        assert theirs in ("bundle-unsafe", "bundle-unreadable"), theirs
    else:
        assert ours == theirs
    return theirs


# What `oci` can read and a bundle never has: pax headers that only rename or date, and a folder named "./".
ONLY_OCI = {"dated by pax"}


@pytest.mark.parametrize("case", CASES)
def test_both_readers_refuse_every_hostile_archive(case: str) -> None:
    assert isinstance(agree(CASES[case][1]()), str)


NAMES = st.text(
    st.sampled_from("abAB./\\ \u00e9e\u0301\x00\x7f\n"), min_size=1, max_size=14
) | st.sampled_from(["..", "/", "a/../b", "./a", "a/", "a//b", "x" * 101, "d/" * 60 + "x", "A/b", "a/B"])
MEMBER = st.tuples(NAMES, st.sampled_from(b"0\x005127346SLKxgV"), st.binary(max_size=40), st.booleans())


def tar_of(members: list[tuple[str, int, bytes, bool]], tail: bytes) -> bytes:
    """Write a tar whose headers have sound checksums and say anything else."""
    out = b""
    for name, kind, content, executable in members:
        block = bytearray(header("x", len(content), executable))
        block[0:100] = name.encode(errors="surrogatepass")[:100].ljust(100, b"\0")
        block[156] = kind
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        out += bytes(block) + content + bytes(-len(content) % 512)
    return out + END + tail


@settings(max_examples=300, deadline=None)
@given(st.lists(MEMBER, max_size=4), st.sampled_from([b"", bytes(512), b"\0\0x"]))
@example([("a", ord("0"), b"x", False), ("a/b", ord("0"), b"y", False)], b"")
@example([("a/", ord("5"), b"", False), ("a/b", ord("0"), b"y", True)], b"")
@example([("a/b", ord("0"), b"y", False), ("a", ord("5"), b"", False)], b"")
@example([("a", ord("5"), b"", False), ("a/", ord("5"), b"", False)], b"")
def test_what_one_reader_takes_the_other_takes_alike(
    members: list[tuple[str, int, bytes, bool]], tail: bytes
) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        raw = tar_of(members, tail)
        ours, theirs = by_oci(raw, Path(one)), by_bootstrap(raw, Path(two))
    if isinstance(theirs, dict):
        assert ours == theirs


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_archive_is_refused_or_read_whole(data: st.DataObject) -> None:
    out = io.BytesIO()
    write_tar([Entry("a", b"x" * 600), Entry("b/c", b"y", True)], out)
    raw = bytearray(out.getvalue())
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=3)):
        raw[at] = data.draw(st.integers(0, 255))
    found = agree(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    assert isinstance(found, str) or len(found) == 3


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["sha256:" + "a" * 64, "sha256:../../x", *media_types.ACCEPTED, "a/b", "\ud800"])
)
KEYS = st.sampled_from(
    [
        "schemaVersion",
        "mediaType",
        "artifactType",
        "config",
        "layers",
        "manifests",
        "digest",
        "size",
        "annotations",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)
DESCRIPTOR = st.fixed_dictionaries(
    {
        "mediaType": st.just("a/b") | VALUES,
        "digest": st.just("sha256:" + "a" * 64) | VALUES,
        "size": st.integers(0, 9) | VALUES,
    }
)
MANIFEST = st.fixed_dictionaries(
    {"schemaVersion": st.just(2) | VALUES},
    optional={
        "mediaType": st.sampled_from(media_types.ACCEPTED) | VALUES,
        "config": DESCRIPTOR,
        "layers": st.lists(DESCRIPTOR, max_size=3) | VALUES,
        "manifests": st.lists(DESCRIPTOR, max_size=3) | VALUES,
        "artifactType": VALUES,
        "annotations": VALUES,
    },
)


@settings(max_examples=400, deadline=None)
@given(MANIFEST | VALUES, st.sampled_from([None, *media_types.ACCEPTED, "text/html"]))
def test_a_manifest_is_refused_or_is_what_it_says(document: Any, served_as: str | None) -> None:
    raw = json.dumps(document).encode()
    try:
        found = parse_manifest(raw, served_as)
    except OciError as refusal:
        assert refusal.code.startswith(("oci-manifest-", "oci-media-type-"))
        assert refusal.hint
        str(refusal).encode()
    else:
        assert found.raw == raw
        assert bool(found.config) != (found.descriptor.media_type in media_types.INDEXES)
        assert not (found.layers and found.children)
        parts = [*found.blobs, *found.children]
        assert all(is_digest(part.digest) and type(part.size) is int and part.size >= 0 for part in parts)
        assert len(parts) <= MAX_DESCRIPTORS + 1
        assert found.artifact_type is None or found.artifact_type.isprintable()
        assert canonical(found.descriptor.as_dict())


@settings(max_examples=200, deadline=None)
@given(MANIFEST | VALUES)
def test_bootstrap_takes_a_bundles_manifest_or_stops(document: Any) -> None:
    try:
        digest, size = BOOTSTRAP.layer_of(BOOTSTRAP.parse(json.dumps(document).encode()))
    except BOOTSTRAP.Stop as refusal:
        assert refusal.line["code"] == "bundle-malformed"
    else:
        assert is_digest(digest)
        assert 0 < size <= BOOTSTRAP.MAX_LAYER
