# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""Every release that must not come in, through the real registry of the local stack: its code, and nothing imported."""

from __future__ import annotations

import stat
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from demo.instance import Instance
from tests import contents
from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import stored_cloud  # noqa: F401
from tests.builders.release import (
    REPOSITORY,
    Packed,
    Published,
    digest_of,
    publish,
    signature_of,
    signed_with,
)
from tests.builders.signing import KEY, KEYRING, OTHER_KEY, STRANGER, envelope, statement
from tests.environment import World
from tests.journeys.conftest import Walk
from tests.journeys.test_import import Importing, long_lived, now
from vibedata import retry
from vibedata.adapters.release_keys import PinnedReleaseTrust
from vibedata.adapters.releases import AzureSerials
from vibedata.adapters.signing_key import SigningKey
from vibedata.errors import Blocked, Failed, VibedataError
from vibedata.keyring import Keyring
from vibedata.release_proof import imported_release


class Trusting(Importing):
    """An instance that pins these keys."""

    def __init__(self, cloud: Cloud, keys: Keyring = KEYRING) -> None:
        super().__init__(cloud)
        self.keys = keys

    @property
    def trust(self) -> PinnedReleaseTrust:
        return PinnedReleaseTrust(self.keys, self.pointer, self.serials)

    @property
    def serials(self) -> AzureSerials:
        return AzureSerials(self.cloud.table("releases"), self.instance_id)

    def refusal(self, **changes: Any) -> str:
        before = self.cloud.stack.writes.last
        with pytest.raises(VibedataError) as caught:
            self.run(release_trust=self.trust, **changes)
        assert caught.value.hint
        imported = [
            w.detail["source"] for w in self.cloud.writes(before) if w.operation == "registry.importImage"
        ]
        assert not [source for source in imported if "@" in source], "something of it was imported"
        assert self.pointer.get() is None or caught.value.code in (
            "release-rollback",
            "release-signer-unknown",
        )
        return caught.value.code


@pytest.fixture
def instance(stored_cloud: Cloud) -> Iterator[Trusting]:
    yield Trusting(stored_cloud)
    stored_cloud.stack.faults.clear()


def push(cloud: Cloud, serial: int = 1000, *also: Packed, change: Any = None, **given: Any) -> Published:
    """Publish a release of the test's own as `latest`."""

    def all_changes(document: dict[str, Any]) -> None:
        long_lived(document)
        document["release"] |= {"serial": serial, "version": f"1.{serial}.0"}
        if change:
            change(document)

    salt = uuid.uuid4().hex
    release = publish(all_changes, salt=salt, bundle=salt.encode(), **given)
    cloud.push(*release, *also)
    return release


def manifest_of(release: Packed) -> str:
    return digest_of(release.blobs[1])


