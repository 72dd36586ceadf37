"""An instance has all that its alerts need, with rights as narrow as the matrix says; seeding again changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from demo import alerting
from demo.instance import Instance
from local_stack.threaded import ThreadedStack
from tests.environment import World
from tests.local_stack.firing import alert
from tests.local_stack.support import Rest
from vibedata import contracts

SEEDED = {"storageAccount", "eventHub", "dataCollectionRule", "resourceGroup"}
ROWS = [row for row in contracts.load("rbac.json")["assignments"] if row["scope"] in SEEDED]


@pytest.fixture(scope="module")
def seeded(world: World, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """One instance for all of these, which only look at it."""
    return world.instance(tmp_path_factory.mktemp("worker"))


def inventory(stack: ThreadedStack, group: str) -> tuple[dict[str, Any], list[str]]:
    """Return the resources that alerts need, and every role assignment there is."""
    ours = (
        "/microsoft.eventhub/",
        "/actiongroups/",
        "/sites/func-operations-",
        "/queues/",
        "/tables/alert",
        "/alerts-",
    )
    found = {
        each["id"]: each
        for each in stack.ctx.resources.list(group)
        if any(part in each["id"].lower() for part in ours)
    }
    return found, sorted(stack.ctx.roles.assignments())


def test_the_alert_resources_are_there_and_named_as_the_template_names_them(
    seeded: Instance, stack: ThreadedStack
) -> None:
    kept, suffix = stack.ctx.resources, seeded.names.suffix
    assert seeded.ids["eventHub"].endswith(f"/namespaces/evhns-{suffix}/eventhubs/alerts")
    for key in ("eventHubNamespace", "eventHub", "actionGroup", "functionApp"):
        assert kept.get(seeded.ids[key]), key
    account = seeded.ids["storageAccount"]
    for place, names in (("queue", alerting.QUEUES), ("table", alerting.TABLES)):
        for name in names:
            assert kept.get(f"{account}/{place}Services/default/{place}s/{name}"), name
    assert kept.get(f"{seeded.ids['eventHub']}/consumergroups/vibedata")
    assert seeded.settings.event_hub_namespace.endswith(f"/evhns-{suffix}")


@pytest.mark.parametrize("row", ROWS, ids=[row["key"] for row in ROWS])
def test_each_row_of_the_matrix_is_one_assignment_of_its_principal(
    row: dict[str, Any], seeded: Instance, stack: ThreadedStack
) -> None:
    whose = {"vibedata-uami": "uami", "actionGroup": "actionGroup"}[row.get("principal", "vibedata-uami")]
    who = stack.ctx.principals.of_resource(seeded.ids[whose])
    assert who is not None
    scope = seeded.ids[row["scope"]].lower()
    found = [
        kept
        for kept in stack.ctx.roles.assignments().values()
        if (kept["scope"].lower(), kept["role"]) == (scope, row["roleDefinitionId"])
    ]
    assert [kept["principalId"] for kept in found] == [who.oid]


def test_seeding_again_changes_nothing(world: World, stack: ThreadedStack, tmp_path: Any) -> None:
    arm = world.arm()
    first = world.instance(tmp_path / "worker", arm=arm, instance_id="twice")
    before = inventory(stack, first.ids["resourceGroup"])
    assert len(before[0]) == 6 + len(alerting.QUEUES) + len(alerting.TABLES) + len(alerting.CONTAINERS)
    again = world.instance(tmp_path / "worker", arm=arm, instance_id="twice")
    after = inventory(stack, first.ids["resourceGroup"])
    changed = [key for key in after[0] if after[0][key] != before[0].get(key)]
    assert (changed, after[1]) == ([], before[1])
    assert again.settings == first.settings


def test_without_its_role_the_group_delivers_nothing_but_our_identity_finds_the_alert(
    new_instance: Callable[..., Instance], stack: ThreadedStack
) -> None:
    instance = new_instance(without_roles={"hub-send"})
    app = f"{instance.ids['resourceGroup']}/providers/Microsoft.Web/sites/app"
    fired = alert(instance.settings.subscription_id, app)
    answer = Rest(stack)("POST", f"{instance.ids['actionGroup']}/deliver", fired)
    assert [each["status"] for each in answer.json()["receivers"]] == [401]
    uami = stack.ctx.principals.of_resource(instance.ids["uami"])
    assert uami is not None
    ours = Rest(stack, stack.ctx.tokens.mint(uami, "https://management.azure.com"))
    listed = ours(
        "GET", f"{instance.ids['resourceGroup']}/providers/Microsoft.AlertsManagement/alerts"
    ).json()["value"]
    guid = fired["data"]["essentials"]["alertId"].rsplit("/", 1)[1]
    assert [each["id"].rsplit("/", 1)[1] for each in listed] == [guid]
    assert ours("POST", f"{instance.ids['actionGroup']}/deliver", fired).status_code == 403


def test_the_hosts_settings_name_the_identity_for_every_connection_and_hold_no_secret(
    seeded: Instance,
) -> None:
    told = alerting.host_settings(seeded.settings, "https://127.0.0.1:1")
    for name in ("AzureWebJobsStorage", "AlertQueue", "AlertHub"):
        assert told[f"{name}__clientId"] == seeded.settings.uami_client_id
    assert all(told.values())
    assert not [name for name in told if "KEY" in name.upper() or "SECRET" in name.upper()]
