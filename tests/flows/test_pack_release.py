from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.fakes.packed_release import FakePackedRelease
from tests.fakes.release_sources import COMMIT, FakeSources, description
from tests.fakes.wheels import FakeWheels
from vibedata import manifest
from vibedata.catalog import RUNBOOKS
from vibedata.errors import BadInput
from vibedata.flows.pack_release import pack_release
from vibedata.manifest import Manifest
from vibedata.ports import Commit, Summary


def pack(sources: FakeSources, packed: FakePackedRelease | None = None, **given: Any) -> Summary:
    return pack_release(sources=sources, wheels=FakeWheels(), packed=packed or FakePackedRelease(), **given)


def released(packed: FakePackedRelease, version: str) -> Manifest:
    (layer,) = json.loads(packed.blobs[packed.tags[version]])["layers"]
    return manifest.parse(packed.blobs[layer["digest"]])


def test_the_manifest_names_what_was_packed_and_nothing_else() -> None:
    packed = FakePackedRelease()
    found = released(packed, str(pack(FakeSources(), packed, version="1.4.0").data["version"]))
    named = {artifact.digest for artifact in found.artifacts()}
    assert named == {digest for tag, digest in packed.tags.items() if tag != "1.4.0"}
    for row in found.runbooks:
        assert packed.blobs[row.content.digest] == f"print({row.name!r})\n".encode()
        assert len(packed.blobs[row.content.digest]) == row.content.size
    assert [row.name for row in found.runbooks] == [row.verb for row in RUNBOOKS]


def test_the_same_sources_give_the_same_digests_in_whatever_order_they_are_read() -> None:
    other = FakeSources()
    other.package = dict(reversed(other.package.items()))
    other.components = dict(reversed(other.components.items()))
    assert pack(FakeSources()).data == pack(other).data


def test_packing_again_writes_nothing() -> None:
    packed = FakePackedRelease()
    first, second = pack(FakeSources(), packed), pack(FakeSources(), packed)
    assert first.changed == packed.size() > 0
    assert second.changed == 0
    assert second.data == first.data


def test_serial_and_times_follow_from_the_commit() -> None:
    packed = FakePackedRelease()
    release = released(packed, str(pack(FakeSources(), packed).data["version"])).release
    assert release.serial == int(COMMIT.time.timestamp())
    assert release.created_at == COMMIT.time
    assert release.expires == COMMIT.time + timedelta(days=180)


def test_what_is_given_wins_and_needs_no_checkout() -> None:
    packed = FakePackedRelease()
    made = datetime(2026, 3, 1, tzinfo=timezone.utc)
    given: dict[str, Any] = {"version": "2.0.0", "channel": "preview", "serial": 7, "commit": "a" * 40}
    pack(FakeSources(commit=None), packed, created_at=made, expires=made + timedelta(days=1), **given)
    found = released(packed, "2.0.0")
    assert (found.release.channel, found.release.serial, found.suite_commit) == ("preview", 7, "a" * 40)
    assert (found.release.created_at, found.release.expires) == (made, made + timedelta(days=1))


def test_without_a_checkout_something_must_be_given() -> None:
    with pytest.raises(BadInput) as refused:
        pack(FakeSources(commit=None), serial=7)
    assert refused.value.code == "release-commit-unknown"


@pytest.mark.parametrize("what", ["package", "scripts", "components", "locked"])
def test_a_draft_of_other_content_has_another_version(what: str) -> None:
    changed = FakeSources()
    if what == "package":
        changed.package["oci/__init__.py"] = b"# changed\n"
    elif what == "scripts":
        changed.scripts["run_health"] += b"# changed\n"
    elif what == "components":
        changed.components["api"] = {"app.json": b"changed"}
    else:
        changed.locked = changed.locked.replace("4" * 64, "6" * 64)
    before, after = pack(FakeSources()).data, pack(changed).data
    assert before["version"] != after["version"]
    assert str(after["version"]).startswith("1.4.0-draft-")


def test_a_draft_of_another_commit_has_another_version_so_that_both_can_be_published() -> None:
    later = Commit("f" * 40, COMMIT.time + timedelta(days=1))
    assert pack(FakeSources()).data["version"] != pack(FakeSources(commit=later)).data["version"]


def test_an_unchanged_engine_keeps_its_bundle_from_commit_to_commit() -> None:
    later = Commit("f" * 40, COMMIT.time + timedelta(days=1))
    first, second = pack(FakeSources()), pack(FakeSources(commit=later))
    assert first.data["bundles"] == second.data["bundles"]
    assert first.data["release"] != second.data["release"]


def test_each_target_has_its_own_bundle_of_its_own_wheels() -> None:
    wheels, packed = FakeWheels(), FakePackedRelease()
    targets = ["cp310-manylinux_x86_64", "cp312-manylinux_x86_64"]
    done = pack_release(sources=FakeSources(), wheels=wheels, packed=packed, targets=targets)
    assert len(set(done.data["bundles"].values())) == 2
    assert [row for row in wheels.asked if row[1] == "colours"] == [
        (targets[0], "colours", "2.1"),
        (targets[1], "colours", "3.0"),
    ]
    assert "winonly" not in {name for _, name, _ in wheels.asked}


def test_a_release_that_breaks_the_contract_is_not_tagged() -> None:
    sources, packed = FakeSources(), FakePackedRelease()
    sources.described["components"][2]["dependsOn"] = ["ghost"]
    with pytest.raises(BadInput) as refused:
        pack(sources, packed, version="1.4.0")
    assert refused.value.code == "manifest-invalid"
    assert "no component is named ghost" in json.dumps(refused.value.detail)
    assert "1.4.0" not in packed.tags


def test_the_release_is_tagged_last() -> None:
    packed = FakePackedRelease()
    pack(FakeSources(), packed, version="1.4.0")
    assert packed.order[-1] == "1.4.0"


def test_a_component_without_files_is_refused_before_anything_is_packed() -> None:
    sources, packed = FakeSources(), FakePackedRelease()
    del sources.components["studio"]
    with pytest.raises(BadInput) as refused:
        pack(sources, packed)
    assert refused.value.code == "release-source-missing"
    assert packed.size() == 0


@pytest.mark.parametrize(
    "broken",
    [
        {k: v for k, v in description().items() if k != "channel"},
        description(surprise=1),
        description(components={}),
        description(components=[{"kind": "container"}]),
        description(validDays="180"),
    ],
)
def test_a_description_that_is_not_as_it_should_be_is_refused(broken: dict[str, Any]) -> None:
    sources = FakeSources()
    sources.described = broken
    with pytest.raises(BadInput) as refused:
        pack(sources)
    assert refused.value.code == "release-description"


def test_two_distributions_with_the_same_file_are_refused() -> None:
    clash = FakeWheels({"colours": {"shared.py": b"1"}, "shapes-plain": {"shared.py": b"2"}})
    with pytest.raises(BadInput) as refused:
        pack_release(sources=FakeSources(), wheels=clash, packed=FakePackedRelease())
    assert refused.value.code == "bundle-conflict"
    same = FakeWheels({"colours": {"shared.py": b"1"}, "shapes-plain": {"shared.py": b"1"}})
    assert pack_release(sources=FakeSources(), wheels=same, packed=FakePackedRelease()).changed


def test_a_distribution_cannot_replace_the_engine() -> None:
    clash = FakeWheels({"colours": {"oci/__init__.py": b"evil()"}})
    with pytest.raises(BadInput) as refused:
        pack_release(sources=FakeSources(), wheels=clash, packed=FakePackedRelease())
    assert refused.value.code == "bundle-conflict"
