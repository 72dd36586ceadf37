"""Where `pull` and `copy` follow a registry that sends them elsewhere, and what they never bring along."""

from __future__ import annotations

import tracemalloc

import pytest

from oci.auth import Password
from oci.copying import copy
from oci.errors import OciError
from oci.pulling import pull
from oci.registry import Repository
from tests.hostile.conftest import Planter
from tests.hostile.elsewhere import Elsewhere
from tests.hostile.victim import REPOSITORY, Victim
from tests.oci.rig import Rig


def names_of(secrets: list[str], other: Elsewhere) -> list[str]:
    return [secret for secret in secrets if any(secret in asked for asked in other.asked)]


def signed_in(rig: Rig) -> tuple[Repository, list[str]]:
    """Return the repository as a scope-map token reads it, and the secrets that it uses."""
    import base64

    user, password = rig.scope_map_token(
        "publisher", "repositories/*/content/read", "repositories/*/content/write"
    )
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    registry = rig.registry("publisher", credentials=Password(user, password))
    return registry.repository(REPOSITORY), [password, pair, "Bearer", "Basic", "eyJ"]


def test_a_download_that_leads_elsewhere_brings_no_credentials(victim: Victim, other: Elsewhere) -> None:
    repository, secrets = signed_in(victim.rig)
    victim.lie("redirect", f"{other.url}/blob", victim.layer)
    other.answer = b"other bytes"
    victim.refused("oci-blob-truncated", victim.digest, repository)
    assert other.asked, "the redirect was followed"
    assert names_of(secrets, other) == []


def test_a_manifest_that_lies_elsewhere_brings_no_credentials(victim: Victim, other: Elsewhere) -> None:
    repository, secrets = signed_in(victim.rig)
    victim.lie("redirect", f"{other.url}/manifest", victim.digest)
    victim.refused("oci-digest-mismatch", victim.digest, repository)
    assert other.asked
    assert names_of(secrets, other) == []


def test_a_redirect_that_never_ends(victim: Victim, other: Elsewhere) -> None:
    victim.lie("redirect", f"{other.url}/blob", victim.layer)
    other.location = f"{other.url}/again"
    victim.refused("oci-redirect-refused", victim.digest)
    assert len(other.asked) <= 20


def test_a_redirect_without_tls(victim: Victim, other: Elsewhere) -> None:
    victim.lie("redirect", other.url.replace("https", "http"), victim.layer)
    victim.refused("oci-redirect-refused", victim.digest)
    assert other.asked == []


@pytest.mark.parametrize(
    ("lie", "code"),
    [("realm", "oci-auth-realm-refused"), ("token_redirect", "oci-unauthorized")],
)
def test_a_token_that_is_to_be_had_elsewhere(victim: Victim, other: Elsewhere, lie: str, code: str) -> None:
    victim.lie(lie, other.url)
    repository, _ = signed_in(victim.rig)
    victim.lie(lie, f"{other.url}@publisher")
    with pytest.raises(OciError) as caught:
        pull(repository, victim.digest, victim.folder / "out")
    assert caught.value.code == code
    assert other.asked == []


@pytest.mark.parametrize(
    ("lie", "code"), [("endless", "oci-answer-too-large"), ("gzip", "oci-answer-encoded")]
)
def test_a_token_that_does_not_end(victim: Victim, lie: str, code: str) -> None:
    repository, _ = signed_in(victim.rig)
    victim.lie("token_reply", f"{lie}@publisher")
    tracemalloc.start()
    try:
        with pytest.raises(OciError) as caught:
            pull(repository, victim.digest, victim.folder / "out")
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()
    assert caught.value.code == code


def test_a_token_for_another_repository(victim: Victim) -> None:
    repository, _ = signed_in(victim.rig)
    victim.lie("token_for", "vibedata/other@publisher")
    error = victim.refused("oci-denied", victim.digest, repository)
    assert REPOSITORY in error.message


def test_an_upload_that_is_to_go_elsewhere(victim: Victim, other: Elsewhere) -> None:
    victim.lie("upload_place", f"{other.url}@customer")
    with pytest.raises(OciError) as caught:
        copy(victim.source, victim.digest, victim.target)
    assert caught.value.code == "oci-redirect-refused"
    assert other.asked == []


def test_a_list_of_tags_that_goes_on_elsewhere(victim: Victim, other: Elsewhere) -> None:
    victim.lie("next_page", f"{other.url}/tags@publisher")
    with pytest.raises(OciError) as caught:
        victim.source.tags()
    assert caught.value.code == "oci-redirect-refused"
    assert other.asked == []


@pytest.mark.parametrize("tag", ["../1", "\x1b[2J", "sha256:" + "a" * 64, "x" * 129])
def test_a_list_of_tags_that_names_what_is_no_tag(victim: Victim, planter: Planter, tag: str) -> None:
    planter.tag(victim.rig.ids["publisher"], REPOSITORY, tag, victim.digest)
    with pytest.raises(OciError) as caught:
        victim.source.tags()
    assert (caught.value.code, caught.value.exit_code) == ("oci-tags-invalid", 5), "not the caller's"
    assert caught.value.hint
    assert "\x1b" not in str(caught.value)