REFUSED: dict[str, tuple[str, Callable[[Packed], bytes] | None]] = {
    "unsigned": ("release-unsigned", None),
    "no envelope": ("release-signature-invalid", lambda r: b"-----BEGIN PGP SIGNATURE-----"),
    "a bomb": ("release-signature-invalid", lambda r: b"[" * 30_000),
    "too long": ("release-signature-invalid", lambda r: b" " * 100_000),
    "forged": (
        "release-signature-invalid",
        lambda r: envelope(
            statement(r.digest, manifest_of(r)), signatures={KEY.key.key_id: STRANGER.sign(b"no")}
        ),
    ),
    "by a stranger": ("release-signer-unknown", lambda r: signature_of(r, STRANGER).blobs[1]),
    "of another release": (
        "release-signature-mismatch",
        lambda r: envelope(statement("sha256:" + "0" * 64, manifest_of(r))),
    ),
    "of another manifest": (
        "release-signature-mismatch",
        lambda r: envelope(statement(r.digest, "sha256:" + "0" * 64)),
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_release_without_a_signature_that_counts_is_refused(instance: Trusting, kind: str) -> None:
    code, content = REFUSED[kind]
    release = push(instance.cloud, keys=())
    if content:
        instance.cloud.push(signed_with(release.release, content(release.release)))
    assert instance.refusal() == code
    assert instance.serials.highest("stable") is None


def test_the_signature_of_an_older_release_is_not_taken_for_a_newer_one(instance: Trusting) -> None:
    """Mix and match: the old statement, moved under the new release's tag."""
    older = push(instance.cloud)
    newer = push(instance.cloud, 1001, keys=())
    instance.cloud.push(signed_with(newer.release, older.signature.blobs[1]))
    assert instance.refusal() == "release-signature-mismatch"


def test_two_signatures_are_wanted_where_two_are_pinned_so(instance: Trusting) -> None:
    instance.keys = Keyring(KEYRING.keys, threshold=2)
    release = push(instance.cloud)
    assert instance.refusal() == "release-signers-too-few"
    instance.cloud.push(signature_of(release.release, KEY, OTHER_KEY))
    assert instance.run(release_trust=instance.trust).data["release"] == release.release.digest


def test_an_expired_release_is_refused_and_not_remembered(instance: Trusting) -> None:
    push(
        instance.cloud,
        change=lambda d: d["release"].update(
            expires="2026-02-01T00:00:00Z", createdAt="2026-01-01T00:00:00Z"
        ),
    )
    assert instance.refusal() == "release-expired"
    assert instance.serials.highest("stable") is None


def test_an_imported_release_may_be_repaired_after_its_time(instance: Trusting) -> None:
    push(instance.cloud)
    instance.run()
    late = now() + timedelta(days=365 * 90)
    assert instance.run(clock=lambda: late).changed == 0


def test_a_release_below_the_installed_one_is_refused(instance: Trusting) -> None:
    push(instance.cloud, 1001)
    instance.run()
    push(instance.cloud, 1000)
    assert instance.refusal() == "release-rollback"
    assert instance.pointer.get().serial == 1001


def test_a_release_below_one_that_was_only_seen_is_refused(instance: Trusting) -> None:
    def broken(document: dict[str, Any]) -> None:
        document["components"][2]["artifact"]["digest"] = "sha256:" + "0" * 64

    push(instance.cloud, 1001, change=broken)
    with pytest.raises(Blocked, match="artifact-not-published"):
        instance.run()
    assert instance.serials.highest("stable").serial == 1001
    push(instance.cloud, 1000)
    assert instance.refusal() == "release-rollback"


def test_a_key_that_is_no_longer_pinned_stops_counting(instance: Trusting) -> None:
    push(instance.cloud)
    instance.run()
    instance.keys = Keyring((OTHER_KEY.key,))
    assert instance.refusal() == "release-signer-unknown"


def test_a_release_that_was_signed_again_is_accepted_under_the_new_key(instance: Trusting) -> None:
    release = push(instance.cloud)
    instance.run()
    again = signature_of(release.release, KEY, OTHER_KEY)
    instance.cloud.push(again)
    assert instance.run().changed == 0, "the signature that is here still counts"
    instance.keys = Keyring((OTHER_KEY.key,))
    done = instance.run(release_trust=instance.trust)
    assert done.written["tags"] == 1
    assert instance.pointer.get().signature_digest == digest_of(again.blobs[1])
    seen = instance.cloud.stack.writes.last
    assert instance.run(release_trust=instance.trust).changed == 0
    assert {w.operation for w in instance.cloud.writes(seen) if w.service != "storage"} == {
        "registry.importImage"
    }


def test_a_signature_planted_in_the_customers_registry_is_replaced(instance: Trusting) -> None:
    release = push(instance.cloud)
    instance.cloud.push(signature_of(release.release, STRANGER), host=instance.cloud.customer_registry)
    assert instance.run().data["release"] == release.release.digest
    arrived = instance.cloud.artifacts().resolve(REPOSITORY, release.signature.tags[0])
    assert arrived.digest == release.signature.digest


def test_a_registry_that_flips_a_bit_of_the_signature_is_not_believed(instance: Trusting) -> None:
    release = push(instance.cloud)
    layer = digest_of(release.signature.blobs[1])
    instance.cloud.stack.faults.set(f"oci_registry.blob.{layer}", "flip")
    with pytest.raises(Failed) as caught:
        instance.run()
    assert caught.value.code in ("publisher-content-damaged", "artifact-tampered")


def test_the_private_key_stays_with_the_publisher(
    world: World, warm_instance: Callable[..., Instance], day0: Callable[..., Walk]
) -> None:
    """A whole Day-0 under the pinned public key; its private half is in no file of the instance or of Azure."""
    instance = warm_instance()
    assert set(day0(instance).states().values()) == {"done"}
    file = world.directory / "release-key.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert instance.settings.release_keys == [str(SigningKey.read(file).key)]
    secret = file.read_bytes().splitlines()[1]
    places = [instance.home, world.directory / "stack", world.directory / "release"]
    found = [path for place in places for path in contents.files(place)]
    assert len(found) > 100, "the test looks in the wrong place"
    assert [path for path in found if secret in contents.content(path)] == []


def act(instance: Trusting) -> None:
    """Ask for the imported release as the verbs do that act on it."""
    patience = retry.Patience(None, retry.propagation(0.0), time.sleep, now)
    imported_release(instance.pointer, instance.cloud.blobs(), instance.trust, patience)


def test_whoever_can_write_the_table_cannot_make_another_manifest_run(instance: Trusting) -> None:
    release = push(instance.cloud)
    instance.run()
    act(instance)
    good, blobs = instance.pointer.get(), instance.cloud.blobs()
    evil = release.release.blobs[1].replace(b"vibedata/runbooks", b"vibedata/evil")
    signature = envelope(statement(good.digest, digest_of(evil), len(evil)), STRANGER)
    for content in (evil, signature):
        blobs.put("manifests", digest_of(content), content)
    forgeries = {
        "release-signature-mismatch": replace(good, manifest_digest=digest_of(evil)),
        "release-signer-unknown": replace(
            good, manifest_digest=digest_of(evil), signature_digest=digest_of(signature)
        ),
        "release-unsigned": replace(good, manifest_digest=digest_of(evil), signature_digest=""),
    }
    for code, record in forgeries.items():
        instance.pointer.put(record, fence=2**31 - 1)
        with pytest.raises(Blocked) as caught:
            act(instance)
        assert caught.value.code == code
