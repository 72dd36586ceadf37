"""The template as Azure would see it: evaluated whole, for every environment."""

from __future__ import annotations

import json
import re
from collections import Counter
from ipaddress import ip_address, ip_network

import pytest

from tests.bicep.deployed import ENVIRONMENTS, deployment, of_type, one, parameters, resources, values
from tests.bicep.evaluate import GROUP, SUBSCRIPTION, Resource, deploy
from tests.bicep.expressions import is_expression
from tests.bicep.runtime import Runtime
from tests.bicep.template import compiled, everything
from tests.bicep.test_template_services import REPORTING
from tests.peers import azure_types

COMMANDS = "Microsoft.Compute/virtualMachines/runCommands"
WORKER_GROUPS = "Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_resource_is_resolved_and_has_an_id_of_its_own(environment: str) -> None:
    found = resources(environment)
    assert len(found) > 200
    twice = [key for key, count in Counter(r.id for r in found).items() if count > 1]
    assert not twice
    for resource in found:
        left = [v for v in values(resource.body) if isinstance(v, Runtime)]
        assert not left, f"{resource.id}: {left[0].path}"
        assert resource.id.startswith(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/"), resource.id


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_body_is_right_by_azures_own_types(environment: str) -> None:
    shapes = azure_types()
    wrong = []
    for resource in resources(environment):
        body = {k: v for k, v in resource.body.items() if k not in ("type", "scope")}
        body["name"] = resource.name.rsplit("/", 1)[-1]
        plain = json.loads(json.dumps(body, default=str))  # a secret's reference as its text
        found = shapes.violations(resource.type, resource.body["apiVersion"], plain)
        wrong += [f"{resource.id}: {text}" for text in found]
    assert not wrong, "\n".join(wrong)


def test_environments_differ_by_their_parameters_alone() -> None:
    made = {name: Counter(r.type for r in resources(name)) for name in ENVIRONMENTS}
    assert made["local"] == made["offer"] == made["rig"]


def test_pressing_create_again_changes_nothing_but_the_attempt() -> None:
    asked = parameters("offer")
    again = deploy(
        compiled(), {**asked, "deploymentAttempt": {"value": "99999999-9999-4999-9999-999999999999"}}
    )
    first = {r.id: r.body for r in resources()}
    second = {r.id: r.body for r in again.resources()}
    assert set(first) == set(second)
    changed = {first[key]["type"] for key in first if first[key] != second[key]}
    assert changed == {COMMANDS}


def test_another_instance_shares_no_global_name() -> None:
    asked = {**parameters("offer"), "instanceId": {"value": "another-instance"}}
    other = {r.id for r in deploy(compiled(), asked).resources()}
    kinds = {"Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts", "Microsoft.Web/sites"}
    kinds |= {"Microsoft.ContainerRegistry/registries", "Microsoft.EventHub/namespaces"}
    kinds |= {"Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.Search/searchServices"}
    kinds |= {"Microsoft.CognitiveServices/accounts", "Microsoft.OperationalInsights/workspaces"}
    for resource in resources():
        if resource.type in kinds:
            assert resource.id not in other, resource.id


LENGTHS = {
    "Microsoft.KeyVault/vaults": (3, 24, r"[a-z][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Storage/storageAccounts": (3, 24, r"[a-z0-9]+"),
    "Microsoft.ContainerRegistry/registries": (5, 50, r"[a-z0-9]+"),
    "Microsoft.DBforPostgreSQL/flexibleServers": (3, 63, r"[a-z][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Search/searchServices": (2, 60, r"[a-z][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Web/sites": (2, 60, r"[a-z][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Compute/virtualMachines": (1, 64, r"[a-z][a-z0-9-]*[a-z0-9]"),
}


@pytest.mark.parametrize("kind", LENGTHS)
def test_a_name_is_one_that_azure_takes(kind: str) -> None:
    least, most, shape = LENGTHS[kind]
    for resource in of_type(kind):
        assert least <= len(resource.name) <= most, resource.name
        assert re.fullmatch(shape, resource.name), resource.name


def test_the_outputs_are_what_the_publishers_bootstrap_needs() -> None:
    assert set(deployment().outputs()) == {
        "automationAccountResourceId",
        "containerRegistryName",
        "deploymentAttempt",
        "fullyQualifiedDomainName",
        "gatewayPublicAddress",
        "gatewayResourceId",
        "identityClientId",
        "identityPrincipalId",
        "identityResourceId",
        "instanceId",
        "keyVaultName",
        "nameSuffix",
        "tenantId",
        "workerGroupName",
        "workspaceResourceId",
    }


def test_every_output_is_a_value_of_a_resource_that_is_there() -> None:
    there = {r.id for r in resources()}
    for name, value in deployment().outputs().items():
        assert isinstance(value, str), name
        assert value, name
        if name.endswith("ResourceId"):
            assert value in there, name
    made = deployment().outputs()
    assert made["keyVaultName"] == one("Microsoft.KeyVault/vaults").name
    assert made["containerRegistryName"] == one("Microsoft.ContainerRegistry/registries").name
    identity = Runtime(made["identityResourceId"])
    for name in ("tenantId", "clientId", "principalId"):
        output = name if name == "tenantId" else f"identity{name[0].upper()}{name[1:]}"
        assert made[output] == identity.member(name)
    assert made["workerGroupName"] == one(WORKER_GROUPS).name.split("/")[1]
    assert made["instanceId"] == parameters("offer")["instanceId"]["value"]
    assert made["fullyQualifiedDomainName"] == f"{made['instanceId']}.vibedata.ai"
    (listener, *_) = one("Microsoft.Network/applicationGateways").properties["httpListeners"]
    assert (
        listener["properties"].get("hostName", made["fullyQualifiedDomainName"])
        == made["fullyQualifiedDomainName"]
    )


# --- what holds for each resource that is deployed ----------------------------------------------------------


def test_each_resource_that_can_report_does() -> None:
    reporting = {str(r.body["scope"]) for r in of_type("Microsoft.Insights/diagnosticSettings")}
    silent = [r.id for r in resources() if r.type in REPORTING and r.id not in reporting]
    assert not silent
    (workspace,) = {r.properties["workspaceId"] for r in of_type("Microsoft.Insights/diagnosticSettings")}
    assert workspace == one("Microsoft.OperationalInsights/workspaces").id


# The switches of public access that a parameter may open, with what the offer has them at.
OPEN = {"Microsoft.Automation/automationAccounts": True}


def test_every_switch_of_public_access_is_shut_but_the_one_that_is_a_decision() -> None:
    found = 0
    for resource in resources():
        for key, value in _switches(resource.body):
            found += 1
            assert value == OPEN.get(resource.type, "Disabled"), f"{resource.id}: {key} is {value}"
    assert found > 15


def _switches(value: object) -> list[tuple[str, object]]:
    if isinstance(value, list):
        return [pair for each in value for pair in _switches(each)]
    if not isinstance(value, dict):
        return []
    own = [(key, each) for key, each in value.items() if key.startswith("publicNetworkAccess")]
    return own + [pair for each in value.values() for pair in _switches(each)]


def test_the_worker_and_the_nodes_have_no_public_address() -> None:
    for interface in of_type("Microsoft.Network/networkInterfaces"):
        for each in interface.properties["ipConfigurations"]:
            assert "publicIPAddress" not in each["properties"]
    assert len(of_type("Microsoft.Network/publicIPAddresses")) == 2  # the gateway's, and the one way out


def test_every_id_that_a_body_names_is_of_something_deployed() -> None:
    there = {r.id: r for r in resources()}
    ours = re.compile(rf"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/.+")
    named = [
        (r.id, v) for r in resources() for v in values(r.body) if isinstance(v, str) and ours.fullmatch(v)
    ]
    lost = [f"{at}: {name}" for at, name in named if name not in there and not _is_part(name, there)]
    assert len(named) > 200
    assert not lost


def _is_part(id: str, there: dict[str, Resource]) -> bool:
    """Tell whether an id is that of a subnet, a listener or the like: a named part of a resource's properties."""
    holder, kind, name = id.rsplit("/", 2)
    parts = there[holder].properties.get(kind, []) if holder in there else []
    return name in {part["name"] for part in parts}


def test_the_gateway_speaks_tls_with_applications_that_are_deployed() -> None:
    gateway = one("Microsoft.Network/applicationGateways").properties
    sites = {f"{site.name}.azurewebsites.net" for site in of_type("Microsoft.Web/sites")}
    pools = {pool["name"]: pool["properties"]["backendAddresses"] for pool in gateway["backendAddressPools"]}
    hosts = [each["fqdn"] for addresses in pools.values() for each in addresses if "fqdn" in each]
    assert len(hosts) == 3
    assert set(hosts) <= sites
    settings = {each["name"]: each["properties"] for each in gateway["backendHttpSettingsCollection"]}
    probes = {each["name"]: each["properties"] for each in gateway["probes"]}
    assert (settings["apps"]["protocol"], probes["apps"]["protocol"]) == ("Https", "Https")
    ((airbyte,),) = [addresses for name, addresses in pools.items() if name == "airbyte"]
    assert ip_address(airbyte["ipAddress"]) in ip_network(_subnet("cluster"))


def _subnet(name: str) -> str:
    (network,) = of_type("Microsoft.Network/virtualNetworks")
    return next(s["properties"]["addressPrefix"] for s in network.properties["subnets"] if s["name"] == name)


# --- Azure's limits -----------------------------------------------------------------------------------------


def test_every_template_is_within_azures_limits() -> None:
    for template in [compiled(), *(placed.inner for placed in everything() if placed.inner)]:
        assert len(template.get("parameters", {})) <= 256
        assert len(template.get("variables", {})) <= 256
        assert len(template.get("outputs", {})) <= 64
        texts = [text for text in values(template) if isinstance(text, str) and is_expression(text)]
        assert max(map(len, texts), default=0) <= 24_576


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_deployed_is_within_azures_limits(environment: str) -> None:
    sizes = [len(json.dumps(r.body, default=str)) for r in resources(environment)]
    assert len(sizes) <= 800
    assert sum(sizes) + len(json.dumps(compiled(), separators=(",", ":"))) < 4_000_000
    assert max(sizes) < 1_000_000
    assert len(deployment(environment).modules) < 100  # of 800 in a resource group's history
