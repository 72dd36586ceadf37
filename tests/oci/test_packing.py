from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oci.archive import Entry, entries_of, write_tar
from oci.descriptor import sha256
from oci.errors import OciError
from oci.extract import extract
from oci.layout import Layout
from oci.package import pack_files, pack_tree

ROOT = Path(__file__).resolve().parents[2]
WORD = st.text(st.characters(whitelist_categories=("Ll", "Nd"), max_codepoint=0x2FF), min_size=1, max_size=12)
NAMES = st.lists(st.lists(WORD, min_size=1, max_size=4).map("/".join), max_size=8)
GOLDEN = "sha256:ead5402a6597c4186d9210f02f1295171c75cb4e0b6cf493444ac1ebba967ec8"


def tar_of(entries: list[Entry]) -> bytes:
    out = io.BytesIO()
    assert write_tar(entries, out) == len(out.getvalue())
    return out.getvalue()


def clean(names: list[str]) -> list[str]:
    """Keep what fits together: no name twice in any case, none that is another's folder."""
    kept: dict[str, str] = {}
    for name in names:
        key = name.casefold()
        if not any(key == k or key.startswith(k + "/") or k.startswith(key + "/") for k in kept):
            kept[key] = name
    parents: dict[str, str] = {}
    for name in list(kept.values()):
        for depth in range(1, name.count("/") + 1):
            parent = "/".join(name.split("/")[:depth])
            if parents.setdefault(parent.casefold(), parent) != parent:
                kept.pop(name.casefold(), None)
    return list(kept.values())


@settings(max_examples=60, deadline=None)
@given(NAMES, st.binary(max_size=1500), st.randoms())
def test_packing_does_not_depend_on_order_and_standard_tar_reads_it(
    names: list[str], content: bytes, shuffle: random.Random
) -> None:
    entries = [Entry(name, content[index:], index % 2 == 0) for index, name in enumerate(clean(names))]
    packed = tar_of(entries)
    shuffle.shuffle(entries)
    assert tar_of(entries) == packed
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as standard:
        read = {m.name: (standard.extractfile(m).read(), m.mode, m.mtime, m.uid) for m in standard}
    assert read == {e.name: (e.source, 0o755 if e.executable else 0o644, 0, 0) for e in entries}


@settings(max_examples=40, deadline=None)
@given(NAMES, st.binary(max_size=1500))
def test_what_is_packed_unpacks_to_the_same(names: list[str], content: bytes) -> None:
    entries = [Entry(name, content[index:], index % 2 == 0) for index, name in enumerate(clean(names))]
    with tempfile.TemporaryDirectory() as scratch:
        archive, target = Path(scratch, "a.tar"), Path(scratch, "out")
        archive.write_bytes(tar_of(entries))
        assert extract(archive, target).files == len(entries)
        found = entries_of(target)
        assert tar_of(found) == tar_of(entries)


def test_time_mode_owner_and_umask_of_the_source_do_not_count(tmp_path: Path) -> None:
    digests = set()
    for number, (mode, when) in enumerate([(0o600, 0), (0o664, 1_700_000_000)]):
        folder = tmp_path / str(number)
        (folder / "b").mkdir(parents=True)
        (folder / "empty").mkdir()
        for name in ("b/two.py", "a.py"):
            (folder / name).write_bytes(name.encode())
            (folder / name).chmod(mode)
            os.utime(folder / name, (when, when))
        layout = Layout.create(tmp_path / f"layout{number}")
        packed = pack_tree(folder, layout, artifact_type="a/b", layer_type="a/c.tar", tag="1")
        digests.add(packed.descriptor.digest)
    assert len(digests) == 1


def test_the_digest_of_a_known_input_never_changes(tmp_path: Path) -> None:
    layout = Layout.create(tmp_path)
    entries = [
        Entry("run.py", b"print('hello')\n", True),
        Entry("pkg/data/ä.json", b"{}"),
        Entry("z" * 90 + "/" + "y" * 90, b""),
    ]
    manifest = pack_tree(
        entries, layout, artifact_type="application/vnd.example", layer_type="application/x-tar",
        annotations={"b": "ü", "a": "1"},
    )  # fmt: skip
    assert manifest.descriptor.digest == GOLDEN


def other_interpreter() -> str | None:
    found = [shutil.which(f"python3.{minor}") for minor in range(10, 15)]
    found += sorted(str(path) for path in Path.home().glob(".pyenv/versions/3.1*/bin/python"))
    for python in filter(None, found):
        told = subprocess.run(
            [python, "-c", "import sys;print(*sys.version_info[:2])"], capture_output=True, text=True
        )
        major, _, minor = told.stdout.strip().partition(" ")
        if told.returncode == 0 and (int(major), int(minor)) != sys.version_info[:2]:
            return python
    return None


def test_another_interpreter_packs_the_same() -> None:
    interpreter = other_interpreter()
    if interpreter is None:
        pytest.skip("no other interpreter on this machine")
    code = (
        "import io;from oci.archive import *;from oci.descriptor import sha256;o=io.BytesIO();"
        "write_tar([Entry('b/\\xe4.py',b'x'*700,True),Entry('a',b'')],o);print(sha256(o.getvalue()))"
    )
    environment = {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "7",
        "LC_ALL": "C",
    }
    run = subprocess.run([interpreter, "-c", code], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == sha256(tar_of([Entry("b/ä.py", b"x" * 700, True), Entry("a", b"")]))


@pytest.mark.parametrize(
    "names",
    [
        ["../up"],
        ["/etc"],
        ["a//b"],
        ["a/./b"],
        ["A", "a"],
        ["a", "a"],
        ["a\nb"],
        ["a\\b"],
        ["x" * 101],
        [""],
    ],
)
def test_names_that_do_not_travel_are_not_packed(names: list[str]) -> None:
    with pytest.raises(OciError) as refusal:
        tar_of([Entry(name, b"") for name in names])
    assert refusal.value.code == "oci-pack-input"


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_links_and_special_files_are_not_packed(kind: str, tmp_path: Path) -> None:
    if kind == "link":
        (tmp_path / "x").symlink_to("/etc/passwd")
    else:
        os.mkfifo(tmp_path / "x")
    with pytest.raises(OciError) as refusal:
        entries_of(tmp_path)
    assert refusal.value.code == "oci-pack-input"


def test_files_become_layers_in_name_order_with_titles(tmp_path: Path) -> None:
    layout = Layout.create(tmp_path)
    types = {"artifact_type": "a/b", "layer_type": "a/c"}
    first = pack_files({"b": b"2", "a": b"1"}, layout, **types, tag="x")
    again = pack_files({"a": b"1", "b": b"2"}, layout, **types, tag="x")
    assert first.raw == again.raw
    assert [layer.annotations["org.opencontainers.image.title"] for layer in first.layers] == ["a", "b"]
    assert layout.resolve("x") == first.descriptor


def test_packing_twice_leaves_the_layout_as_it_is(tmp_path: Path) -> None:
    layout = Layout.create(tmp_path)
    snapshots = []
    for _ in range(2):
        pack_files({"a": b"1"}, layout, artifact_type="a/b", layer_type="a/c", tag="x")
        snapshots.append(
            {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
        )
    assert snapshots[0] == snapshots[1]
