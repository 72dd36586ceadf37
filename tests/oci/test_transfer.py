"""Artifacts of one run beside each other: what they share, what they don't, and what is let go of when one fails."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from oci.copying import Copied, Order, copy_all
from oci.descriptor import Descriptor
from oci.errors import OciError
from oci.layout import Layout
from oci.manifest import Manifest, canonical
from oci.package import pack_files
from oci.transfer import Artifact, Shared
from oci.workers import Workers
from tests.oci.pair import MEGABYTE, TYPES
from tests.oci.rig import Rig

SHARED = b"what both artifacts name" * 100


@pytest.fixture
def source(tmp_path: Path) -> Layout:
    return Layout.create(tmp_path / "source")


@pytest.fixture
def target(tmp_path: Path) -> Layout:
    return Layout.create(tmp_path / "target")


def with_size(layout: Layout, packed: Manifest, size: int, tag: str) -> None:
    """Add a manifest that gives the same layer another size."""
    body = json.loads(packed.raw)
    body["layers"][0]["size"] = size
    layout.push_manifest(canonical(body), packed.descriptor.media_type, tag)


def codes(outcomes: list[Copied | OciError]) -> list[str]:
    return [each.code if isinstance(each, OciError) else "" for each in outcomes]


@pytest.mark.parametrize(("lie", "code"), [(-1, "oci-size-mismatch"), (1, "oci-blob-truncated")])
def test_an_artifact_that_lies_about_a_blob_spoils_it_for_no_other(
    source: Layout, target: Layout, lie: int, code: str
) -> None:
    packed = pack_files({"f": SHARED}, source, **TYPES, tag="honest")
    with_size(source, packed, len(SHARED) + lie, "liar")
    orders = [Order(source, tag, target, tag) for tag in ("liar", "honest")]
    assert codes(copy_all(orders, jobs=1)) == [code, ""]
    assert target.tags() == ["honest"]


def test_a_source_without_a_blob_spoils_it_for_no_other(
    source: Layout, target: Layout, tmp_path: Path
) -> None:
    poor = Layout.create(tmp_path / "poor")
    for layout in (source, poor):
        packed = pack_files({"f": SHARED}, layout, **TYPES, tag="1")
    (tmp_path / "poor" / "blobs" / "sha256" / packed.layers[0].digest.removeprefix("sha256:")).unlink()
    orders = [Order(poor, "1", target, "poor"), Order(source, "1", target, "rich")]
    assert codes(copy_all(orders, jobs=1)) == ["oci-not-found", ""]
    assert target.tags() == ["rich"]


class AtOnce:
    """Workers that have done a task by the time that `add` returns, as quick ones may."""

    def add(self, task: Callable[[], None]) -> None:
        task()


def test_what_is_sent_at_once_counts_as_sent(source: Layout, target: Layout) -> None:
    pack_files({"f": SHARED}, source, **TYPES, tag="1")
    artifact = Artifact(Order(source, "1", target, "1"), Shared(cast(Workers, AtOnce()), None))
    artifact.start()
    assert isinstance(artifact.outcome, Copied)
    assert (artifact.outcome.blobs_written, artifact.outcome.blobs_present) == (2, 0)


def test_an_upload_that_fails_lets_go_of_its_source(rig: Rig) -> None:
    opened: list[io.BytesIO] = []
    content = os.urandom(24 * MEGABYTE)

    def open_source() -> io.BytesIO:
        opened.append(io.BytesIO(content))
        return opened[-1]

    rig.stack.faults.add("oci_registry", "blob.append", reset=True, times=100)
    with pytest.raises(OciError) as caught:
        rig.registry("customer").push_blob("team/a", Descriptor.of("a/b", content), open_source)
    assert caught.value.code == "oci-unavailable"
    assert len(opened) > 1
    assert [source.closed for source in opened] == [True] * len(opened), "also while the error is kept"
