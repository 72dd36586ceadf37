from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oci.archive import entries_of
from oci.errors import OciError
from oci.extract import Limits, extract
from tests.oci.hostile import CASES, archive, file, good


def unpack(raw: bytes, folder: Path, limits: Limits | None = None) -> Path:
    (folder / "a.tar").write_bytes(raw)
    extract(folder / "a.tar", folder / "into" / "out", limits)
    return folder / "into" / "out"


def left_behind(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name not in ("a.tar", "into")]


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_archive_is_refused_and_leaves_nothing(case: str, tmp_path: Path) -> None:
    code, make = CASES[case]
    with pytest.raises(OciError) as refusal:
        unpack(make(), tmp_path)
    assert refusal.value.code == code
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(entries=1), "oci-archive-too-many"),
        (Limits(bytes=600), "oci-archive-too-large"),
        (Limits(name=2), "oci-archive-name"),
    ],
)
def test_limits_hold(limits: Limits, code: str, tmp_path: Path) -> None:
    with pytest.raises(OciError) as refusal:
        unpack(good(), tmp_path, limits)
    assert refusal.value.code == code
    assert left_behind(tmp_path) == []


def test_what_just_fits_is_unpacked(tmp_path: Path) -> None:
    out = unpack(good(), tmp_path, Limits(entries=2, bytes=601, name=3))
    assert (out / "a").read_bytes() == b"x" * 600
    assert (out / "b/c").stat().st_mode & 0o777 == 0o755
    assert (out / "a").stat().st_mode & 0o777 == 0o644
    assert (out / "b").stat().st_mode & 0o777 == out.stat().st_mode & 0o777 == 0o755


def test_set_user_id_does_not_survive(tmp_path: Path) -> None:
    out = unpack(archive(("x", {"mode": 0o6777, "content": b"x"})), tmp_path)
    assert (out / "x").stat().st_mode & 0o7777 == 0o755


def test_an_existing_target_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "into/out").mkdir(parents=True)
    (tmp_path / "into/out/mine").touch()
    with pytest.raises(OciError) as refusal:
        unpack(good(), tmp_path)
    assert refusal.value.code == "oci-target-exists"
    assert [path.name for path in (tmp_path / "into").iterdir()] == ["out"]


def test_a_dangling_link_as_target_is_refused(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into/out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OciError) as refusal:
        unpack(good(), tmp_path)
    assert refusal.value.code == "oci-target-exists"


def test_archives_of_standard_tools_are_understood(tmp_path: Path) -> None:
    directory = ("pkg", {"type": tarfile.DIRTYPE, "mode": 0o700})
    dated = ("pkg/ä", {"mtime": 1.5, "content": b"x", "uname": "ü"})
    out = unpack(
        archive(("./", {"type": tarfile.DIRTYPE}), directory, file("./pkg/b"), dated, pax=True), tmp_path
    )
    assert [entry.name for entry in sorted(entries_of(out), key=lambda e: e.name)] == ["pkg/b", "pkg/ä"]


NAMES = st.text(st.sampled_from("ab./\\ .A\u00e9e\u0301\x00\x7f"), max_size=12) | st.sampled_from(
    ["..", "/", "a/../b"]
)
KINDS = st.sampled_from(
    [tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NAMES, KINDS, st.binary(max_size=20)), max_size=4), st.booleans())
@example([("a", tarfile.SYMTYPE, b""), ("a/b", tarfile.REGTYPE, b"x")], False)
def test_nothing_ever_lands_outside(members: list[tuple[str, bytes, bytes]], pax: bool) -> None:
    raw = archive(
        *((n, {"type": k, "linkname": "/tmp", "content": c if k in b"0\0" else b""}) for n, k, c in members),
        pax=pax,
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        try:
            out = unpack(raw, folder)
        except OciError as refusal:
            assert refusal.code.startswith("oci-archive-")
            assert left_behind(folder) == []
        else:
            assert not any(path.is_symlink() for path in out.rglob("*"))
            inside = {path.relative_to(folder).parts[:2] for path in left_behind(folder)}
            assert inside == {("into", "out")}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_archives_are_refused_or_read_whole(data: st.DataObject) -> None:
    raw = bytearray(good())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(raw)))
    with tempfile.TemporaryDirectory() as scratch:
        try:
            out = unpack(bytes(raw[:end]), Path(scratch))
        except OciError:
            assert left_behind(Path(scratch)) == []
        else:
            assert end == len(raw)
            assert len(entries_of(out)) == 2


def test_a_reader_that_fails_midway_leaves_nothing(tmp_path: Path) -> None:
    out = io.BytesIO(good())
    out.truncate(700)
    with pytest.raises(OciError):
        unpack(out.getvalue(), tmp_path)
    assert left_behind(tmp_path) == []
