"""What a layout on disk makes of pipes, devices and endless files where its own belong: it reads none of them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from oci import media_types
from oci.errors import OciError
from oci.layout import Layout
from oci.manifest import Manifest
from oci.package import pack_files

pytestmark = pytest.mark.timeout(20)  # a pipe's reader waits for ever


@pytest.fixture
def packed(tmp_path: Path) -> Manifest:
    types = {"artifact_type": media_types.RUNBOOK, "layer_type": media_types.RUNBOOK_SCRIPT}
    return pack_files({"check.py": b"pass"}, Layout.create(tmp_path), **types, tag="1")


def blob(root: Path, digest: str) -> Path:
    return root / "blobs" / "sha256" / digest.removeprefix("sha256:")


PLACES: dict[str, tuple[Callable[[Path, Manifest], Path], Callable[[Layout, Manifest], object]]] = {
    "oci-layout": (lambda root, _: root / "oci-layout", lambda _, __: None),
    "index.json": (lambda root, _: root / "index.json", lambda layout, _: layout.tags()),
    "a manifest": (
        lambda root, packed: blob(root, packed.descriptor.digest),
        lambda layout, _: layout.get_manifest("1"),
    ),
    "a blob": (
        lambda root, packed: blob(root, packed.layers[0].digest),
        lambda layout, packed: layout.get_blob(packed.layers[0], io.BytesIO()),
    ),
}
INSTEAD: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
}


@pytest.mark.parametrize("instead", INSTEAD)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_regular_file_is_refused(
    tmp_path: Path, packed: Manifest, place: str, instead: str
) -> None:
    where, read = PLACES[place]
    where(tmp_path, packed).unlink()
    INSTEAD[instead](where(tmp_path, packed))
    with pytest.raises(OciError) as caught:
        read(Layout.open(tmp_path), packed)
    assert caught.value.code == "oci-layout-invalid"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("place", "code"),
    [("oci-layout", None), ("index.json", "oci-layout-invalid"), ("a manifest", "oci-manifest-too-large")],
)
def test_a_file_of_a_tebibyte_is_not_read_whole(
    tmp_path: Path, packed: Manifest, place: str, code: str | None
) -> None:
    where, read = PLACES[place]
    with where(tmp_path, packed).open("ab") as file:
        file.truncate(1 << 40)
    with pytest.raises(OciError) as caught:
        read(Layout.open(tmp_path), packed)
    assert caught.value.code == (code or "oci-layout-invalid")


def test_a_pipe_in_a_blobs_place_is_replaced_by_what_belongs_there(tmp_path: Path, packed: Manifest) -> None:
    layer = packed.layers[0]
    blob(tmp_path, layer.digest).unlink()
    os.mkfifo(blob(tmp_path, layer.digest))
    layout = Layout.open(tmp_path)
    assert not layout.has_blob(layer.digest)
    assert layout.push_blob(layer, b"pass")
    assert blob(tmp_path, layer.digest).read_bytes() == b"pass"
