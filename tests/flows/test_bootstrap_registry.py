"""Phase 14 over fakes: what is registered, what is reported, and that a second run writes nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders.manifest import SUFFIX, digest
from tests.fakes.component_registry import Killed
from tests.fakes.leases import FakeLease, FakeLeases
from tests.flows.registry_world import RELEASE, RegistryWorld
from vibedata.errors import Blocked, Transient


@pytest.fixture
def world() -> RegistryWorld:
    return RegistryWorld()


def test_every_component_gets_a_row_with_its_facts(world: RegistryWorld) -> None:
    summary = world.bootstrap()
    api = world.registry.values("component:api")
    assert api["version"] == "1.4.0"
    assert api["digest"] == world.component("api")["artifact"]["digest"]
    assert api["endpoints"] == {"web": f"https://app-api-{SUFFIX}.azurewebsites.example:8443"}
    assert api["resourceId"].endswith(f"/Microsoft.Web/sites/app-api-{SUFFIX}")
    assert api["configurationReferences"] == [
        f"https://kv-{SUFFIX}.vault.example/secrets/database-url",
        f"https://kv-{SUFFIX}.vault.example/secrets/hmac-key",
    ]
    assert api["dependsOn"] == ["postgres", "key-vault"]
    assert (api["owner"], api["required"], api["wave"]) == ("platform", True, 1)
    assert api["lastVerified"] == world.now.isoformat()
    assert summary.written == {"component": 5, "resource": 6, "release": 1, "policy": 1, "health": 0}


def test_a_record_that_was_forged_is_not_registered(world: RegistryWorld) -> None:
    assert world.releases.record is not None
    for forged, code in (
        ({"signature_digest": ""}, "release-unsigned"),
        ({"digest": "sha256:" + "f" * 64}, "release-signature-mismatch"),
    ):
        before = world.releases.record
        world.releases.record = replace(before, **forged)
        with pytest.raises(Blocked) as caught:
            world.bootstrap()
        assert caught.value.code == code
        world.releases.record = before
    assert world.registry.read() == []


def test_release_and_retry_policy_are_registered(world: RegistryWorld) -> None:
    world.bootstrap()
    release = world.registry.values("release:current")
    assert (release["digest"], release["version"], release["serial"]) == (RELEASE, "1.4.0", 1000)
    policy = world.registry.values("policy:networkRetry")
    assert (policy["attempts"], policy["delaySeconds"]) == (3, 2)
    assert world.registry.transactions[-1][-1] == "release:current"


def test_a_second_run_writes_nothing_and_keeps_last_verified(world: RegistryWorld) -> None:
    world.bootstrap()
    before, when = world.registry.writes, world.registry.values("component:api")["lastVerified"]
    world.now += timedelta(hours=1)
    summary = world.bootstrap()
    assert (summary.changed, world.registry.writes) == (0, before)
    assert summary.data["difference"] == []
    assert world.registry.values("component:api")["lastVerified"] == when


def test_a_new_release_changes_only_what_differs(world: RegistryWorld) -> None:
    world.bootstrap()
    world.now += timedelta(hours=1)
    world.component("api").update(
        version="1.5.0", artifact={**world.component("api")["artifact"], "digest": digest("n")}
    )
    world.release(world.document)
    summary = world.bootstrap()
    changed = {one["key"]: one["fields"] for one in summary.data["difference"]}
    assert set(changed) == {"component:api", "release:current"}
    assert changed["component:api"]["version"] == ["1.4.0", "1.5.0"]
    assert world.registry.values("component:api")["lastVerified"] == world.now.isoformat()
    assert world.registry.values("component:studio")["lastVerified"] != world.now.isoformat()


def test_a_component_that_left_the_release_is_deleted_with_its_health(world: RegistryWorld) -> None:
    world.bootstrap()
    world.health()
    world.document["components"] = [c for c in world.document["components"] if c["name"] != "alert-functions"]
    world.release(world.document)
    world.bootstrap()
    with pytest.raises(KeyError):
        world.registry.values("component:alert-functions")
    with pytest.raises(KeyError):
        world.registry.values("health:alert-functions")
    assert world.found("api")[0] == "Healthy"


def test_a_missing_required_component_blocks_after_the_rest_is_registered(world: RegistryWorld) -> None:
    world.inventory.remove(f"app-studio-{SUFFIX}")
    with pytest.raises(Blocked) as blocked:
        world.bootstrap()
    assert blocked.value.code == "component-missing"
    assert "studio" in blocked.value.message
    assert "app-studio-{suffix}" in blocked.value.hint
    assert world.registry.values("component:api")["resourceId"]
    assert world.registry.values("component:studio")["resourceId"] == ""
    (event,) = world.events("component-not-found")
    assert (event["Component"], event["Severity"]) == ("studio", "Error")


def test_a_missing_optional_component_is_reported_only(world: RegistryWorld) -> None:
    world.inventory.remove(f"func-operations-{SUFFIX}")
    summary = world.bootstrap()
    (missing,) = summary.data["missing"]
    assert missing["component"] == "alert-functions"
    assert "func-operations-{suffix}" in missing["remedy"]
    assert world.events("component-not-found")[0]["Severity"] == "Warning"


def test_two_resources_for_one_component_are_named(world: RegistryWorld) -> None:
    world.inventory.add("Microsoft.Web/sites", "app-api-zzzzzzzzzzzzz")
    with pytest.raises(Blocked) as blocked:
        world.bootstrap()
    assert blocked.value.code == "component-ambiguous"
    assert "app-api-zzzzzzzzzzzzz" in blocked.value.message
    assert world.registry.writes == 0


def test_the_instances_own_suffix_tells_twins_apart(world: RegistryWorld) -> None:
    world.inventory.add("Microsoft.Web/sites", "app-api-zzzzzzzzzzzzz")
    summary = world.bootstrap(name_suffix=SUFFIX)
    assert summary.data["components"]["api"].endswith(f"app-api-{SUFFIX}")
    assert [one["resourceId"].rsplit("/", 1)[-1] for one in summary.data["unmatched"]] == [
        "vnet",
        "app-api-zzzzzzzzzzzzz",
    ]


def test_resources_that_nobody_recognises_are_listed_with_what_to_do(world: RegistryWorld) -> None:
    world.inventory.add("Microsoft.Web/sites", "somebody-elses")
    world.inventory.add("Microsoft.Automation/automationAccounts/runbooks", "part-of-an-account")
    summary = world.bootstrap()
    strangers = [one for one in summary.data["unmatched"] if not one["infrastructure"]]
    assert [one["resourceId"].rsplit("/", 1)[-1] for one in strangers] == ["somebody-elses"]
    assert "Delete it" in strangers[0]["remedy"]
    assert len(world.events("resource-not-recognised")) == 1


def test_each_resource_leads_to_its_component(world: RegistryWorld) -> None:
    world.bootstrap()
    resource = world.registry.values("component:api")["resourceId"]
    assert world.registry.values(f"resource:{resource.lower()}")["components"] == ["api"]


def test_a_writer_in_between_is_seen_and_met(world: RegistryWorld) -> None:
    world.bootstrap()
    world.registry.touch("component:api", version="0.0.0")
    world.registry.before_write = lambda: world.registry.touch("component:api", version="0.0.1")
    world.bootstrap()
    assert world.registry.values("component:api")["version"] == "1.4.0"


def test_a_writer_that_never_stops_ends_the_run(world: RegistryWorld) -> None:
    world.bootstrap()

    def again() -> None:
        world.registry.touch("component:api", version=f"0.0.{world.registry.writes}")
        world.registry.before_write = again

    again()
    with pytest.raises(Transient) as ended:
        world.bootstrap()
    assert ended.value.code == "registry-changed"


def test_a_damaged_registry_is_rebuilt(world: RegistryWorld) -> None:
    world.bootstrap()
    world.registry.entities.pop("component:postgres")
    world.registry.touch("component:api", version="9.9.9")
    summary = world.bootstrap()
    assert [(one["action"], one["key"]) for one in summary.data["difference"]] == [
        ("update", "component:api"),
        ("create", "component:postgres"),
    ]


def test_a_dry_run_shows_the_difference_and_writes_nothing(world: RegistryWorld) -> None:
    summary = world.bootstrap(dry_run=True)
    assert (summary.changed, world.registry.writes) == (0, 0)
    assert len(summary.data["difference"]) == 13


def test_without_an_imported_release_there_is_nothing_to_register(world: RegistryWorld) -> None:
    world.releases.record = None
    with pytest.raises(Blocked) as blocked:
        world.bootstrap()
    assert blocked.value.code == "release-not-imported"


class WaitedFor(FakeLeases):
    """A lease that is had after a wait, in which its holder deploys something."""

    def __init__(self, world: RegistryWorld, seconds: float) -> None:
        super().__init__()
        self._world = world
        self._seconds = seconds

    def acquire(self, name: str, *, owner: str) -> FakeLease:
        while not self._world.inventory.reads:  # the listing that was begun before
            time.sleep(0.001)
        self._world.pause(self._seconds)
        self._world.inventory.add("Microsoft.Network/networkInterfaces", "nic")
        return super().acquire(name, owner=owner)


@pytest.mark.parametrize(("seconds", "listings"), [(0.5, 1), (30.0, 2)])
def test_what_was_listed_before_a_long_wait_for_the_lease_is_listed_again(
    world: RegistryWorld, seconds: float, listings: int
) -> None:
    world.leases = WaitedFor(world, seconds)
    world.bootstrap()
    found = [row.key for row in world.registry.read("resource:") if row.key.endswith("/nic")]
    assert len(found) == listings - 1
    matched = 5
    assert world.inventory.reads == listings + matched


def test_a_role_that_has_not_spread_is_waited_for(world: RegistryWorld) -> None:
    world.inventory.failing = Blocked("role-missing", "Reader", hint="assign it")
    pause = world.pause

    def spread(seconds: float) -> None:
        pause(seconds)
        if len(world.slept) == 2:
            world.inventory.failing = None

    world.pause = spread  # type: ignore[method-assign]
    assert world.bootstrap(propagation_seconds=60).changed == 13
    world.inventory.failing = Blocked("role-missing", "Reader", hint="assign it")
    with pytest.raises(Blocked) as blocked:
        world.bootstrap(propagation_seconds=10)
    assert blocked.value.code == "role-missing"


def test_a_large_registry_is_written_a_hundred_rows_at_a_time(world: RegistryWorld) -> None:
    for number in range(250):
        world.inventory.add("Microsoft.Network/networkInterfaces", f"nic-{number:03d}")
    world.bootstrap()
    assert [len(keys) for keys in world.registry.transactions] == [100, 100, 63]


@pytest.mark.parametrize("transactions", [0, 1, 2])
def test_a_killed_run_is_finished_by_the_next(world: RegistryWorld, transactions: int) -> None:
    for number in range(250):
        world.inventory.add("Microsoft.Network/networkInterfaces", f"nic-{number:03d}")
    world.registry.killed_after = transactions
    with pytest.raises(Killed):
        world.bootstrap()
    with pytest.raises(KeyError):
        world.registry.values("release:current")
    world.registry.killed_after = None
    summary = world.bootstrap()
    assert summary.changed == 263 - 100 * transactions
    assert world.registry.values("release:current")["digest"] == RELEASE
    assert world.bootstrap().changed == 0
