"""Phase 15 over fakes: what is written, what is recorded, what closes the gate."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.builders.manifest import SUFFIX
from tests.fakes.component_registry import FakeComponentRegistry, Killed
from tests.flows.registry_world import RegistryWorld
from vibedata.errors import Blocked, Failed, Transient
from vibedata.registry import Change

DOWN = "connection-refused"


@pytest.fixture
def world() -> RegistryWorld:
    world = RegistryWorld()
    world.bootstrap()
    world.log.rows.clear()
    return world


def test_a_healthy_instance_is_written_once(world: RegistryWorld) -> None:
    summary = world.health()
    assert summary.written == {"health": 6}
    assert summary.data["overall"]["status"] == "Healthy"
    assert world.found("api") == ("Healthy", "ok")
    assert world.health().written == {"health": 0}
    assert world.slept == []


def test_each_change_has_one_row_and_each_sweep_a_summary(world: RegistryWorld) -> None:
    world.health()
    assert len(world.events("health-changed")) == 5
    world.health()
    world.prober.say("studio", DOWN)
    world.health()
    changed = world.events("health-changed")[5:]
    assert [(row["Component"], row["Status"], row["Severity"]) for row in changed] == [
        ("studio", "Unhealthy", "Error")
    ]
    assert changed[0]["Details"]["before"] == "Healthy"
    summaries = [row["Status"] for row in world.events("health-summary")]
    assert summaries == ["Healthy", "Healthy", "Unhealthy"]
    assert {row["Category"] for row in world.log.rows} == {"Health"}


class DiesAfterWriting(FakeComponentRegistry):
    """A registry whose write is the last thing that a process does."""

    def write(self, changes: Sequence[Change], *, fence: int | None = None) -> int:
        super().write(changes, fence=fence)
        raise Killed


def test_a_change_that_was_stored_by_a_run_that_died_then_has_its_row(world: RegistryWorld) -> None:
    whole, world.registry = world.registry, DiesAfterWriting()
    world.registry.entities = whole.entities
    with pytest.raises(Killed):
        world.health()
    world.registry, whole.entities = whole, world.registry.entities
    assert world.health().written == {"health": 0}
    assert len(world.events("health-changed")) == 5


def test_a_failure_spreads_along_the_dependencies_with_its_cause(world: RegistryWorld) -> None:
    world.health()
    world.prober.say("postgres", DOWN)
    summary = world.health()
    assert world.found("postgres") == ("Unhealthy", DOWN)
    assert world.registry.values("health:studio")["cause"] == ["api", "postgres"]
    assert world.found("studio") == ("Degraded", "dependency-unhealthy")
    assert world.found("alert-functions")[0] == "Healthy"
    assert (summary.data["overall"]["status"], summary.data["overall"]["cause"]) == (
        "Unhealthy",
        ["postgres"],
    )
    world.prober.clear("postgres")
    assert world.health().written == {"health": 4}
    assert world.found("studio")[0] == "Healthy"


def test_an_optional_component_degrades_the_instance_only(world: RegistryWorld) -> None:
    world.prober.say("alert-functions", DOWN)
    summary = world.health(gate=True)
    assert summary.data["overall"]["status"] == "Degraded"
    assert world.found("alert-functions")[0] == "Unhealthy"


def test_a_failure_that_passes_is_asked_again_before_it_is_believed(world: RegistryWorld) -> None:
    world.prober.say("api", "timeout", times=2)
    summary = world.health()
    assert summary.data["overall"]["status"] == "Healthy"
    assert world.slept == [2.0]


def test_a_failure_that_stays_is_asked_as_often_as_the_registry_says(world: RegistryWorld) -> None:
    world.prober.say("studio", "timeout")
    world.health()
    assert world.found("studio") == ("Unhealthy", "timeout")
    assert world.slept == [2.0, 2.0, 2.0]
    world.slept.clear()
    world.health()
    assert world.slept == []


def test_a_wrong_digest_is_believed_at_once(world: RegistryWorld) -> None:
    world.deploy_site(world.component("api"), digest="sha256:" + "0" * 64)
    world.health()
    assert world.found("api") == ("Unhealthy", "digest-mismatch")
    assert world.slept == []


def test_a_resource_that_is_gone_is_named(world: RegistryWorld) -> None:
    world.inventory.remove(f"app-api-{SUFFIX}")
    world.health()
    assert world.found("api") == ("Unhealthy", "resource-missing")


def test_a_blind_watcher_changes_nothing(world: RegistryWorld) -> None:
    world.health()
    before = dict(world.registry.entities)
    world.inventory.failing = Transient("azure-unreachable", "no route", hint="wait")
    summary = world.health()
    assert summary.data["overall"]["reason"] == "watcher-blind"
    assert {one["status"] for one in summary.data["components"]} == {"Unknown"}
    assert world.registry.entities == before
    assert world.events("health-changed")[5:] == []
    assert world.events("health-summary")[-1]["Status"] == "Unknown"


def test_a_missing_role_is_no_finding_but_an_error(world: RegistryWorld) -> None:
    world.inventory.failing = Blocked("role-missing", "Reader is missing.", hint="assign it")
    with pytest.raises(Blocked) as blocked:
        world.health(gate=True, propagation_seconds=5)
    assert blocked.value.code == "role-missing"
    assert sum(world.slept) >= 5


def test_the_gate_waits_until_all_is_well(world: RegistryWorld) -> None:
    world.prober.say("api", "unexpected-status", times=9)
    summary = world.health(gate=True, deadline_seconds=60, poll_seconds=5)
    assert summary.data["overall"]["status"] == "Healthy"
    assert 5 in world.slept


def test_the_gate_ends_at_its_deadline_and_names_component_and_cause(world: RegistryWorld) -> None:
    world.prober.say("postgres", DOWN)
    began = world.now
    with pytest.raises(Failed) as failed:
        world.health(gate=True, deadline_seconds=20, poll_seconds=5)
    assert failed.value.code == "health-gate"
    assert failed.value.message.startswith(
        f"postgres is Unhealthy ({DOWN}) after 20 s: postgres says {DOWN}."
    )
    assert [one["component"] for one in failed.value.detail["components"]] == ["postgres"]
    assert 20 <= (world.now - began).total_seconds() < 30
    assert world.found("postgres") == ("Unhealthy", DOWN)


def test_without_the_gate_the_same_ends_well(world: RegistryWorld) -> None:
    world.prober.say("postgres", DOWN)
    assert world.health().data["overall"]["status"] == "Unhealthy"


def test_a_gate_that_is_blind_says_so(world: RegistryWorld) -> None:
    world.inventory.failing = Transient("azure-unreachable", "no route", hint="wait")
    with pytest.raises(Failed) as failed:
        world.health(gate=True, deadline_seconds=10)
    assert "watcher-blind" in failed.value.message


def test_a_dry_run_writes_nothing(world: RegistryWorld) -> None:
    before = world.registry.writes
    world.prober.say("api", DOWN)
    summary = world.health(dry_run=True)
    assert (summary.changed, world.registry.writes) == (0, before)
    assert next(c for c in summary.data["components"] if c["component"] == "api")["status"] == "Unhealthy"


def test_a_probe_that_breaks_stops_nobody(world: RegistryWorld) -> None:
    def broken(probe):
        raise RuntimeError("a bug")

    world.prober.probe = broken  # type: ignore[method-assign]
    summary = world.health()
    assert {c["reason"] for c in summary.data["components"] if c["component"] == "api"} == {"probe-failed"}
    assert world.found("api")[0] == "Unknown"


def test_a_new_release_makes_old_health_worthless(world: RegistryWorld) -> None:
    world.health()
    world.registry.touch("component:api", digest="sha256:" + "9" * 64)
    world.deploy_site(world.component("api"), digest="sha256:" + "9" * 64)
    assert world.health().written == {"health": 1}


def test_an_empty_registry_is_not_healthy() -> None:
    with pytest.raises(Blocked) as blocked:
        RegistryWorld().health()
    assert blocked.value.code == "registry-empty"


def test_a_writer_in_between_is_met(world: RegistryWorld) -> None:
    world.health()
    world.prober.say("studio", DOWN)
    world.registry.before_write = lambda: world.registry.touch("health:studio", message="other")
    world.health()
    assert world.found("studio") == ("Unhealthy", DOWN)
