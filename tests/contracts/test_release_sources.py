"""Where a release is packed from: the fake, and a git checkout."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.fakes.release_sources import LOCK, FakeSources, description
from tests.fakes.wheels import FakeWheels
from vibedata.adapters.release_files import Checkout
from vibedata.adapters.release_store import LayoutRelease
from vibedata.errors import BadInput
from vibedata.flows.pack_release import pack_release
from vibedata.ports import ReleaseSources

MADE = 1_769_860_800
GIT = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_COMMITTER_DATE": f"{MADE} +0100",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "PATH": os.environ["PATH"],
}


def write(root: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], env=GIT, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A committed checkout with the sources of the fake."""
    fake, root = FakeSources(), tmp_path / "checkout"
    write(root, {**fake.package, "requirements-worker.txt": fake.locked.encode()})
    write(root, {f"runbooks/{verb}.py": script for verb, script in fake.scripts.items()})
    write(root, {"demo/release/release.json": json.dumps(description()).encode()})
    for name, files in fake.components.items():
        write(root, {f"demo/release/components/{name}/{path}": content for path, content in files.items()})
    write(root, {".gitignore": b"*.pyc\n__pycache__/\n", "README.md": b"# not part of a release\n"})
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "first")
    return root


@pytest.fixture(params=["fake", "checkout"])
def sources(request: pytest.FixtureRequest, checkout: Path) -> ReleaseSources:
    return FakeSources() if request.param == "fake" else Checkout(checkout)


def test_every_source_is_found(sources: ReleaseSources) -> None:
    fake = FakeSources()
    assert sources.engine() == fake.package
    assert sources.description() == description()
    assert sources.lock() == LOCK
    assert sources.runbook("run_health") == fake.scripts["run_health"]
    assert sources.component("api") == {"app.json": b"api"}
    assert len(sources.commit().id) == 40
    assert sources.commit().time.tzinfo is timezone.utc


@pytest.mark.parametrize("missing", ["runbook", "component"])
def test_what_is_not_there_is_told(sources: ReleaseSources, missing: str) -> None:
    with pytest.raises(BadInput) as refused:
        getattr(sources, missing)("ghost")
    assert refused.value.code == "release-source-missing"


def test_a_clean_checkout_has_its_commits_time(checkout: Path) -> None:
    commit = Checkout(checkout).commit()
    assert commit.id == git(checkout, "rev-parse", "HEAD")
    assert commit.time == datetime.fromtimestamp(MADE, timezone.utc)


def test_two_clones_of_a_commit_give_the_same_layout_byte_for_byte(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "clone", "--quiet", str(checkout), str(tmp_path / "clone"))
    layouts = [tmp_path / "one", tmp_path / "two"]
    for root, layout in zip((checkout, tmp_path / "clone"), layouts, strict=True):
        pack_release(sources=Checkout(root), wheels=FakeWheels(), packed=LayoutRelease(layout))
    first, second = ({p.relative_to(d): p.read_bytes() for p in d.rglob("*") if p.is_file()} for d in layouts)
    assert first == second
    assert len(first) > 10


def test_a_changed_source_moves_the_time_so_that_the_serial_grows(checkout: Path) -> None:
    for name in ("vibedata/__main__.py", "vibedata/untracked.py"):
        path = checkout / name
        path.write_bytes(b"# changed\n")
        os.utime(path, (MADE + 100, MADE + 100))
        assert Checkout(checkout).commit().time.timestamp() == MADE + 100
        path.unlink() if "untracked" in name else git(checkout, "checkout", "--", name)


def test_what_is_not_packed_does_not_move_the_time(checkout: Path) -> None:
    (checkout / "README.md").write_bytes(b"# changed\n")
    (checkout / "vibedata/__main__.pyc").write_bytes(b"")
    assert Checkout(checkout).commit().time.timestamp() == MADE


def test_compiled_and_foreign_files_are_no_part_of_the_engine(checkout: Path) -> None:
    before = Checkout(checkout).engine()
    write(
        checkout,
        {
            "vibedata/__pycache__/x.cpython-311.py": b"",
            "vibedata/x.pyc": b"",
            "oci/notes.txt": b"",
            "demo/x.py": b"",
        },
    )
    assert Checkout(checkout).engine() == before


def test_a_link_is_not_followed(checkout: Path) -> None:
    (checkout / "vibedata" / "link.py").symlink_to("/etc/hostname")
    with pytest.raises(BadInput) as refused:
        Checkout(checkout).engine()
    assert refused.value.code == "release-source-missing"


def test_a_folder_that_is_no_checkout_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        Checkout(tmp_path).commit()
    assert refused.value.code == "release-commit-unknown"
    assert "serial" in refused.value.hint


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_description_that_cannot_be_read_is_refused(checkout: Path, content: bytes) -> None:
    (checkout / "demo/release/release.json").write_bytes(content)
    with pytest.raises(BadInput) as refused:
        Checkout(checkout).description()
    assert refused.value.code == "release-source-refused"
