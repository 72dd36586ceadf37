# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""ReleaseTrust: the fake, and pinned keys over the table on the local stack, keep the same promises."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import stored_cloud  # noqa: F401
from tests.builders.manifest import sample_bytes
from tests.builders.signing import KEY, KEYRING, STRANGER, envelope, statement
from tests.fakes.leases import FakeReleasePointer
from tests.fakes.trust import FakeReleaseTrust
from vibedata import manifest
from vibedata.adapters.release_keys import PinnedReleaseTrust
from vibedata.adapters.releases import AzureReleasePointer, AzureSerials
from vibedata.errors import Blocked, Transient
from vibedata.manifest import Manifest
from vibedata.ports import ReleaseRecord

RELEASE, MANIFEST = "sha256:" + "a" * 64, "sha256:" + "b" * 64
NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
SAMPLE = manifest.parse(sample_bytes())


class Real:
    def __init__(self, cloud: Cloud) -> None:
        table, instance = cloud.table("releases"), str(uuid.uuid4())
        self.installed = AzureReleasePointer(table, instance)
        self.serials = AzureSerials(table, instance)
        self.trust = PinnedReleaseTrust(KEYRING, self.installed, self.serials)


class Fake:
    def __init__(self) -> None:
        self.installed = FakeReleasePointer()
        self.trust = FakeReleaseTrust(self.installed)


@pytest.fixture(params=["fake", "azure"])
def side(request: pytest.FixtureRequest) -> Any:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("stored_cloud"))


@pytest.fixture
def real(stored_cloud: Cloud) -> Real:
    return Real(stored_cloud)


def release(serial: int, channel: str = "stable") -> Manifest:
    """Return a release of that serial, as a manifest of its own."""
    part = replace(SAMPLE.release, serial=serial, channel=channel, version=f"1.{serial}.0")
    return replace(SAMPLE, release=part, digest=manifest.digest_of(f"{channel} {serial}".encode()))


def install(side: Any, found: Manifest) -> None:
    of = found.release
    side.installed.put(ReleaseRecord(RELEASE, found.digest, of.version, of.channel, of.serial, "operation"))


def refusal(side: Any, found: Manifest, now: datetime = NOW, **more: Any) -> str:
    with pytest.raises(Blocked) as caught:
        side.trust.admit(found, now, **more)
    assert caught.value.hint
    return caught.value.code


def test_a_signed_release_is_vouched_for_and_a_strangers_is_not(side: Any) -> None:
    says = statement(RELEASE, MANIFEST)
    trusted = side.trust.authenticate(RELEASE, envelope(says))
    assert (trusted.manifest_digest, trusted.key_id) == (MANIFEST, KEY.key.key_id)
    for raw, code in (
        (None, "release-unsigned"),
        (b"{}", "release-signature-invalid"),
        (envelope(says, STRANGER), "release-signer-unknown"),
        (envelope(statement(MANIFEST, MANIFEST)), "release-signature-mismatch"),
    ):
        with pytest.raises(Blocked) as caught:
            side.trust.authenticate(RELEASE, raw)
        assert caught.value.code == code


def test_a_serial_is_news_once(side: Any) -> None:
    assert side.trust.admit(release(5), NOW)
    assert not side.trust.admit(release(5), NOW)
    assert side.trust.admit(release(6), NOW)


def test_a_serial_below_one_that_was_seen_is_refused_for_good(side: Any) -> None:
    side.trust.admit(release(6), NOW)
    assert refusal(side, release(5)) == "release-rollback"
    assert refusal(side, release(5), remember=False) == "release-rollback"
    install(side, release(5))
    assert refusal(side, release(5)) == "release-rollback"


def test_a_serial_below_the_installed_one_is_refused(side: Any) -> None:
    install(side, release(6))
    assert refusal(side, release(5)) == "release-rollback"
    side.trust.admit(release(6), NOW)


def test_channels_count_for_themselves(side: Any) -> None:
    side.trust.admit(release(6), NOW)
    install(side, release(6))
    side.trust.admit(release(1, "preview"), NOW)
    assert refusal(side, release(5)) == "release-rollback"


def test_an_expired_release_is_refused_and_not_remembered(side: Any) -> None:
    late = SAMPLE.release.expires + timedelta(seconds=1)
    assert refusal(side, release(6), late) == "release-expired"
    side.trust.admit(release(5), NOW)


def test_the_installed_release_may_be_looked_at_after_its_time(side: Any) -> None:
    side.trust.admit(release(6), NOW)
    install(side, release(6))
    late = SAMPLE.release.expires + timedelta(days=1)
    assert not side.trust.admit(release(6), late)
    assert refusal(side, release(7), late) == "release-expired"


def test_whoever_only_looks_leaves_nothing(side: Any) -> None:
    assert not side.trust.admit(release(9), NOW, remember=False)
    side.trust.admit(release(1), NOW)


def test_the_second_time_writes_nothing(real: Real, stored_cloud: Cloud) -> None:
    real.trust.admit(release(5), NOW)
    before = stored_cloud.stack.writes.last
    real.trust.admit(release(5), NOW)
    real.trust.admit(release(5), NOW, remember=False)
    assert stored_cloud.writes(before) == []


def test_the_highest_stands_whoever_comes_last(real: Real) -> None:
    def attempt(serial: int) -> bool:
        try:
            return real.trust.admit(release(serial), NOW)
        except (Blocked, Transient) as error:
            assert error.code in ("release-rollback", "azure-conflict")
            return False

    with ThreadPoolExecutor(4) as pool:
        news = list(pool.map(attempt, [3, 8, 1, 6, 2, 7, 4, 5]))
    assert any(news)
    while real.serials.highest("stable").serial < 8:  # a writer that always lost has to come again
        real.trust.admit(release(8), NOW)
    assert real.serials.highest("stable").serial == 8
    assert refusal(real, release(7)) == "release-rollback"


def test_one_that_came_between_is_seen(real: Real) -> None:
    class Hasty(AzureSerials):
        """Lets somebody else write a higher serial between the look and the write."""

        def _write(self, found: Any, etag: str | None) -> bool:
            real.serials.remember(release(9).release)
            return super()._write(found, etag)

    hasty = Hasty(real.serials._table, real.serials._partition)
    for first in (None, 4):  # creating the row, and changing it
        if first:
            real.serials.remember(release(first).release)
        with pytest.raises(Blocked) as caught:
            PinnedReleaseTrust(KEYRING, real.installed, hasty).admit(release(5), NOW)
        assert caught.value.code == "release-rollback"
    assert real.serials.highest("stable").serial == 9


def test_an_answer_that_was_lost_is_no_news_the_next_time(real: Real, stored_cloud: Cloud) -> None:
    real.trust.admit(release(1, "other"), NOW)  # makes the table
    stored_cloud.stack.faults.add("storage", "table.InsertEntity", reset=True, after=True, times=1)
    with pytest.raises(Transient):
        real.trust.admit(release(5), NOW)
    assert stored_cloud.stack.faults.list() == []
    assert not real.trust.admit(release(5), NOW)


def test_a_record_without_a_signature_is_read(real: Real) -> None:
    """An instance of an earlier version has a pointer without one; nobody acts on it before it is authenticated."""
    install(real, release(5))
    found = real.installed.get()
    assert found is not None
    assert found.signature_digest == ""
