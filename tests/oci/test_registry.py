from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from oci import media_types
from oci.auth import Password
from oci.copying import copy
from oci.descriptor import Descriptor, sha256
from oci.errors import OciError
from oci.layout import Layout
from oci.manifest import Manifest, canonical, image_manifest
from oci.package import pack_files, pack_tree
from oci.pulling import pull
from oci.registry import Registry
from oci.retrying import retry_after
from tests.oci.hostile import CASES
from tests.oci.rig import Rig

REPOSITORY = "vibedata/runbooks/check"
TYPES = {"artifact_type": media_types.RUNBOOK, "layer_type": media_types.RUNBOOK_SCRIPT}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.create(tmp_path / "layout")


@pytest.fixture
def packed(layout: Layout) -> Manifest:
    return pack_files({"check.py": os.urandom(300_000)}, layout, **TYPES, tag="1.0.0")


def refused(code: str, action: object, *arguments: object) -> OciError:
    with pytest.raises(OciError) as refusal:
        action(*arguments)
    assert refusal.value.code == code, refusal.value
    return refusal.value


def test_push_pull_and_copy_twice_write_nothing_the_second_time(
    rig: Rig, layout: Layout, packed: Manifest, tmp_path: Path
) -> None:
    publisher = rig.registry("publisher").repository(REPOSITORY)
    customer = rig.registry("customer").repository(REPOSITORY)
    for first in (True, False):
        with rig.written() as written:
            copy(layout, "1.0.0", publisher, tag="1.0.0")
            copied = copy(publisher, "1.0.0", customer, tag="1.0.0")
            pull(customer, "1.0.0", tmp_path / f"out{first}")
        assert bool(written) == bool(copied.changed) == first
        assert all(row.status == 201 and row.detail["changed"] for row in written)
    assert (tmp_path / "outTrue/check.py").read_bytes() == (tmp_path / "outFalse/check.py").read_bytes()
    assert customer.tags() == ["1.0.0"]
    assert customer.get_manifest("1.0.0").raw == packed.raw


def test_what_is_there_is_not_sent_again(rig: Rig, layout: Layout, packed: Manifest) -> None:
    repository = rig.registry("publisher").repository(REPOSITORY)
    assert repository.push_blob(packed.layers[0], lambda: io.BytesIO(blob_of(layout, packed)))
    copied = copy(layout, "1.0.0", repository)
    assert (copied.blobs_present, copied.blobs_written, copied.manifests_written) == (1, 1, 1)


def test_a_moved_tag_is_the_one_thing_written(rig: Rig, layout: Layout, packed: Manifest) -> None:
    repository = rig.registry("publisher").repository(REPOSITORY)
    copy(layout, "1.0.0", repository, tag="1.0.0")
    with rig.written() as written:
        copied = copy(layout, "1.0.0", repository, tag="latest")
    assert copied.tags_written == ["latest"]
    assert [(row.operation, row.detail["tag"]) for row in written] == [("manifest.put", "latest")]
    assert repository.resolve("latest") == packed.descriptor


def test_an_index_travels_with_its_children(rig: Rig, layout: Layout) -> None:
    children = [pack_files({"f": bytes([n])}, layout, **TYPES).descriptor for n in range(3)]
    body = {
        "schemaVersion": 2,
        "mediaType": media_types.IMAGE_INDEX,
        "manifests": [child.as_dict() for child in children],
    }
    layout.push_manifest(canonical(body), media_types.IMAGE_INDEX, "all")
    repository = rig.registry("publisher").repository(REPOSITORY)
    copied = copy(layout, "all", repository, tag="all")
    assert (copied.manifests_written, copied.blobs_written, copied.blobs_present) == (4, 4, 0)
    assert all(repository.has_manifest(child.digest) for child in children)


