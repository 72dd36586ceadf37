# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""What `bootstrap.py` makes of a customer's registry that lies about the first bundle: nothing lands on the worker."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oci import media_types
from oci.archive import Entry, write_tar
from oci.descriptor import Descriptor
from oci.manifest import canonical, image_manifest
from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import cloud  # noqa: F401
from tests.builders.release import Packed, digest_of
from tests.entrances.test_bootstrap import ENGINE, REPOSITORY, Result, Worker, wrap
from tests.hostile.conftest import Planter
from tests.hostile.elsewhere import Elsewhere
from tests.oci.hostile import file

MAIN = "vibedata/__main__.py"


def plain(*more: tuple[str, bytes]) -> bytes:
    into = io.BytesIO()
    write_tar([Entry(MAIN, ENGINE), *(Entry(*one) for one in more)], into)
    return into.getvalue()


@pytest.fixture
def worker(cloud: Cloud, tmp_path: Path) -> Worker:
    return Worker(cloud, tmp_path / "opt" / "vibedata")


@pytest.fixture
def packed(worker: Worker) -> Packed:
    """A sound bundle in the customer's registry; each test has bytes of its own, since lies go by digest."""
    one = wrap(plain(("vibedata/own.py", str(worker.home).encode())))
    worker.cloud.push(one, host=worker.cloud.customer_registry)
    return one


def refused(worker: Worker, packed: Packed | str, code: str) -> Result:
    """Run it: the code, a remedy, and nothing on the worker but the empty directories."""
    result = worker.run(packed)
    assert result.error["code"] == code, result.out
    assert result.error["hint"]
    assert result.code == {"Blocked": 3, "Transient": 4, "Failed": 5}[result.error["kind"]]
    assert worker.unpacked() == []
    assert not (worker.home / "current").exists()
    assert not (worker.home / "settings.json").exists()
    return result


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("flip", "bundle-digest-mismatch"),
        ("short", "bundle-digest-mismatch"),
        ("extra", "bundle-digest-mismatch"),
        ("endless", "bundle-digest-mismatch"),
        ("smuggle", "bundle-digest-mismatch"),
        ("missing", "bundle-incomplete"),
        ("gzip", "answer-refused"),
    ],
)
def test_blob_bytes_that_are_not_those(worker: Worker, packed: Packed, lie: str, code: str) -> None:
    worker.cloud.stack.faults.set(f"oci_registry.blob.{digest_of(packed.blobs[1])}", lie)
    refused(worker, packed, code)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("flip", "bundle-digest-mismatch"),
        ("short", "bundle-digest-mismatch"),
        ("extra", "bundle-digest-mismatch"),
        ("endless", "answer-refused"),
        ("gzip", "answer-refused"),
    ],
)
def test_manifest_bytes_that_are_not_those(worker: Worker, packed: Packed, lie: str, code: str) -> None:
    worker.cloud.stack.faults.set(f"oci_registry.blob.{packed.digest}", lie)
    refused(worker, packed, code)


def test_what_a_registry_says_of_pinned_bytes_changes_nothing(worker: Worker, packed: Packed) -> None:
    """The digest came with the offer, so headers are not even read."""
    worker.cloud.stack.faults.set(f"oci_registry.header.{packed.digest}", "sha256:" + "0" * 64)
    worker.cloud.stack.faults.set(f"oci_registry.type.{packed.digest}", media_types.IMAGE_INDEX)
    assert worker.run(packed).code == 0


def altered(**changes: Any) -> Callable[[Descriptor], Any]:
    def make(layer: Descriptor) -> Any:
        return {**json.loads(image_manifest(media_types.BUNDLE, [layer])), **changes}

    return make


def layer_with(**changes: Any) -> Callable[[Descriptor], Any]:
    return lambda layer: altered(layers=[{**layer.as_dict(), **changes}])(layer)


MANIFESTS: dict[str, Callable[[Descriptor], Any]] = {
    "an index": lambda layer: {
        "schemaVersion": 2,
        "mediaType": media_types.IMAGE_INDEX,
        "manifests": [layer.as_dict()],
    },
    "an index and a manifest at once": altered(mediaType=media_types.IMAGE_INDEX, manifests=[]),
    "another artifact type": altered(artifactType=media_types.RUNBOOK),
    "two layers": lambda layer: altered(layers=[layer.as_dict()] * 2)(layer),
    "no layers": altered(layers=[]),
    "a path for a digest": layer_with(digest="sha256:../../../../etc/passwd"),
    "a size over the limit": layer_with(size=513 << 20),
    "a size that is a text": layer_with(size="2560"),
    "a compressed layer": layer_with(mediaType="application/vnd.oci.image.layer.v1.tar+gzip"),
    "a list": lambda _: [],
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_manifest_that_is_no_bundles(worker: Worker, planter: Planter, case: str) -> None:
    registry = worker.cloud.ids["containerRegistry"]
    layer = planter.blob(registry, REPOSITORY, plain(), media_types.BUNDLE_LAYER)
    digest = planter.manifest(registry, REPOSITORY, canonical(MANIFESTS[case](layer)))
    refused(worker, digest, "bundle-malformed")


@pytest.mark.parametrize("by", [-1, 1], ids=["small", "large"])
def test_a_size_that_lies(worker: Worker, planter: Planter, by: int) -> None:
    registry = worker.cloud.ids["containerRegistry"]
    layer = planter.blob(registry, REPOSITORY, plain(), media_types.BUNDLE_LAYER)
    raw = image_manifest(media_types.BUNDLE, [replace(layer, size=layer.size + by)])
    refused(worker, planter.manifest(registry, REPOSITORY, raw), "bundle-digest-mismatch")


UNSAFE: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "a name in other letters": [file("Vibedata/__main__.py")],
    "composed and decomposed": [file("\u00e9"), file("e\u0301")],
    "a file as a folder": [file(MAIN + "/x")],
    "a long name": [file("x" * 300)],
    "a name with a control character": [file("a\x1b[2Jb")],
    "a pax header": [("x", {"pax_headers": {"path": "../../escaped"}, "content": b"x"})],
    "a sparse file by pax": [("x", {"pax_headers": {"GNU.sparse.major": "1", "GNU.sparse.name": "x"}})],
}


