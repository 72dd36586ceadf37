"""What `pull` and `copy` make of a manifest that no honest registry would have taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from oci import media_types
from oci.copying import copy
from oci.descriptor import Descriptor
from oci.errors import OciError
from oci.extract import Limits
from oci.manifest import MAX_DESCRIPTORS, MAX_MANIFEST_BYTES, canonical, image_manifest
from oci.pulling import pull
from tests.hostile.conftest import Planter
from tests.hostile.victim import REPOSITORY, Victim

DIGEST = "sha256:" + "a" * 64


def body(**changes: Any) -> dict[str, Any]:
    layer = Descriptor("a/b", DIGEST, 1).as_dict()
    return {**json.loads(image_manifest("a/b", [])), "layers": [layer], **changes}


def index(*children: dict[str, Any], **changes: Any) -> dict[str, Any]:
    kind = media_types.IMAGE_INDEX
    return {"schemaVersion": 2, "mediaType": kind, "manifests": list(children), **changes}


MANIFESTS: dict[str, tuple[str, Callable[[], Any]]] = {
    "too large": ("oci-manifest-too-large", lambda: body(annotations={"x": "x" * MAX_MANIFEST_BYTES})),
    "too many layers": (
        "oci-manifest-too-many-parts",
        lambda: body(layers=[Descriptor("a/b", DIGEST, 1).as_dict()] * (MAX_DESCRIPTORS + 1)),
    ),
    "a path for a digest": (
        "oci-manifest-bad-digest",
        lambda: body(layers=[{"mediaType": "a/b", "digest": "sha256:../../../etc/passwd", "size": 1}]),
    ),
    "a path for the config's digest": (
        "oci-manifest-bad-digest",
        lambda: body(config={"mediaType": "a/b", "digest": "../config", "size": 1}),
    ),
    "another hash": (
        "oci-manifest-bad-digest",
        lambda: body(layers=[{"mediaType": "a/b", "digest": "md5:" + "a" * 32, "size": 1}]),
    ),
    "image and index at once": ("oci-manifest-ambiguous", lambda: body(manifests=[])),
    "a size that is no number": (
        "oci-manifest-invalid",
        lambda: body(layers=[{"mediaType": "a/b", "digest": DIGEST, "size": "1"}]),
    ),
    "a size below zero": (
        "oci-manifest-invalid",
        lambda: body(layers=[{"mediaType": "a/b", "digest": DIGEST, "size": -1}]),
    ),
    "a media type that is none": (
        "oci-manifest-invalid",
        lambda: body(layers=[{"mediaType": "\x1b[2J", "digest": DIGEST, "size": 1}]),
    ),
    "an artifact type that is none": ("oci-manifest-invalid", lambda: body(artifactType="\x1b]0;owned\x07")),
    "no layers": ("oci-manifest-invalid", lambda: body(layers=None)),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_manifest_that_no_registry_should_take(victim: Victim, planter: Planter, case: str) -> None:
    code, make = MANIFESTS[case]
    raw = canonical(make())
    digest = planter.manifest(victim.rig.ids["publisher"], REPOSITORY, raw, tag="bad")
    victim.refused(code, digest)
    victim.refused(code, "bad")


def test_an_index_where_a_manifest_belongs(victim: Victim, planter: Planter) -> None:
    raw = canonical(index(victim.manifest.descriptor.as_dict()))
    planter.manifest(victim.rig.ids["publisher"], REPOSITORY, raw, kind=media_types.IMAGE_INDEX, tag="all")
    with pytest.raises(OciError) as caught:
        pull(victim.source, "all", victim.folder / "pulled" / "out")
    assert caught.value.code == "oci-manifest-is-index"
    assert list((victim.folder / "pulled").iterdir()) == []


def nested(victim: Victim, planter: Planter, depth: int) -> str:
    child, digest = victim.manifest.descriptor, ""
    for _ in range(depth):
        raw = canonical(index(child.as_dict()))
        kind = media_types.IMAGE_INDEX
        digest = planter.manifest(victim.rig.ids["publisher"], REPOSITORY, raw, kind=kind)
        child = Descriptor(kind, digest, len(raw))
    return digest


def wide(victim: Victim, planter: Planter, count: int) -> str:
    made = [canonical(body(annotations={"n": str(n)})) for n in range(count)]
    children = []
    for raw in made:
        planter.manifest(victim.rig.ids["publisher"], REPOSITORY, raw)
        children.append(Descriptor.of(media_types.IMAGE_MANIFEST, raw).as_dict())
    raw, kind = canonical(index(*children)), media_types.IMAGE_INDEX
    return planter.manifest(victim.rig.ids["publisher"], REPOSITORY, raw, kind=kind)


@pytest.mark.parametrize(
    "make", [lambda v, p: nested(v, p, 8), lambda v, p: wide(v, p, 60)], ids=["deep", "wide"]
)
def test_indexes_without_end(victim: Victim, planter: Planter, make: Callable[..., str]) -> None:
    with pytest.raises(OciError) as caught:
        copy(victim.source, make(victim, planter), victim.target, tag="1")
    assert caught.value.code == "oci-closure-too-large"
    assert caught.value.hint
    assert not victim.target.has_manifest(victim.digest)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"size": 7}, "oci-size-mismatch"), ({"mediaType": media_types.IMAGE_INDEX}, "oci-media-type-mismatch")],
    ids=["size", "media type"],
)
def test_an_index_that_lies_about_its_parts(
    victim: Victim, planter: Planter, change: dict[str, Any], code: str
) -> None:
    raw = canonical(index({**victim.manifest.descriptor.as_dict(), **change}))
    kind = media_types.IMAGE_INDEX
    digest = planter.manifest(victim.rig.ids["publisher"], REPOSITORY, raw, kind=kind)
    with pytest.raises(OciError) as caught:
        copy(victim.source, digest, victim.target)
    assert caught.value.code == code
    assert not victim.target.has_manifest(digest)


@pytest.mark.parametrize(
    ("size", "code"), [(10, "oci-size-mismatch"), (150_001, "oci-blob-truncated")], ids=["small", "large"]
)
def test_a_layer_size_that_lies(victim: Victim, planter: Planter, size: int, code: str) -> None:
    layer = Descriptor(media_types.RUNBOOK_SCRIPT, victim.layer, size)
    raw = image_manifest(media_types.RUNBOOK, [layer])
    victim.refused(code, planter.manifest(victim.rig.ids["publisher"], REPOSITORY, raw))


@pytest.mark.parametrize("kind", [media_types.BUNDLE_LAYER, "a/b"], ids=["archive", "file"])
def test_layers_that_claim_too_much_are_not_fetched(victim: Victim, planter: Planter, kind: str) -> None:
    """The disk would be full long before an announced tebibyte ends; nobody has these bytes, and nobody asks."""
    raw = image_manifest("a/b", [Descriptor(kind, DIGEST, 1 << 40)])
    digest = planter.manifest(victim.rig.ids["publisher"], REPOSITORY, raw)
    with pytest.raises(OciError) as caught:
        pull(victim.source, digest, victim.folder / "pulled" / "out")
    assert caught.value.code == "oci-archive-too-large"
    assert caught.value.hint
    assert list((victim.folder / "pulled").iterdir()) == []


@pytest.mark.parametrize(("limit", "fits"), [(150_000, True), (149_999, False)])
def test_the_limit_is_of_all_layers_together(victim: Victim, limit: int, fits: bool) -> None:
    if fits:
        pull(victim.source, victim.digest, victim.folder / "out", limits=Limits(bytes=limit))
        return
    with pytest.raises(OciError, match="oci-archive-too-large"):
        pull(victim.source, victim.digest, victim.folder / "out", limits=Limits(bytes=limit))
