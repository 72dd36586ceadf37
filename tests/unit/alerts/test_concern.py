"""Which component an alert concerns, and why it says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.alerts.samples import CLUSTER, GROUP, POSTGRES, SUBSCRIPTION, WEB, WORKSPACE, document, parsed
from vibedata import alerts
from vibedata.alerts import Concern
from vibedata.registry import COMPONENT, RESOURCE, Row


def component(name: str, resource_id: str) -> Row:
    return Row(COMPONENT + name, {"resourceId": resource_id})


def resource(resource_id: str, *held: str) -> Row:
    return Row(RESOURCE + resource_id.lower(), {"resourceId": resource_id, "components": list(held)})


REGISTRY = [
    component(
        "web", WEB.replace("resourcegroups", "resourceGroups").replace("microsoft.web", "Microsoft.Web")
    ),
    component("postgres", POSTGRES),
    component("migrations", POSTGRES),
    component("airbyte", CLUSTER),
    component("worker-charts", CLUSTER),
    component("search", ""),
    resource(WORKSPACE),
    resource(POSTGRES, "migrations", "postgres"),
    Row("health:web", {"status": "Healthy"}),
    Row("release:current", {"version": "1.0.0"}),
]


def concerned(given: Any, rows: Any = None) -> Concern:
    return alerts.concerned(parsed(given), REGISTRY if rows is None else rows)


def test_a_target_that_is_the_components_resource_in_whatever_case() -> None:
    concern = concerned("metric-custom-fired")
    assert concern.component == "web"
    assert concern.why == f"the alert's target {WEB} is its resource"


def test_a_target_that_is_part_of_the_components_resource() -> None:
    changed = document("metric-custom-fired")
    changed["data"]["essentials"]["alertTargetIDs"] = [f"{WEB}/slots/Staging"]
    concern = concerned(changed)
    assert concern.component == "web"
    assert "is part of its resource" in concern.why


def test_the_longest_match_stands() -> None:
    changed = document("metric-custom-fired")
    changed["data"]["essentials"]["alertTargetIDs"] = [f"{WEB}/slots/staging/functions/f"]
    assert (
        concerned(changed, [*REGISTRY, component("staging", f"{WEB}/slots/staging")]).component == "staging"
    )


def test_a_name_that_only_begins_alike_is_no_parent() -> None:
    changed = document("metric-custom-fired")
    changed["data"]["essentials"]["alertTargetIDs"] = [f"{WEB}-other"]
    assert concerned(changed).component is None


def test_of_a_log_alert_the_dimension_goes_before_the_workspace() -> None:
    concern = concerned("log-v2-fired")
    assert concern.component == "web"
    assert concern.why.startswith("dimension _ResourceId ")


def test_a_workspace_alone_is_infrastructure() -> None:
    changed = document("log-v2-fired")
    changed["data"]["alertContext"]["condition"]["allOf"][0]["dimensions"] = []
    concern = concerned(changed)
    assert concern.component is None
    assert concern.why == f"the alert's target {WORKSPACE} is infrastructure of the instance, no component"


def test_a_workspaces_alert_may_name_the_role() -> None:
    changed = document("log-v2-fired")
    changed["data"]["alertContext"]["condition"]["allOf"][0]["dimensions"] = [
        {"name": "AppRoleName", "value": "Web"}
    ]
    assert concerned(changed) == Concern("web", "dimension AppRoleName names it", ("web",))


def test_a_dimension_that_holds_a_components_name_by_chance_says_nothing() -> None:
    changed = document("log-v2-fired")
    changed["data"]["alertContext"]["condition"]["allOf"][0]["dimensions"] = [
        {"name": "Computer", "value": "web"}
    ]
    assert concerned(changed).component is None


def test_a_resource_of_several_components_is_told_by_a_label() -> None:
    concern = concerned("prometheus-fired")
    assert concern.component == "airbyte"
    assert concern.candidates == ("airbyte", "worker-charts")
    assert concern.why.endswith("holds airbyte, worker-charts; dimension namespace names it")


def test_a_resource_that_is_one_of_its_components_is_that_one() -> None:
    itself = Row("component:server", {"resourceId": POSTGRES.upper(), "kind": "azure-resource"})
    inside = Row("component:schema", {"resourceId": POSTGRES, "kind": "database-migration"})
    concern = concerned("metric-static-fired", [inside, itself])
    assert (concern.component, concern.candidates) == ("server", ("schema", "server"))
    assert concern.why.endswith("is the component itself; schema is in it, and nothing names that")


def test_part_of_a_resource_of_several_components_is_no_guess() -> None:
    changed = document("metric-static-fired")
    changed["data"]["essentials"]["alertTargetIDs"] = [f"{POSTGRES}/databases/other"]
    itself = Row("component:server", {"resourceId": POSTGRES, "kind": "azure-resource"})
    assert concerned(changed, [itself, component("schema", POSTGRES)]).component is None


def test_a_resource_of_several_components_is_no_guess() -> None:
    concern = concerned("metric-static-fired")
    assert concern.component is None
    assert concern.candidates == ("migrations", "postgres")
    assert concern.why.endswith("nothing tells which: migrations, postgres")


def test_a_configuration_item_tells_where_no_id_does() -> None:
    changed = document("prometheus-fired")
    del changed["data"]["alertContext"]["labels"]["microsoft.resourceid"]
    concern = concerned(changed)
    assert concern.component == "airbyte"
    assert concern.why.startswith(
        "configuration item aks-vibedata-x7k2, which is called like /subscriptions/"
    )


def test_a_name_of_two_resources_tells_nothing() -> None:
    changed = document("prometheus-fired")
    del changed["data"]["alertContext"]["labels"]["microsoft.resourceid"]
    twin = component("twin", CLUSTER.replace("mrg-vibedata", "rg-other"))
    assert concerned(changed, [*REGISTRY, twin]).why == "dimension namespace names it"


def test_of_a_foreign_cluster_no_name_decides() -> None:
    changed = document("prometheus-fired")
    foreign = CLUSTER.replace("mrg-vibedata", "rg-other")
    changed["data"]["alertContext"]["labels"]["microsoft.resourceid"] = foreign
    assert concerned(changed) == Concern(None, f"no resource of the registry is {foreign} or a parent of it")


def test_a_subscriptions_alert_is_nobodys() -> None:
    concern = concerned("service-health-active")
    assert concern == Concern(None, f"the alert is about {SUBSCRIPTION} as a whole")


def test_an_alert_without_resources() -> None:
    assert concerned("legacy-smart-detector-fired").why == "the alert names no resource"


def test_a_foreign_resource() -> None:
    changed = document("metric-custom-fired")
    foreign = f"{GROUP}/providers/microsoft.web/sites/another"
    changed["data"]["essentials"]["alertTargetIDs"] = [foreign]
    assert concerned(changed).why == f"no resource of the registry is {foreign} or a parent of it"


def test_an_empty_registry() -> None:
    assert (
        concerned("metric-custom-fired", []).why == "the registry has no resources: nothing to compare with"
    )


def test_the_second_target_counts_too() -> None:
    changed = document("metric-custom-fired")
    changed["data"]["essentials"]["alertTargetIDs"] = [f"{GROUP}/providers/a/b/c", WEB]
    assert concerned(changed).component == "web"


@pytest.mark.parametrize(
    ("name", "component_name"),
    [
        ("activity-administrative-fired", "web"),
        ("legacy-classic-metric-fired", "web"),
        ("legacy-activity-administrative-fired", "web"),
        ("unknown-service-fired", "web"),
        ("metric-query-fired", "airbyte"),
    ],
)
def test_every_kind_finds_its_component(name: str, component_name: str) -> None:
    assert concerned(name).component == component_name
