"""What `vibedata status` is given to show."""

from __future__ import annotations

import pytest

from tests.builders.manifest import SUFFIX
from tests.flows.registry_world import RELEASE, RegistryWorld
from vibedata.errors import Blocked
from vibedata.flows.show_status import show_status


@pytest.fixture
def world() -> RegistryWorld:
    world = RegistryWorld()
    world.bootstrap()
    return world


def line(world: RegistryWorld, name: str) -> dict:
    components = show_status(registry=world.registry).data["components"]
    return next(one for one in components if one["name"] == name)


def test_before_the_first_sweep_nothing_is_known(world: RegistryWorld) -> None:
    data = show_status(registry=world.registry).data
    assert data["release"]["digest"] == RELEASE
    assert (data["overall"]["status"], data["overall"]["reason"]) == ("Unknown", "never-checked")
    assert {one["reason"] for one in data["components"]} == {"never-checked"}


def test_a_line_says_what_runs_where_and_how_it_is(world: RegistryWorld) -> None:
    world.health()
    shown = line(world, "api")
    assert shown["version"] == "1.4.0"
    assert shown["digest"].startswith(f"sha256:{shown['shortDigest']}")
    assert len(shown["shortDigest"]) == 12
    assert shown["endpoint"] == f"https://app-api-{SUFFIX}.azurewebsites.example:8443"
    assert (shown["status"], shown["reason"], shown["cause"]) == ("Healthy", "ok", [])
    assert shown["since"] == world.now.isoformat()


def test_a_cause_is_shown(world: RegistryWorld) -> None:
    world.prober.say("postgres", "connection-refused")
    world.health()
    assert line(world, "studio")["cause"] == ["api", "postgres"]
    assert show_status(registry=world.registry).data["overall"]["cause"] == ["postgres"]


def test_components_come_in_the_order_of_their_waves(world: RegistryWorld) -> None:
    names = [one["name"] for one in show_status(registry=world.registry).data["components"]]
    assert names == ["key-vault", "postgres", "alert-functions", "api", "studio"]


def test_health_of_another_digest_is_not_shown(world: RegistryWorld) -> None:
    world.health()
    world.registry.touch("component:api", digest="sha256:" + "9" * 64)
    assert line(world, "api")["reason"] == "never-checked"


def test_an_empty_registry_is_told_apart() -> None:
    with pytest.raises(Blocked) as blocked:
        show_status(registry=RegistryWorld().registry)
    assert blocked.value.code == "registry-empty"