def test_a_blob_is_mounted_from_another_repository(rig: Rig, layout: Layout, packed: Manifest) -> None:
    registry = rig.registry("publisher")
    copy(layout, "1.0.0", registry.repository(REPOSITORY))
    with rig.written() as written:
        sent = registry.push_blob("other", packed.layers[0], b"unused", mount_from=REPOSITORY)
    assert not sent
    assert [row.detail["mounted"] for row in written] == [REPOSITORY]


def test_the_whole_of_a_large_blob_goes_and_comes_unaltered(rig: Rig, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(1 << 20) * 9 + b"end")
    blob = Descriptor("a/b", sha256(large.read_bytes()), large.stat().st_size)
    registry = rig.registry("publisher")
    assert registry.push_blob("big", blob, large)
    into = io.BytesIO()
    registry.get_blob("big", blob, into)
    assert into.getvalue() == large.read_bytes()


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("flip", "oci-digest-mismatch"),
        ("short", "oci-blob-truncated"),
        ("truncate", "oci-blob-interrupted"),
    ],
)
def test_a_tampered_blob_is_refused_and_nothing_is_left(
    rig: Rig, layout: Layout, packed: Manifest, tmp_path: Path, lie: str, code: str
) -> None:
    repository = rig.registry("publisher").repository(REPOSITORY)
    copy(layout, "1.0.0", repository, tag="1.0.0")
    rig.stack.faults.set(f"oci_registry.blob.{packed.layers[0].digest}", lie)
    target = tmp_path / "pulled" / "out"
    refused(code, pull, repository, "1.0.0", target)
    assert list(target.parent.iterdir()) == []
    refused(code, copy, repository, "1.0.0", rig.registry("customer").repository(REPOSITORY))
    assert not rig.registry("customer").has_manifest(REPOSITORY, packed.descriptor.digest)


def test_a_download_that_breaks_off_is_resumed_by_range(rig: Rig, layout: Layout, packed: Manifest) -> None:
    repository = rig.registry("publisher").repository(REPOSITORY)
    copy(layout, "1.0.0", repository)
    rig.stack.faults.set(f"oci_registry.blob.{packed.layers[0].digest}", "cut")
    into = io.BytesIO()
    repository.get_blob(packed.layers[0], into)
    assert into.getvalue() == blob_of(layout, packed)


def test_a_size_that_is_too_small_stops_the_download(rig: Rig, layout: Layout, packed: Manifest) -> None:
    repository = rig.registry("publisher").repository(REPOSITORY)
    copy(layout, "1.0.0", repository)
    layer = packed.layers[0]
    small = Descriptor(layer.media_type, layer.digest, 10)
    into = io.BytesIO()
    refused("oci-size-mismatch", repository.get_blob, small, into)
    assert into.getvalue() == b""


def test_a_tampered_manifest_is_refused(rig: Rig, layout: Layout, packed: Manifest) -> None:
    repository = rig.registry("publisher").repository(REPOSITORY)
    copy(layout, "1.0.0", repository, tag="1.0.0")
    rig.stack.faults.set(f"oci_registry.blob.{packed.descriptor.digest}", "flip")
    refused("oci-digest-mismatch", repository.get_manifest, packed.descriptor.digest)


def test_a_lying_digest_header_is_noticed(rig: Rig, layout: Layout, packed: Manifest) -> None:
    repository = rig.registry("publisher").repository(REPOSITORY)
    copy(layout, "1.0.0", repository, tag="1.0.0")
    rig.stack.faults.set(f"oci_registry.header.{packed.descriptor.digest}", "sha256:" + "0" * 64)
    refused("oci-digest-mismatch", repository.resolve, "1.0.0")


