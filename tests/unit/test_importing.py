from __future__ import annotations

import json
import threading
import time

import pytest

from tests.builders.manifest import sample_bytes, sample_manifest
from vibedata import importing, manifest
from vibedata.errors import BadInput, Failed
from vibedata.importing import Found, Import, Item
from vibedata.parallel import in_parallel

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
ITEM = Item("api", "vibedata/components/api", DIGEST, "v1")


def items(**changes: object) -> tuple[Item, ...]:
    return importing.wanted("vibedata/release", DIGEST, manifest.parse(sample_bytes(**changes)), "v1")


def test_the_order_is_release_components_runbooks_bundles_each_by_name() -> None:
    names = [item.name for item in items()]
    assert names[:4] == ["release", "alert-functions", "api", "studio"]
    assert names[4:8] == sorted(names[4:8]) and all(name.startswith("runbook ") for name in names[4:8])
    assert names[8:] == ["bundle cp310-manylinux_x86_64"]


def test_the_order_does_not_depend_on_the_manifests() -> None:
    turned = sample_manifest()["components"][::-1]
    assert items(components=turned) == items()


def test_resources_without_an_artifact_are_not_imported() -> None:
    assert not {"postgres", "key-vault"} & {item.name for item in items()}


def test_two_targets_with_one_bundle_get_a_tag_each() -> None:
    bundle = sample_manifest()["bundles"]["cp310-manylinux_x86_64"]
    both = items(bundles={"cp310-manylinux_x86_64": bundle, "cp312-manylinux_x86_64": bundle})
    assert [item.tag for item in both[-2:]] == ["v1-cp310-manylinux_x86_64", "v1-cp312-manylinux_x86_64"]


@pytest.mark.parametrize("tag", ["", "latest", "a b", "-x", "x" * 129, "a/b", "a:b"])
def test_a_bad_image_tag_is_refused(tag: str) -> None:
    with pytest.raises(BadInput) as caught:
        importing.wanted("vibedata/release", DIGEST, manifest.parse(sample_bytes()), tag)
    assert caught.value.code == "image-tag-invalid"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Found(True, DIGEST), ()),
        (Found(False, None), (Import(ITEM, force=False, new_image=True),)),
        (Found(True, None), (Import(ITEM, force=False, new_image=False),)),
        (Found(True, OTHER), (Import(ITEM, force=True, new_image=False),)),
        (Found(False, OTHER), (Import(ITEM, force=True, new_image=True),)),
    ],
)
def test_what_is_missing_is_imported_and_a_moved_tag_is_forced(
    found: Found, expected: tuple[Import, ...]
) -> None:
    assert importing.imports([ITEM], [found]) == expected


def test_signatures_are_looked_for_under_both_tags() -> None:
    assert ITEM.signature_tags == ("sha256-" + "a" * 64, "sha256-" + "a" * 64 + ".sig")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"layers": []}',
        b'{"layers": [{"digest": "sha256:x", "size": 1}]}',
        json.dumps({"layers": [{"digest": DIGEST, "size": -1}]}).encode(),
        json.dumps({"layers": [{"digest": DIGEST, "size": True}]}).encode(),
        json.dumps({"layers": [{"digest": DIGEST, "size": 1}] * 2}).encode(),
        json.dumps({"layers": [{"digest": DIGEST, "size": 2**21}]}).encode(),
        b"[" * 100_000,
    ],
)
def test_a_malformed_release_artifact_is_refused(raw: bytes) -> None:
    with pytest.raises(Failed) as caught:
        importing.manifest_layer(raw, "release")
    assert caught.value.code == "artifact-malformed"


def test_semantic_versions_are_ordered_as_semver_says() -> None:
    ordered = ["0.9.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    ordered += ["1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"]
    assert [*sorted(set(ordered), key=importing.precedence)] == ordered


def test_in_parallel_keeps_the_order_and_the_limit() -> None:
    running, most, lock, together = 0, 0, threading.Lock(), threading.Barrier(2)

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        if number < 2:
            together.wait(60)  # one alone would wait for ever
        time.sleep(0.005)
        with lock:
            running -= 1
        return number * 2

    assert in_parallel(work, range(40), at_once=8) == [number * 2 for number in range(40)]
    assert 1 < most <= 8


def test_in_parallel_raises_the_first_error_in_order_and_starts_nothing_more() -> None:
    started: list[int] = []

    def work(number: int) -> None:
        started.append(number)
        time.sleep(0.02)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        in_parallel(work, range(3000), at_once=4)
    assert len(started) < 3000  # it takes four of them a quarter of a minute


def test_in_parallel_stops_when_the_beat_fails() -> None:
    def beat() -> None:
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        in_parallel(lambda number: time.sleep(0.01), range(3), at_once=1, beat=beat)


def test_in_parallel_of_nothing() -> None:
    assert in_parallel(lambda item: item, [], at_once=8) == []
