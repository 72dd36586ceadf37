"""A layout on disk and a repository in a registry are the same to who uses them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from oci import media_types
from oci.descriptor import Descriptor
from oci.errors import OciError
from oci.layout import Layout
from oci.manifest import image_manifest
from oci.stores import Store
from tests.oci.rig import Rig

BLOB = Descriptor.of("a/b", b"content")
EMPTY = Descriptor.of(media_types.EMPTY_CONFIG, b"{}")
RAW = image_manifest("a/b", [BLOB])


@pytest.fixture(params=["layout", "registry"])
def store(request: pytest.FixtureRequest, rig: Rig, tmp_path: Path) -> Store:
    if request.param == "layout":
        return Layout.create(tmp_path / "layout")
    return rig.registry("publisher").repository("a/b")


def push(store: Store, tag: str | None = None) -> Descriptor:
    store.push_blob(BLOB, b"content")
    store.push_blob(EMPTY, b"{}")
    return store.push_manifest(RAW, media_types.IMAGE_MANIFEST, tag)


def code(action: object, *arguments: object) -> str:
    with pytest.raises(OciError) as refusal:
        action(*arguments)
    return refusal.value.code


def test_a_blob_is_written_once_and_read_back(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert store.push_blob(BLOB, tmp_path / "file")
    assert not store.push_blob(BLOB, b"content")
    assert store.has_blob(BLOB.digest)
    into = io.BytesIO()
    store.get_blob(BLOB, into)
    assert into.getvalue() == b"content"


def test_an_empty_blob_is_a_blob(store: Store) -> None:
    empty = Descriptor.of("a/b", b"")
    assert store.push_blob(empty, b"")
    into = io.BytesIO()
    store.get_blob(empty, into)
    assert into.getvalue() == b""


def test_other_bytes_than_described_do_not_enter(store: Store) -> None:
    assert code(store.push_blob, BLOB, b"CONTENT") in ("oci-digest-mismatch", "oci-push-refused")
    assert not store.has_blob(BLOB.digest)


def test_a_wrong_size_is_noticed_on_reading(store: Store) -> None:
    store.push_blob(BLOB, b"content")
    for size, expected in ((6, "oci-size-mismatch"), (8, "oci-blob-truncated")):
        assert code(store.get_blob, Descriptor("a/b", BLOB.digest, size), io.BytesIO()) == expected


def test_a_tag_names_the_manifest_until_it_moves(store: Store) -> None:
    first = push(store, "latest")
    assert store.resolve("latest") == first == store.resolve(first.digest)
    assert store.has_manifest(first.digest)
    second = store.push_manifest(image_manifest("c/d", [BLOB]), media_types.IMAGE_MANIFEST, "latest")
    assert store.resolve("latest") == second != first
    assert store.get_manifest(first.digest).raw == RAW
    assert store.tags() == ["latest"]


def test_a_manifest_without_tag_is_found_by_digest_only(store: Store) -> None:
    found = push(store)
    assert store.get_manifest(found.digest).artifact_type == "a/b"
    assert code(store.resolve, "latest") == "oci-not-found"


def test_what_is_missing_is_not_found(store: Store) -> None:
    assert code(store.get_blob, BLOB, io.BytesIO()) == "oci-not-found"
    assert code(store.get_manifest, BLOB.digest) == "oci-not-found"
    assert not store.has_manifest(BLOB.digest)


@pytest.mark.parametrize("digest", ["sha256:../../x", "sha256:" + "A" * 64, "md5:" + "0" * 32, ""])
def test_a_malformed_digest_touches_nothing(store: Store, digest: str) -> None:
    assert code(store.has_blob, digest) == "oci-bad-digest"
    assert code(store.get_blob, Descriptor("a/b", digest, 1), io.BytesIO()) == "oci-bad-digest"