def test_an_escaping_archive_in_a_registry_is_refused(rig: Rig, layout: Layout, tmp_path: Path) -> None:
    raw = CASES["parent"][1]()
    layer = Descriptor.of(media_types.BUNDLE_LAYER, raw)
    layout.push_blob(layer, raw)
    pack_files({"x": b""}, layout, **TYPES)  # brings the empty config
    layout.push_manifest(image_manifest(media_types.BUNDLE, [layer]), media_types.IMAGE_MANIFEST, "bad")
    repository = rig.registry("publisher").repository("vibedata/bundle")
    copy(layout, "bad", repository, tag="bad")
    refused("oci-archive-escape", pull, repository, "bad", tmp_path / "pulled" / "out")
    assert list((tmp_path / "pulled").iterdir()) == []


def test_a_title_that_climbs_out_is_refused(rig: Rig, layout: Layout, tmp_path: Path) -> None:
    layout.push_blob(Descriptor.of(media_types.EMPTY_CONFIG, b"{}"), b"{}")
    layer = Descriptor.of("a/b", b"x", **{media_types.TITLE: "../../x"})
    layout.push_blob(layer, b"x")
    layout.push_manifest(image_manifest("a/b", [layer]), media_types.IMAGE_MANIFEST, "bad")
    refused("oci-archive-escape", pull, layout, "bad", tmp_path / "pulled" / "out")


def test_a_bundle_is_pulled_as_the_folder_that_was_packed(rig: Rig, layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "src/pkg").mkdir(parents=True)
    (tmp_path / "src/pkg/a.py").write_text("x = 1\n")
    pack_tree(
        tmp_path / "src",
        layout,
        artifact_type=media_types.BUNDLE,
        layer_type=media_types.BUNDLE_LAYER,
        tag="b",
    )
    repository = rig.registry("publisher").repository("vibedata/bundle")
    copy(layout, "b", repository, tag="b")
    pull(repository, "b", tmp_path / "out")
    assert (tmp_path / "out/pkg/a.py").read_text() == "x = 1\n"


def test_what_is_not_there_is_told(rig: Rig) -> None:
    registry = rig.registry("publisher")
    missing = Descriptor("a/b", sha256(b"missing"), 7)
    refused("oci-not-found", registry.resolve, REPOSITORY, "1")
    refused("oci-not-found", registry.tags, REPOSITORY)
    refused("oci-not-found", registry.get_blob, REPOSITORY, missing, io.BytesIO())
    assert not registry.has_blob(REPOSITORY, missing.digest)


@pytest.mark.parametrize(
    ("repository", "reference", "code"),
    [
        ("../x", "1", "oci-bad-repository"),
        ("X", "1", "oci-bad-repository"),
        ("a?b", "1", "oci-bad-repository"),
        ("a", "../1", "oci-bad-reference"),
        ("a", "sha256:" + "0" * 63, "oci-bad-digest"),
        ("a", "sha256:../../../../etc/passwd", "oci-bad-digest"),
        ("a", "", "oci-bad-reference"),
    ],
)
def test_names_are_checked_before_anything_is_sent(
    rig: Rig, repository: str, reference: str, code: str
) -> None:
    refused(code, Registry("127.0.0.1:1", None, attempts=1).get_manifest, repository, reference)


def test_throttling_is_waited_out(rig: Rig, layout: Layout, packed: Manifest) -> None:
    waits: list[float] = []
    credentials = rig.registry("publisher")._connection.tokens._credentials
    registry = Registry(rig.hosts["publisher"], credentials, ca_file=rig.stack.ca_file, sleep=waits.append)
    copy(layout, "1.0.0", registry.repository(REPOSITORY), tag="1.0.0")
    rig.stack.faults.add("oci_registry", "manifest.get", status=429, retry_after=7, times=2)
    assert registry.resolve(REPOSITORY, "1.0.0") == packed.descriptor
    assert waits == [7.0, 7.0]


def test_throttling_that_does_not_end_is_told_with_its_delay(rig: Rig) -> None:
    rig.stack.faults.add("oci_registry", "manifest.get", status=429, retry_after=3)
    error = refused("oci-throttled", rig.registry("publisher").resolve, REPOSITORY, "1")
    assert (error.retry_after, error.exit_code) == (3.0, 4)


