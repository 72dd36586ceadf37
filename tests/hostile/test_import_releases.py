# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""What phase 7 makes of a release that is signed and lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from oci import media_types
from oci.descriptor import Descriptor
from oci.manifest import canonical
from tests.builders.cloud_fixtures import stored_cloud  # noqa: F401
from tests.builders.release import REPOSITORY, Packed, digest_of, pack, signature_of
from tests.hostile.conftest import Planter
from tests.hostile.importing import DIGEST, SCRIPT, arrived, importing, refused, released  # noqa: F401
from tests.journeys.test_import import EmptyBlobs, Importing

# The scripts of an honest release lie in Blob already, so that whatever is put there is of the lying one.
pytestmark = pytest.mark.usefixtures("arrived")


def component(index: int, **changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        having = [one for one in document["components"] if "artifact" in one]
        having[index]["artifact"].update(changes)

    return change


def runbook_content(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        document["runbooks"][0]["artifact"]["content"].update(changes)

    return change


def bundle_content(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        next(iter(document["bundles"].values()))["content"].update(changes)

    return change


def share_a_repository(document: dict[str, Any]) -> None:
    first, second = [one["artifact"] for one in document["components"] if "artifact" in one][:2]
    second["repository"] = first["repository"]


def many_components(document: dict[str, Any]) -> None:
    document["components"] *= 60


def pad(document: dict[str, Any]) -> None:
    document["components"][0]["owner"] = "x" * (1 << 20)


def nest(document: dict[str, Any]) -> None:
    for _ in range(40):
        document["components"] = [document["components"]]


RELEASES: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    "a digest that nobody has": ("artifact-not-published", component(1, digest=DIGEST)),
    "a path for a digest": ("manifest-invalid", component(0, digest="sha256:../../../../etc/passwd")),
    "a digest in capitals": ("manifest-invalid", component(0, digest="sha256:" + "A" * 64)),
    "a path for a repository": ("manifest-invalid", component(0, repository="../../etc")),
    "a host in a repository": ("manifest-invalid", component(0, repository="evil.example:443/a")),
    "two artifacts, one repository": ("image-tag-ambiguous", share_a_repository),
    "too many components": ("manifest-invalid", many_components),
    "too many bytes": ("release-signature-invalid", pad),
    "too deep": ("manifest-too-deep", nest),
    "an artifact's size": ("artifact-description-differs", component(0, size=7)),
    "an artifact's media type": (
        "artifact-description-differs",
        component(0, mediaType="application/vnd.oci.image.index.v1+json"),
    ),
    "a script's digest": ("artifact-content-differs", runbook_content(digest=DIGEST)),
    "a script's size": ("artifact-content-differs", runbook_content(size=7)),
    "a bundle's digest": ("artifact-content-differs", bundle_content(digest=DIGEST)),
    "a bundle's size": ("artifact-content-differs", bundle_content(size=7)),
}


@pytest.mark.parametrize("case", RELEASES)
def test_a_signed_release_that_lies(importing: Importing, case: str) -> None:
    code, change = RELEASES[case]
    importing.cloud.push(*released(change))
    refused(importing, code, blobs=EmptyBlobs(importing.cloud))


def layers(count: int, content: bytes, kind: str, layer: str) -> bytes:
    described = Descriptor.of(layer, content).as_dict()
    config = Descriptor.of(media_types.EMPTY_CONFIG, b"{}").as_dict()
    return canonical(
        {
            "schemaVersion": 2,
            "mediaType": media_types.IMAGE_MANIFEST,
            "artifactType": kind,
            "config": config,
            "layers": [described] * count,
        }
    )


def as_index(one: Packed) -> bytes:
    child = Descriptor.of(media_types.IMAGE_MANIFEST, one.raw).as_dict()
    return canonical({"schemaVersion": 2, "mediaType": media_types.IMAGE_INDEX, "manifests": [child]})


SHAPES: dict[str, tuple[str, Callable[[Packed], bytes], str]] = {
    "an index": ("artifact-is-index", as_index, media_types.IMAGE_INDEX),
    "two layers": (
        "artifact-malformed",
        lambda one: layers(2, one.blobs[1], media_types.RELEASE, media_types.RELEASE_MANIFEST),
        media_types.IMAGE_MANIFEST,
    ),
    "too many layers": (
        "artifact-malformed",
        lambda one: layers(9, one.blobs[1], media_types.RELEASE, media_types.RELEASE_MANIFEST),
        media_types.IMAGE_MANIFEST,
    ),
    "no layers": (
        "artifact-malformed",
        lambda one: layers(0, one.blobs[1], media_types.RELEASE, media_types.RELEASE_MANIFEST),
        media_types.IMAGE_MANIFEST,
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_a_signed_release_of_another_shape(importing: Importing, planter: Planter, case: str) -> None:
    code, make, kind = SHAPES[case]
    published = released()
    importing.cloud.push(*published)
    raw = make(published.release)
    planter.manifest(importing.cloud.ids["publisher"], REPOSITORY, raw, kind=kind, tag="latest")
    importing.cloud.push(signature_of(Packed(REPOSITORY, raw, published.release.blobs)))
    refused(importing, code)


def test_a_runbook_that_is_an_index(importing: Importing, planter: Planter) -> None:
    published = released()
    script = published.part(SCRIPT)
    raw = as_index(script)

    def change(document: dict[str, Any]) -> None:
        for runbook in document["runbooks"]:
            if runbook["artifact"]["repository"] == SCRIPT:
                described = {"digest": digest_of(raw), "size": len(raw), "mediaType": media_types.IMAGE_INDEX}
                runbook["artifact"].update(described)

    importing.cloud.push(script)
    publisher = importing.cloud.ids["publisher"]
    planter.manifest(publisher, SCRIPT, raw, kind=media_types.IMAGE_INDEX)
    importing.cloud.push(*released(change))
    refused(importing, "artifact-is-index", blobs=EmptyBlobs(importing.cloud))


def test_a_script_that_is_said_to_be_huge_is_not_fetched(importing: Importing, planter: Planter) -> None:
    """A layer may claim any size; what is read whole into memory has a limit that is looked at before."""
    huge = (1 << 30, digest_of(b"never served"))
    layer = {"mediaType": media_types.RUNBOOK_SCRIPT, "digest": huge[1], "size": huge[0]}
    config = Descriptor.of(media_types.EMPTY_CONFIG, b"{}").as_dict()
    raw = canonical(
        {
            "schemaVersion": 2,
            "mediaType": media_types.IMAGE_MANIFEST,
            "artifactType": media_types.RUNBOOK,
            "config": config,
            "layers": [layer],
        }
    )
    customer = importing.cloud.ids["containerRegistry"]
    digest = planter.manifest(customer, SCRIPT, raw, tag="vibedata-1")

    def change(document: dict[str, Any]) -> None:
        for runbook in document["runbooks"]:
            if runbook["artifact"]["repository"] == SCRIPT:
                runbook["artifact"].update(digest=digest, size=len(raw))
                runbook["artifact"]["content"] = {"digest": huge[1], "size": huge[0]}

    importing.cloud.push(*released(change))
    error = refused(importing, "artifact-too-large")
    assert error.detail == {"digest": huge[1], "size": huge[0]}


def test_nothing_of_a_lying_releases_text_reaches_a_terminal_raw(importing: Importing) -> None:
    importing.cloud.push(*released(component(0, repository="a\x1b[2Jb")))
    error = refused(importing, "manifest-invalid")
    assert "\x1b" not in json.dumps(error.as_dict(), ensure_ascii=False)


def test_a_release_packed_by_hand_is_refused_for_its_signature_first(importing: Importing) -> None:
    """Nothing of a release is parsed before its signature: a manifest that no parser survives is not even read."""
    wrong = pack(REPOSITORY, b"[" * 200_000, kind=media_types.RELEASE, tags=("latest",))
    importing.cloud.push(wrong)
    refused(importing, "release-unsigned")
