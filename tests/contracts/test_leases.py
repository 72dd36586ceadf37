# ruff: noqa: F811 - pytest knows fixtures by their imported names
from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import stored_cloud  # noqa: F401
from tests.fakes.leases import FakeLeases, FakeReleasePointer
from vibedata.adapters.leases import AzureLeases
from vibedata.adapters.releases import AzureReleasePointer
from vibedata.errors import Blocked, Failed, Transient
from vibedata.ports import ReleaseRecord

RECORD = ReleaseRecord("sha256:" + "a" * 64, "sha256:" + "b" * 64, "1.4.0", "stable", 2**33, "operation-1")


class Time:
    """A clock that sleeping moves; `at_sleep` lets something happen meanwhile."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self.at_sleep: Any = lambda: None
        self.slept = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.at += timedelta(seconds=seconds)
            self.slept += seconds
        self.at_sleep()


class Real:
    def __init__(self, cloud: Cloud) -> None:
        self.time, self.instance = Time(), str(uuid.uuid4())
        instance = self.instance
        self.leases = AzureLeases(cloud.table("leases"), instance, clock=self.time.now, sleep=self.time.sleep)
        self.releases = AzureReleasePointer(cloud.table("releases"), instance)

    def expire(self, name: str) -> None:
        self.time.at += timedelta(seconds=31)


class Fake:
    def __init__(self) -> None:
        self.leases = FakeLeases()
        self.releases = FakeReleasePointer()
        self.expire = self.leases.expire


@pytest.fixture(params=["fake", "azure"])
def side(request: pytest.FixtureRequest) -> Any:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("stored_cloud"))


@pytest.fixture
def real(stored_cloud: Cloud) -> Real:
    return Real(stored_cloud)


def renewing(lease: Any, time: Time) -> None:
    """Let the holder renew whenever time passes."""
    time.at_sleep = lease.check


def test_a_free_lease_is_taken_and_given_back(side: Any) -> None:
    lease = side.leases.acquire("instance", owner="one")
    lease.check()
    lease.release()
    assert side.leases.acquire("instance", owner="two").fence == lease.fence + 1


def test_two_names_do_not_meet(side: Any) -> None:
    side.leases.acquire("instance", owner="one").check()
    side.leases.acquire("other", owner="two").check()


def test_the_owner_may_take_its_own_lease_again_and_its_older_hold_ends(side: Any) -> None:
    first = side.leases.acquire("instance", owner="one")
    second = side.leases.acquire("instance", owner="one")
    assert second.fence > first.fence
    second.check()
    side.expire("nothing")
    with pytest.raises(Failed) as caught:
        first.check()
    assert caught.value.code == "lease-lost"


def test_an_expired_lease_is_taken_over_and_the_loser_is_told(side: Any) -> None:
    lost = side.leases.acquire("instance", owner="one")
    side.expire("instance")
    taken = side.leases.acquire("instance", owner="two")
    assert taken.fence > lost.fence
    side.expire("nothing")
    with pytest.raises(Failed) as caught:
        lost.check()
    assert caught.value.code == "lease-lost"
    lost.release()
    taken.check()


def test_release_record_round_trip(side: Any) -> None:
    assert side.releases.get() is None
    side.releases.put(RECORD)
    assert side.releases.get() == RECORD


def test_a_release_record_of_a_newer_fence_stands(side: Any) -> None:
    side.releases.put(RECORD, fence=7)
    side.releases.put(replace(RECORD, version="1.5.0"), fence=8)
    for late in (7, 0):
        with pytest.raises(Failed) as caught:
            side.releases.put(RECORD, fence=late)
        assert caught.value.code == "lease-lost"
    assert side.releases.get().version == "1.5.0"
    side.releases.put(RECORD, fence=8)
    assert side.releases.get() == RECORD


def test_a_record_whose_answer_is_lost_can_be_put_again(real: Real, stored_cloud: Cloud) -> None:
    real.releases.put(RECORD, fence=1)
    stored_cloud.stack.faults.add("storage", "table.UpdateEntity", reset=True, after=True, times=1)
    newer = replace(RECORD, version="1.5.0")
    with pytest.raises(Transient):
        real.releases.put(newer, fence=2)
    real.releases.put(newer, fence=2)
    assert real.releases.get() == newer
    assert stored_cloud.stack.faults.list() == []


@pytest.mark.parametrize("minutes", [-4, -1, 1, 4])
def test_a_living_holder_is_seen_by_whoever_has_another_time(
    real: Real, stored_cloud: Cloud, minutes: int
) -> None:
    held = real.leases.acquire("instance", owner="one")
    other = Time()
    other.at += timedelta(minutes=minutes)

    def time_passes() -> None:
        real.time.at += timedelta(seconds=1)
        held.check()

    other.at_sleep = time_passes
    waiting = AzureLeases(stored_cloud.table("leases"), real.instance, clock=other.now, sleep=other.sleep)
    with pytest.raises(Blocked) as caught:
        waiting.acquire("instance", owner="two")
    assert caught.value.code == "lease-held"
    assert caught.value.detail["owner"] == "one"
    assert other.slept <= 15


def test_a_holder_whose_clock_is_put_back_goes_on_renewing(real: Real, stored_cloud: Cloud) -> None:
    lease = real.leases.acquire("instance", owner="one")
    real.time.at -= timedelta(hours=1)
    before = stored_cloud.stack.writes.last
    lease.check()
    assert len(stored_cloud.writes(before)) == 1
    lease.check()
    assert len(stored_cloud.writes(before)) == 1


def test_a_holder_that_died_long_ago_is_not_waited_for(real: Real) -> None:
    real.leases.acquire("instance", owner="one")
    real.time.at += timedelta(hours=1)
    assert real.leases.acquire("instance", owner="two").fence == 2
    assert real.time.slept == 0


def test_a_living_holder_is_named(real: Real) -> None:
    held = real.leases.acquire("instance", owner="one")
    renewing(held, real.time)
    with pytest.raises(Blocked) as caught:
        real.leases.acquire("instance", owner="two")
    assert caught.value.code == "lease-held"
    assert caught.value.detail["owner"] == "one"
    assert caught.value.detail["since"] == "2026-01-01T00:00:00Z"
    assert real.time.slept <= 15


def test_a_dead_holder_is_waited_out(real: Real) -> None:
    real.leases.acquire("instance", owner="one")
    assert real.leases.acquire("instance", owner="two").fence == 2
    assert 30 <= real.time.slept < 35


def test_check_renews_in_time_and_not_at_every_call(real: Real, stored_cloud: Cloud) -> None:
    lease = real.leases.acquire("instance", owner="one")
    before = stored_cloud.stack.writes.last
    for _ in range(50):
        lease.check()
    assert stored_cloud.writes(before) == []
    for _ in range(10):
        real.time.at += timedelta(seconds=15)
        lease.check()
    assert len(stored_cloud.writes(before)) == 10


def test_a_lease_nobody_took_survives_a_long_silence(real: Real) -> None:
    lease = real.leases.acquire("instance", owner="one")
    real.time.at += timedelta(hours=2)
    lease.check()


def test_of_many_at_once_one_wins(real: Real) -> None:
    real.leases.acquire("instance", owner="x").release()

    def attempt(number: int) -> int | None:
        try:
            return real.leases.acquire("instance", owner=f"operation-{number}").fence
        except Blocked:
            return None

    with ThreadPoolExecutor(4) as pool:
        fences = [fence for fence in pool.map(attempt, range(4)) if fence]
    assert len(fences) == len(set(fences))


def test_without_the_role_it_is_named(stored_cloud: Cloud) -> None:
    stored_cloud.revoke_all()
    try:
        real = Real(stored_cloud)
        with pytest.raises(Blocked) as caught:
            real.leases.acquire("instance", owner="one")
        with pytest.raises(Blocked):
            real.releases.get()
    finally:
        stored_cloud.grant()
    assert caught.value.detail["role"] == "Storage Table Data Contributor"


def test_a_renewal_whose_answer_is_lost_keeps_the_lease(real: Real, stored_cloud: Cloud) -> None:
    lease = real.leases.acquire("instance", owner="one")
    stored_cloud.stack.faults.add("storage", "table.UpdateEntity", reset=True, after=True, times=1)
    real.time.at += timedelta(seconds=15)
    lease.check()
    lease.check()
    real.time.at += timedelta(seconds=15)
    lease.check()
    assert stored_cloud.stack.faults.list() == []


def test_a_lease_that_cannot_be_renewed_ends_with_its_term(real: Real, stored_cloud: Cloud) -> None:
    lease = real.leases.acquire("instance", owner="one")
    stored_cloud.stack.faults.add("storage", "table.UpdateEntity", status=503, times=4)
    real.time.at += timedelta(seconds=15)
    lease.check()
    real.time.at += timedelta(seconds=16)
    with pytest.raises(Transient):
        lease.check()
    lease.release()
    stored_cloud.stack.faults.clear()