def test_a_reset_upload_starts_again(rig: Rig, layout: Layout, packed: Manifest) -> None:
    rig.stack.faults.add("oci_registry", "blob.put", reset=True, times=1)
    rig.stack.faults.add("oci_registry", "manifest.put", reset=True, after=True, times=1)
    copied = copy(layout, "1.0.0", rig.registry("publisher").repository(REPOSITORY), tag="1.0.0")
    assert copied.blobs_written == 2
    assert rig.registry("publisher").resolve(REPOSITORY, "1.0.0") == packed.descriptor


def test_a_pull_right_does_not_push(rig: Rig, layout: Layout, packed: Manifest) -> None:
    reader = rig.principal("reader", "AcrPull", rig.ids["publisher"])
    repository = rig.registry("publisher", reader).repository(REPOSITORY)
    error = refused("oci-denied", copy, layout, "1.0.0", repository)
    assert error.exit_code == 3
    copy(layout, "1.0.0", rig.registry("publisher").repository(REPOSITORY), tag="1.0.0")
    assert repository.resolve("1.0.0") == packed.descriptor


def test_a_caller_without_role_and_a_wrong_password_are_told_apart(rig: Rig) -> None:
    nobody = rig.principal("nobody")
    refused("oci-denied", rig.registry("publisher", nobody).resolve, REPOSITORY, "1")
    wrong = rig.registry("publisher", credentials=Password("token", "wrong"))
    refused("oci-unauthorized", wrong.resolve, REPOSITORY, "1")


def test_an_unknown_authority_is_refused(rig: Rig) -> None:
    registry = Registry(rig.hosts["publisher"], Password("a", "b"), attempts=1)
    refused("oci-tls", registry.resolve, REPOSITORY, "1")


def test_a_dead_registry_is_unavailable(rig: Rig) -> None:
    registry = Registry("127.0.0.1:9", Password("a", "b"), attempts=2, sleep=lambda _: None)
    assert refused("oci-unavailable", registry.resolve, REPOSITORY, "1").transient


def test_a_copy_of_a_half_missing_artifact_shows_nothing(
    rig: Rig, layout: Layout, packed: Manifest, tmp_path: Path
) -> None:
    blob = tmp_path / "layout/blobs/sha256" / packed.layers[0].digest.removeprefix("sha256:")
    blob.unlink()
    refused("oci-not-found", copy, layout, "1.0.0", rig.registry("publisher").repository(REPOSITORY))
    assert not rig.registry("publisher").has_manifest(REPOSITORY, packed.descriptor.digest)


def blob_of(layout: Layout, packed: Manifest) -> bytes:
    into = io.BytesIO()
    layout.get_blob(packed.layers[0], into)
    return into.getvalue()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Wed, 01 Jan 2025 00:00:09 GMT", "Date": "Wed, 01 Jan 2025 00:00:00 GMT"}, 9.0),
        ({"Retry-After": "Wed, 01 Jan 2025 00:00:00 GMT", "Date": "Wed, 01 Jan 2025 00:00:09 GMT"}, 0.0),
        ({"Retry-After": "soon", "Date": "Wed, 01 Jan 2025 00:00:00 GMT"}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)
def test_the_delay_asked_for_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    response = requests.Response()
    response.headers.update(headers)
    assert retry_after(response) == seconds


def test_many_artifacts_at_once_share_one_client(rig: Rig, tmp_path: Path) -> None:
    registry = rig.registry("publisher")

    def push(number: int) -> str:
        own = Layout.create(tmp_path / str(number))
        pack_files({"f": bytes([number]), "shared": b"same"}, own, **TYPES, tag="1")
        return copy(own, "1", registry.repository(f"many/{number % 5}"), tag=f"t{number}").root.digest

    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(push, range(30)))
    assert [registry.resolve(f"many/{n % 5}", f"t{n}").digest for n in range(30)] == digests
