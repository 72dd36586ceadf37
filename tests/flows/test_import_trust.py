"""What import_artifacts believes, and what it refuses before anything of it is parsed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.builders.release import (
    REPOSITORY,
    Packed,
    Published,
    digest_of,
    publish,
    signature_of,
    signed_with,
)
from tests.builders.signing import KEY, OTHER_KEY, STRANGER, envelope, statement
from tests.flows.test_import_artifacts import TAG, World
from vibedata import release_proof, retry
from vibedata.errors import Blocked, VibedataError
from vibedata.keyring import Keyring


@pytest.fixture
def world() -> World:
    return World()


def published(world: World, serial: int = 1000, **given: Any) -> Published:
    """Publish a release of that serial as `latest`."""

    def change(document: dict[str, Any]) -> None:
        document["release"] |= {"serial": serial, "version": f"1.{serial}.0"}

    found = publish(change, **{"salt": str(serial), **given})
    world.publish(*found)
    return found


def refusal(world: World, **changes: Any) -> str:
    with pytest.raises(VibedataError) as caught:
        world.run(**changes)
    assert caught.value.hint
    return caught.value.code


def untouched(world: World, release: Published) -> None:
    """Nothing of the release was read or brought: what the tag names came with the tag."""
    assert f"{REPOSITORY}@{release.release.digest}" not in world.customer.read
    assert f"{REPOSITORY}@{digest_of(release.release.blobs[1])}" not in world.customer.read
    assert [call for call in world.importer.calls if "@" in call[0]] == []
    assert (world.pointer.record, world.trust.seen, world.blobs.written) == (None, {}, [])


def forged(release: Packed) -> bytes:
    manifest = digest_of(release.blobs[1])
    by = {KEY.key.key_id: STRANGER.sign(b"anything")}
    return envelope(statement(release.digest, manifest), signatures=by)


REFUSED: dict[str, tuple[str, Callable[[Packed], bytes]]] = {
    "no envelope": ("release-signature-invalid", lambda release: b"sign here"),
    "too long": ("release-signature-invalid", lambda release: b" " * 40_000),
    "forged": ("release-signature-invalid", forged),
    "by a stranger": ("release-signer-unknown", lambda r: signature_of(r, STRANGER).blobs[1]),
    "of another release": (
        "release-signature-mismatch",
        lambda release: envelope(statement("sha256:" + "0" * 64, digest_of(release.blobs[1]))),
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_signature_that_does_not_count_is_refused_before_anything_is_parsed(
    kind: str, world: World
) -> None:
    code, content = REFUSED[kind]
    release = published(world, keys=())
    world.publish(signed_with(release.release, content(release.release)))
    assert refusal(world) == code
    untouched(world, release)


def test_an_unsigned_release_is_refused_before_anything_is_parsed(world: World) -> None:
    release = published(world, keys=())
    assert refusal(world) == "release-unsigned"
    untouched(world, release)


def test_a_manifest_that_is_not_the_signed_one_is_not_even_read(world: World) -> None:
    release = published(world, keys=())
    says = statement(release.release.digest, "sha256:" + "0" * 64)
    world.publish(signed_with(release.release, envelope(says)))
    assert refusal(world) == "release-signature-mismatch"
    assert f"{REPOSITORY}@{digest_of(release.release.blobs[1])}" not in world.customer.read
    assert world.trust.seen == {}


def test_a_signature_artifact_of_another_shape_is_refused(world: World) -> None:
    release = published(world)
    strange = replace(release.signature, raw=b'{"layers": []}')
    world.publish(strange)
    assert refusal(world) == "release-signature-invalid"
    untouched(world, release)


def test_a_release_that_is_imported_is_authenticated_again(world: World) -> None:
    release = published(world)
    world.run()
    before = world.state()
    world.trust.asked.clear()
    world.run()
    assert world.trust.asked == [release.release.digest]
    world.trust.keys = Keyring((OTHER_KEY.key,))
    assert refusal(world) == "release-signer-unknown"
    assert world.state() == before


def test_a_signature_made_anew_takes_the_place_of_one_that_no_longer_counts(world: World) -> None:
    release = published(world)
    first = world.run()
    world.publish(signature_of(release.release, OTHER_KEY))
    world.trust.keys = Keyring((OTHER_KEY.key,))
    world.restart_log()
    second = world.run()
    tag = f"{REPOSITORY}:{release.signature.tags[0]}"
    assert [call for call in world.importer.calls if call[0] == tag] == [(tag, (tag,), True)]
    assert second.data["release"] == first.data["release"]
    assert second.written == {"images": 1, "tags": 1, "blobs": 1}
    assert world.pointer.record.signature_digest == digest_of(
        signature_of(release.release, OTHER_KEY).blobs[1]
    )
    world.restart_log()
    assert world.run().changed == 0
    assert world.pointer.puts == 2


def test_a_planted_signature_is_replaced_by_the_publishers(world: World) -> None:
    release = published(world)
    world.customer.push(signature_of(release.release, STRANGER))
    world.run()
    tag = release.signature.tags[0]
    assert world.customer.tags[REPOSITORY, tag] == release.signature.digest


def test_what_is_planted_and_is_no_manifest_at_all_is_replaced_too(world: World) -> None:
    release = published(world)
    world.customer.push(replace(release.signature, raw=b"no manifest"))
    world.run()
    tag = release.signature.tags[0]
    assert world.customer.tags[REPOSITORY, tag] == release.signature.digest


@pytest.mark.parametrize(("repository", "tag"), [(REPOSITORY, "latest"), ("vibedata/components/api", TAG)])
def test_a_tag_that_was_moved_to_no_manifest_at_all_is_moved_back(
    world: World, repository: str, tag: str
) -> None:
    release = published(world)
    world.run()
    before = world.customer.tags[repository, tag]
    world.customer.push(replace(release.release, repository=repository, raw=b"no manifest", tags=(tag,)))
    assert world.run().written["tags"] == 1
    assert world.customer.tags[repository, tag] == before
    assert world.run().changed == 0


def test_a_signature_that_went_half_from_the_customers_registry_is_brought_whole(world: World) -> None:
    release = published(world)
    world.run()
    del world.customer.blobs[REPOSITORY, digest_of(release.signature.blobs[1])]
    assert world.run().changed == 0
    world.restart_log()
    assert world.run().changed == 0
    assert len(world.importer.calls) == 1


def test_a_signature_that_does_not_count_anywhere_is_imported_once_more_and_not_again_and_again(
    world: World,
) -> None:
    release = published(world, keys=(STRANGER,))
    tag = f"{REPOSITORY}:{release.signature.tags[0]}"
    for forced in ([False], [True], [True]):
        world.restart_log()
        assert refusal(world) == "release-signer-unknown"
        assert [call[2] for call in world.importer.calls if call[0] == tag] == forced


def test_a_missing_role_is_no_reason_to_import_the_signature_again(world: World) -> None:
    release = published(world)
    tag = f"{REPOSITORY}:{release.signature.tags[0]}"
    world.importer.failing[tag] = [Blocked("role-missing", "no role", hint="assign it")] * 99
    assert refusal(world) == "role-missing"
    assert {call[2] for call in world.importer.calls if call[0] == tag} == {False}


def test_the_serial_is_remembered_before_anything_else_is_imported(world: World) -> None:
    release = published(world, 1001)
    api = release.part("vibedata/components/api")
    del world.publisher.manifests[api.repository, api.digest]
    assert refusal(world) == "artifact-not-published"
    assert world.trust.seen["stable"].serial == 1001
    assert world.pointer.record is None
    published(world, 1000)
    assert refusal(world) == "release-rollback"
    published(world, 1002)
    world.run()
    assert world.pointer.record.serial == 1002


def test_the_installed_release_is_a_rollback_once_a_newer_one_was_seen(world: World) -> None:
    published(world, 1000)
    world.run()
    newer = published(world, 1001)
    api = newer.part("vibedata/components/api")
    del world.publisher.manifests[api.repository, api.digest]
    assert refusal(world) == "artifact-not-published"
    published(world, 1000)
    assert refusal(world) == "release-rollback"


def test_an_expired_release_is_not_remembered(world: World) -> None:
    published(world)
    world.now = world.now.replace(year=2030)
    assert refusal(world) == "release-expired"
    assert world.trust.seen == {}


def test_a_release_for_a_newer_suite_is_remembered_and_not_imported(world: World) -> None:
    published(world)
    assert refusal(world, suite_version="0.0.1") == "suite-too-old"
    assert world.trust.seen["stable"].serial == 1000
    assert [call for call in world.importer.calls if "@" in call[0]] == []


def test_a_dry_run_remembers_nothing(world: World) -> None:
    release = published(world)
    for packed in release:
        world.customer.push(packed)
    assert world.run(dry_run=True).planned["tags"] > 0
    assert world.trust.seen == {}


def test_a_dry_run_says_what_does_not_count_here_and_imports_nothing(world: World) -> None:
    release = published(world, keys=())
    world.customer.push(release.release)
    summary = world.run(dry_run=True)
    assert "has no signature" in summary.message
    assert (summary.changed, world.importer.calls) == (0, [])


def imported(world: World) -> None:
    """Ask for the imported release as those do who act on it."""
    patience = retry.Patience(None, retry.propagation(0.0), world.sleep, lambda: world.now)
    release_proof.imported_release(world.pointer, world.blobs, world.trust, patience)


def test_who_acts_on_the_imported_release_believes_no_table(world: World) -> None:
    published(world)
    world.run()
    imported(world)
    good, evil = world.pointer.record, b'{"evil": true}'
    world.blobs.put("manifests", digest_of(evil), evil)
    stranger = signature_of(published(world, 5, tags=()).release, STRANGER).blobs[1]
    world.blobs.put("manifests", digest_of(stranger), stranger)
    forgeries = {
        "release-unsigned": replace(good, signature_digest=""),
        "release-signer-unknown": replace(good, signature_digest=digest_of(stranger)),
        "release-signature-invalid": replace(good, signature_digest=good.manifest_digest),
        "release-signature-mismatch": replace(good, manifest_digest=digest_of(evil)),
        "blob-missing": replace(good, signature_digest="sha256:" + "0" * 64),
    }
    for code, record in forgeries.items():
        world.pointer.record = record
        with pytest.raises(VibedataError) as caught:
            imported(world)
        assert caught.value.code == code


@pytest.mark.parametrize("change", [{"serial": 9}, {"version": "9.9.9"}, {"channel": "other"}])
def test_a_record_that_calls_the_release_something_else_is_refused(
    change: dict[str, Any], world: World
) -> None:
    published(world)
    world.run()
    world.pointer.record = replace(world.pointer.record, **change)
    with pytest.raises(Blocked) as caught:
        imported(world)
    assert caught.value.code == "release-signature-mismatch"


def test_a_signature_that_went_from_blob_is_put_there_again(world: World) -> None:
    release = published(world)
    world.run()
    del world.blobs.content["manifests"][digest_of(release.signature.blobs[1])]
    assert world.run().written == {"images": 0, "tags": 0, "blobs": 1}
    imported(world)
