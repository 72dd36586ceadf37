"""A packed release: the fake in memory, and an OCI image layout on disk."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests import peers
from tests.fakes.packed_release import FakePackedRelease
from vibedata.adapters.release_store import LayoutRelease
from vibedata.errors import BadInput
from vibedata.manifest import digest_of
from vibedata.ports import PackedRelease
from vibedata.release import Packed

FILES = {"b.txt": b"two", "a.txt": b"one"}


@pytest.fixture(params=["fake", "layout"])
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> PackedRelease:
    return FakePackedRelease() if request.param == "fake" else LayoutRelease(tmp_path / "layout")


def add(packed: PackedRelease, files: dict[str, bytes], tag: str, *, tree: bool = False) -> Packed:
    pack = packed.add_tree if tree else packed.add_files
    return pack(files, artifact_type="application/vnd.test.v1", layer_type="application/vnd.test.v1", tag=tag)


def test_one_file_is_its_own_content(packed: PackedRelease) -> None:
    done = add(packed, {"a.txt": b"one"}, "a")
    assert done.content is not None
    assert (done.content.digest, done.content.size) == (digest_of(b"one"), 3)
    assert done.media_type == "application/vnd.oci.image.manifest.v1+json"


def test_several_files_have_no_single_content_and_a_tree_has(packed: PackedRelease) -> None:
    assert add(packed, FILES, "files").content is None
    assert add(packed, FILES, "tree", tree=True).content is not None


@pytest.mark.parametrize("tree", [False, True])
def test_order_does_not_matter_and_packing_again_adds_nothing(packed: PackedRelease, tree: bool) -> None:
    first = add(packed, FILES, "one", tree=tree)
    size = packed.size()
    assert size > 0
    assert add(packed, dict(sorted(FILES.items())), "two", tree=tree) == first
    assert packed.size() == size


def test_other_content_is_another_artifact(packed: PackedRelease) -> None:
    assert add(packed, {"a": b"1"}, "a").digest != add(packed, {"a": b"2"}, "a").digest
    assert add(packed, {"a": b"1"}, "a").digest != add(packed, {"b": b"1"}, "a").digest


def test_what_was_packed_is_read_again_by_its_tag(packed: PackedRelease) -> None:
    done = add(packed, {"a.txt": b"one"}, "v1")
    assert packed.packed("v1") == (done.digest, b"one")
    assert packed.packed_tags() == ["v1"]
    again = add(packed, {"a.txt": b"two"}, "v1")
    assert packed.packed("v1") == (again.digest, b"two")
    with pytest.raises(BadInput) as refused:
        packed.packed("v2")
    assert refused.value.code == "release-not-packed"


def test_a_folder_is_made_a_layout_only_where_it_shall_be(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        LayoutRelease(tmp_path / "none", create=False)
    assert refused.value.code == "release-not-packed"
    assert not (tmp_path / "none").exists()


def test_a_layout_gives_the_same_digests_wherever_it_lies(tmp_path: Path) -> None:
    one, two = (add(LayoutRelease(tmp_path / name), FILES, "v1", tree=True) for name in ("one", "two"))
    assert one == two


def test_a_layout_is_one_to_other_tools(tmp_path: Path) -> None:
    skopeo = peers.command("skopeo", "skopeo")
    done = add(LayoutRelease(tmp_path / "layout"), {"a.txt": b"one"}, "v1")
    command = [skopeo, "inspect", "--raw", f"oci:{tmp_path / 'layout'}:v1"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    assert digest_of(raw) == done.digest
    assert json.loads(raw)["artifactType"] == "application/vnd.test.v1"


def test_a_folder_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("not a layout")
    with pytest.raises(BadInput) as refused:
        LayoutRelease(tmp_path)
    assert refused.value.code == "release-not-packed"
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_names_that_leave_the_tree_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        add(LayoutRelease(tmp_path / "layout"), {"../up": b""}, "v1", tree=True)
