"""Wheels: a fake that always has them, and the cache that believes them only by hash."""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fakes.wheels import FakeWheels
from vibedata import bundle
from vibedata.adapters.wheels import WheelCache, read_wheel
from vibedata.bundle import Locked
from vibedata.errors import Failed, Transient
from vibedata.ports import Wheels

TARGET = bundle.target(bundle.WORKER_TARGET)
NO_PIP = "/nonexistent/python"


def wheel_bytes(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return out.getvalue()


def cached(
    cache: Path, name: str = "colours", version: str = "2.1", files: Mapping[str, bytes] | None = None
) -> Locked:
    """Put a wheel into the cache and return how a lock names it."""
    raw = wheel_bytes(files or {f"{name}.py": b"version = '2.1'\n"})
    folder = cache / TARGET.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl").write_bytes(raw)
    return Locked(name, version, frozenset({"sha256:" + hashlib.sha256(raw).hexdigest()}))


@pytest.fixture(params=["fake", "cache"])
def wheels(request: pytest.FixtureRequest, tmp_path: Path) -> Wheels:
    return FakeWheels() if request.param == "fake" else WheelCache(tmp_path, NO_PIP)


def test_every_locked_distribution_comes_in_the_order_asked(wheels: Wheels, tmp_path: Path) -> None:
    locked = [cached(tmp_path, "shapes-plain", "1.0"), cached(tmp_path, "colours")]
    found = wheels.fetch(TARGET, locked)
    assert [(wheel.name, wheel.version) for wheel in found] == [("shapes-plain", "1.0"), ("colours", "2.1")]
    assert found[1].files["colours.py"].startswith(b"version = '2.1'")


def test_nothing_locked_needs_nothing(wheels: Wheels) -> None:
    assert wheels.fetch(TARGET, []) == []


def test_a_wheel_whose_hash_the_lock_does_not_name_is_not_used(tmp_path: Path) -> None:
    locked = cached(tmp_path)
    forged = wheel_bytes({"colours.py": b"evil()"})
    (tmp_path / TARGET.name / "colours-2.1-py3-none-any.whl").write_bytes(forged)
    with pytest.raises(Transient) as refused:
        WheelCache(tmp_path, NO_PIP).fetch(TARGET, [locked])
    assert refused.value.code == "wheels-unavailable"


def test_what_pip_cannot_find_is_told_with_the_reason(tmp_path: Path) -> None:
    unknown = Locked("vibedata-no-such-thing", "1.0", frozenset({f"sha256:{'0' * 64}"}))
    fake_pip = tmp_path / "python"
    fake_pip.write_text(
        "#!/bin/sh\necho WARNING: noise >&2\necho WARNING: Retrying: no route >&2\n"
        "echo ERROR: No matching distribution >&2\nexit 1\n"
    )
    fake_pip.chmod(0o755)
    with pytest.raises(Transient) as refused:
        WheelCache(tmp_path / "cache", str(fake_pip)).fetch(TARGET, [unknown])
    assert refused.value.code == "wheels-unavailable"
    assert refused.value.message.endswith("WARNING: Retrying: no route ERROR: No matching distribution")


def test_what_pip_brings_is_checked_again(tmp_path: Path) -> None:
    source = tmp_path / "forged.whl"
    source.write_bytes(wheel_bytes({"colours.py": b"evil()"}))
    fake_pip = tmp_path / "python"
    fake_pip.write_text(
        f'#!/bin/sh\nfor last; do dest="$last"; done\ncp "{source}" "$dest/colours-2.1-py3-none-any.whl"\n'
    )
    fake_pip.chmod(0o755)
    wanted = Locked("colours", "2.1", frozenset({f"sha256:{'0' * 64}"}))
    with pytest.raises(Failed) as refused:
        WheelCache(tmp_path / "cache", str(fake_pip)).fetch(TARGET, [wanted])
    assert refused.value.code == "wheel-refused"


def test_pip_is_asked_for_the_targets_wheels_only(tmp_path: Path) -> None:
    told = tmp_path / "told"
    fake_pip = tmp_path / "python"
    fake_pip.write_text(f'#!/bin/sh\necho "$@" > "{told}"\nexit 1\n')
    fake_pip.chmod(0o755)
    with pytest.raises(Transient):
        WheelCache(tmp_path / "cache", str(fake_pip)).fetch(TARGET, [Locked("colours", "2.1", frozenset())])
    asked = told.read_text()
    for option in ("--require-hashes", "--only-binary=:all:", "--abi cp310", "--python-version 3.10"):
        assert option in asked


@pytest.mark.parametrize("name", ["/etc/passwd", "../up.py", "pkg/../../up.py", "pkg\\up.py", "C:/up.py"])
def test_a_wheel_with_a_file_that_leaves_the_tree_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "evil-1-py3-none-any.whl"
    path.write_bytes(wheel_bytes({name: b""}))
    with pytest.raises(Failed) as refused:
        read_wheel(path)
    assert refused.value.code == "wheel-refused"


def test_a_wheel_with_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("pkg/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(Failed) as refused:
        read_wheel(path)
    assert "link" in refused.value.message


def test_a_wheel_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(600))
        archive.writestr("b", bytes(600))
    assert len(read_wheel(path, limit=1200)) == 2
    with pytest.raises(Failed) as refused:
        read_wheel(path, limit=1199)
    assert "unpacks to more than" in refused.value.message


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil-1-py3-none-any.whl"
    path.write_bytes(b"no zip")
    with pytest.raises(Failed) as refused:
        read_wheel(path)
    assert refused.value.code == "wheel-refused"


def test_only_what_an_interpreter_imports_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "colours-2.1-py3-none-any.whl"
    path.write_bytes(
        wheel_bytes(
            {
                "colours/__init__.py": b"1",
                "colours/__pycache__/x.pyc": b"2",
                "colours-2.1.data/purelib/colours/extra.py": b"3",
                "colours-2.1.data/scripts/colours": b"4",
                "colours-2.1.data/headers/colours.h": b"5",
                "colours-2.1.dist-info/METADATA": b"6",
                "colours-2.1.dist-info/licenses/LICENSE": b"7",
            }
        )
    )
    assert read_wheel(path) == {
        "colours/__init__.py": b"1",
        "colours/extra.py": b"3",
        "colours-2.1.dist-info/METADATA": b"6",
        "colours-2.1.dist-info/licenses/LICENSE": b"7",
    }