@pytest.mark.parametrize("case", UNSAFE)
def test_an_archive_that_nobody_should_unpack(worker: Worker, planter: Planter, case: str) -> None:
    """Links, devices, `..` and their kin: tests/entrances/test_bootstrap.py."""
    from tests.oci.hostile import archive

    members = [(MAIN, {"content": ENGINE}), *((name, dict(facts)) for name, facts in UNSAFE[case])]
    raw = archive(*members, pax="pax" in case)
    refused(worker, planter.artifact(worker.cloud.ids["containerRegistry"], REPOSITORY, raw), "bundle-unsafe")


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda raw: raw + b"more", "bundle-unreadable"),
        (lambda raw: raw[:-1024], "bundle-unreadable"),
        (lambda raw: raw[:124] + b"\x80" + b"\xff" * 11 + raw[136:], "bundle-unreadable"),
    ],
    ids=["something after its end", "no end", "a size below zero"],
)
def test_a_broken_archive(
    worker: Worker, planter: Planter, damage: Callable[[bytes], bytes], code: str
) -> None:
    registry = worker.cloud.ids["containerRegistry"]
    refused(worker, planter.artifact(registry, REPOSITORY, damage(plain())), code)


def test_a_download_that_leads_elsewhere_brings_no_credentials(
    worker: Worker, packed: Packed, other: Elsewhere
) -> None:
    for what in (packed.digest, digest_of(packed.blobs[1])):
        worker.cloud.stack.faults.set(f"oci_registry.redirect.{what}", f"{other.url}/x")
        refused(worker, packed, "bundle-digest-mismatch")
        worker.cloud.stack.faults.set(f"oci_registry.redirect.{what}", "")
    assert len(other.asked) == 2
    for asked in other.asked:
        assert not any(word in asked for word in ("Authorization", "Bearer", "eyJ", worker.cloud.password))


@pytest.mark.parametrize("tls", [True, False])
def test_a_redirect_that_never_ends_or_has_no_tls(
    worker: Worker, packed: Packed, other: Elsewhere, tls: bool
) -> None:
    other.location = f"{other.url}/x"
    place = other.url if tls else other.url.replace("https", "http")
    worker.cloud.stack.faults.set(f"oci_registry.redirect.{packed.digest}", f"{place}/x")
    refused(worker, packed, "answer-refused")
    assert len(other.asked) <= (20 if tls else 0)


@pytest.mark.parametrize("lie", ["endless", "gzip", "elsewhere"])
def test_a_sign_in_that_lies(worker: Worker, packed: Packed, other: Elsewhere, lie: str) -> None:
    what, word = ("token_redirect", other.url) if lie == "elsewhere" else ("token_reply", lie)
    worker.cloud.stack.faults.set(f"oci_registry.{what}", f"{word}@{worker.cloud.registry_name}")
    refused(worker, packed, "answer-refused")
    assert other.asked == []


def test_a_token_for_another_repository(worker: Worker, packed: Packed) -> None:
    word = f"vibedata/other@{worker.cloud.registry_name}"
    worker.cloud.stack.faults.set("oci_registry.token_for", word)
    result = refused(worker, packed, "role-missing")
    assert "pull/read" in result.error["message"]


def test_a_server_that_says_a_token_again_shows_it_to_nobody(worker: Worker, packed: Packed) -> None:
    """An error's text is the registry's own, and what it was sent is a token."""
    token = worker.cloud.stack.ctx.tokens.mint(worker.cloud.uami, "https://containerregistry.azure.net")
    said = f"cannot use {token} with {worker.cloud.password}"
    worker.cloud.stack.faults.add("oci_registry", "manifest.get", status=400, message=said)
    result = refused(worker, packed, "answer-refused")
    assert "[redacted]" in result.error["message"]
    assert not any(part in result.out + result.err for part in (token[:60], worker.cloud.password))


def test_a_bundle_that_only_a_tarfile_would_take_is_none() -> None:
    """The standard reader takes a header's broken checksum for the end: what came before would be half a bundle."""
    raw = plain(("z.py", b"x"))
    at = raw.rindex(b"z.py")
    broken = raw[:at] + b"y" + raw[at + 1 :]
    with tarfile.open(fileobj=io.BytesIO(broken)) as archive:
        assert archive.getnames() == [MAIN]
