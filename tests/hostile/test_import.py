# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""What phase 7 makes of registries that lie: the publisher's to the service that copies, and the customer's own."""

from __future__ import annotations

import pytest

from oci import media_types
from tests.builders.cloud_fixtures import stored_cloud  # noqa: F401
from tests.builders.release import Published, digest_of
from tests.hostile.elsewhere import Elsewhere
from tests.hostile.importing import DIGEST, SCRIPT, arrived, importing, lie, refused, released  # noqa: F401
from tests.journeys.test_import import EmptyBlobs, Importing
from vibedata.errors import VibedataError


def parts_of(published: Published) -> dict[str, str]:
    """Return the digests of what an import brings, by what they are."""
    assert published.signature
    script, bundle = published.part(SCRIPT), published.part("vibedata/bundle")
    return {
        "release": published.release.digest,
        "release layer": digest_of(published.release.blobs[1]),
        "signature": published.signature.digest,
        "signature layer": digest_of(published.signature.blobs[1]),
        "component layer": digest_of(published.part("vibedata/components/api").blobs[1]),
        "bundle": bundle.digest,
        "bundle layer": digest_of(bundle.blobs[1]),
        "runbook": script.digest,
    }


@pytest.mark.parametrize(
    ("what", "word", "codes"),
    [
        ("release layer", "flip", ["publisher-content-damaged"]),
        ("release layer", "missing", ["publisher-content-damaged"]),
        ("signature layer", "flip", ["publisher-content-damaged"]),
        ("component layer", "flip", ["publisher-content-damaged"]),
        ("component layer", "short", ["publisher-content-damaged"]),
        ("component layer", "extra", ["publisher-content-damaged"]),
        ("component layer", "truncate", ["publisher-content-damaged"]),
        ("component layer", "missing", ["publisher-content-damaged"]),
        ("bundle", "flip", ["publisher-content-damaged"]),
        ("bundle layer", "flip", ["publisher-content-damaged"]),
    ],
)
def test_a_publisher_whose_bytes_are_not_those(
    importing: Importing, what: str, word: str, codes: list[str]
) -> None:
    published = released()
    importing.cloud.push(*published)
    lie(importing, "blob", parts_of(published)[what], word, at="publisher")
    refused(importing, *codes)


def again(importing: Importing, *codes: str) -> VibedataError:
    """Import into another instance, whose blobs are empty."""
    other = Importing(importing.cloud)
    return refused(other, *codes, blobs=EmptyBlobs(importing.cloud))


@pytest.mark.parametrize(
    ("what", "word", "code"),
    [
        ("release layer", "flip", "artifact-tampered"),
        ("release layer", "short", "artifact-tampered"),
        ("release layer", "extra", "artifact-tampered"),
        ("release layer", "endless", "artifact-tampered"),
        ("release layer", "missing", "artifact-missing"),
        ("release layer", "gzip", "artifact-refused"),
        ("signature layer", "flip", "artifact-tampered"),
        ("signature", "flip", "artifact-tampered"),
        ("bundle layer", "flip", "artifact-tampered"),
        ("bundle layer", "extra", "artifact-tampered"),
        ("bundle layer", "missing", "artifact-missing"),
        ("bundle", "flip", "artifact-tampered"),
        ("runbook", "extra", "artifact-tampered"),
        ("runbook", "endless", "artifact-malformed"),
        ("runbook", "gzip", "artifact-refused"),
    ],
)
def test_a_registry_whose_bytes_are_not_those(
    importing: Importing, arrived: Published, what: str, word: str, code: str
) -> None:
    lie(importing, "blob", parts_of(arrived)[what], word)
    again(importing, code)


@pytest.mark.parametrize(
    ("what", "word", "code"),
    [
        ("header", DIGEST, "artifact-tampered"),
        ("type", media_types.IMAGE_INDEX, "artifact-tampered"),
    ],
)
@pytest.mark.parametrize("artifact", ["release", "bundle"])
def test_a_registry_that_lies_about_what_it_serves(
    importing: Importing, arrived: Published, artifact: str, what: str, word: str, code: str
) -> None:
    lie(importing, what, parts_of(arrived)[artifact], word)
    again(importing, code)


@pytest.mark.parametrize("what", ["release layer", "bundle layer", "runbook"])
def test_a_registry_that_leads_elsewhere_gives_no_credentials_away(
    importing: Importing, arrived: Published, other: Elsewhere, what: str
) -> None:
    lie(importing, "redirect", parts_of(arrived)[what], f"{other.url}/x")
    again(importing, "artifact-tampered")
    assert other.asked
    for asked in other.asked:
        assert not any(word in asked for word in ("Authorization", "Bearer", "eyJ"))


def test_a_registry_whose_token_is_for_another_repository(importing: Importing, arrived: Published) -> None:
    importing.cloud.stack.faults.set("oci_registry.token_for", f"a/b@{importing.cloud.registry_name}")
    error = again(importing, "role-missing")
    assert error.detail["ociCode"] == "oci-denied"


@pytest.mark.parametrize(
    ("what", "word", "oci_code"),
    [
        ("token_reply", "endless", "oci-answer-too-large"),
        ("token_reply", "gzip", "oci-answer-encoded"),
        ("realm", "elsewhere", "oci-auth-realm-refused"),
    ],
)
def test_a_registry_whose_sign_in_lies(
    importing: Importing, arrived: Published, other: Elsewhere, what: str, word: str, oci_code: str
) -> None:
    said = other.url if word == "elsewhere" else word
    importing.cloud.stack.faults.set(f"oci_registry.{what}", f"{said}@{importing.cloud.registry_name}")
    error = again(importing, "artifact-refused")
    assert error.detail["ociCode"] == oci_code
    assert other.asked == []
