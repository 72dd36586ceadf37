from __future__ import annotations

import json

import pytest

from tests.fakes.release_sources import LOCK
from vibedata import bundle
from vibedata.bundle import Wheel
from vibedata.errors import BadInput

WORKER = bundle.target(bundle.WORKER_TARGET)


def test_the_workers_target_is_read_from_its_name() -> None:
    assert (WORKER.python, WORKER.cpu, WORKER.name) == ("3.10", "x86_64", "cp310-manylinux_x86_64")
    assert "manylinux_2_34_x86_64" in WORKER.platforms
    assert WORKER.platforms.index("manylinux_2_17_x86_64") < WORKER.platforms.index("manylinux_2_28_x86_64")


@pytest.mark.parametrize(
    ("implementation", "version", "platform", "machine", "name"),
    [
        ("cpython", (3, 11), "linux", "x86_64", "cp311-manylinux_x86_64"),
        ("cpython", (3, 14), "linux", "aarch64", "cp314-manylinux_aarch64"),
        ("cpython", (3, 12), "darwin", "arm64", "cp312-macosx_arm64"),
        ("cpython", (3, 10), "linux", "AMD64", "cp310-manylinux_x86_64"),
    ],
)
def test_a_machine_knows_its_own_target(
    implementation: str, version: tuple[int, int], platform: str, machine: str, name: str
) -> None:
    assert bundle.target_of(implementation, version, platform, machine).name == name


@pytest.mark.parametrize(
    ("implementation", "version", "platform", "machine"),
    [
        ("pypy", (3, 11), "linux", "x86_64"),
        ("cpython", (3, 9), "linux", "x86_64"),
        ("cpython", (3, 11), "win32", "AMD64"),
        ("cpython", (3, 11), "linux", "riscv64"),
    ],
)
def test_a_machine_without_bundles_is_told_so(
    implementation: str, version: tuple[int, int], platform: str, machine: str
) -> None:
    with pytest.raises(BadInput) as refused:
        bundle.target_of(implementation, version, platform, machine)
    assert refused.value.code == "bundle-target-unknown"


def test_the_locks_markers_are_decided_for_the_target_not_for_this_interpreter() -> None:
    newer = bundle.target("cp312-manylinux_x86_64")
    assert [(row.name, row.version) for row in bundle.locked(LOCK, WORKER)] == [
        ("colours", "2.1"),
        ("shapes-plain", "1.0"),
    ]
    assert [(row.name, row.version) for row in bundle.locked(LOCK, newer)] == [
        ("colours", "3.0"),
        ("shapes-plain", "1.0"),
    ]
    assert bundle.locked(LOCK, WORKER)[0].hashes == {f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"}


@pytest.mark.parametrize(
    "line",
    [
        "colours>=2.1 --hash=sha256:" + "1" * 64,
        "colours==2.1",
        "colours==2.1 --hash=md5:abc",
        "colours @ https://elsewhere.example/colours.whl --hash=sha256:" + "1" * 64,
        "-r other.txt",
        "--index-url https://elsewhere.example",
    ],
)
def test_a_lock_that_leaves_anything_open_is_refused(line: str) -> None:
    with pytest.raises(BadInput) as refused:
        bundle.locked(LOCK + line + "\n", WORKER)
    assert refused.value.code == "lock-unreadable"


def test_a_bundle_says_what_is_in_it() -> None:
    files = bundle.files_of(
        WORKER, [Wheel("colours", "2.1", {"colours.py": b""})], {"oci/__init__.py": b""}, "0.9.0"
    )
    assert list(files) == sorted(files) == ["bundle.json", "colours.py", "oci/__init__.py"]
    assert json.loads(files["bundle.json"]) == {
        "schema": 1,
        "target": "cp310-manylinux_x86_64",
        "python": "3.10",
        "engine": "0.9.0",
        "distributions": [{"name": "colours", "version": "2.1"}],
    }


def test_names_that_differ_only_in_case_are_a_conflict() -> None:
    wheels = [Wheel("one", "1", {"Shared.py": b"1"}), Wheel("two", "1", {"shared.py": b"1"})]
    with pytest.raises(BadInput) as refused:
        bundle.files_of(WORKER, wheels, {}, "0.9.0")
    assert refused.value.code == "bundle-conflict"
