"""The template says what RFC-60 and PRD-19 ask for, and makes none of the mistakes that others made with theirs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.bicep.deployed import parameters
from tests.bicep.template import (
    compiled,
    diagnostics,
    everything,
    modules,
    of_type,
    resources,
    sources,
)

# What a phase must make at least (RFC-60; PRD-19 FR-4, FR-5), by its module.
PHASES = {
    "01-identity": {"Microsoft.ManagedIdentity/userAssignedIdentities"},
    "02-observability": {
        "Microsoft.OperationalInsights/workspaces",
        "Microsoft.OperationalInsights/workspaces/tables",
        "Microsoft.Insights/dataCollectionEndpoints",
        "Microsoft.Insights/dataCollectionRules",
        "Microsoft.Insights/components",
        "Microsoft.Insights/privateLinkScopes",
    },
    "03-network": {
        "Microsoft.Network/virtualNetworks",
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.Network/natGateways",
    },
    "04-dns": {
        "Microsoft.Network/privateDnsZones",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    },
    "05-security": {"Microsoft.KeyVault/vaults"},
    "06-foundation": {
        "Microsoft.Storage/storageAccounts",
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "Microsoft.Storage/storageAccounts/queueServices/queues",
        "Microsoft.Storage/storageAccounts/tableServices/tables",
        "Microsoft.EventHub/namespaces/eventhubs/consumergroups",
        "Microsoft.ContainerRegistry/registries",
    },
    "06-automation": {
        "Microsoft.Automation/automationAccounts",
        "Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups",
    },
    "06-worker": {"Microsoft.Compute/virtualMachines"},
    "06-hybrid-worker": {
        "Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups/hybridRunbookWorkers",
        "Microsoft.Compute/virtualMachines/extensions",
    },
    "07-artifacts": {"Microsoft.Compute/virtualMachines/runCommands"},
    "08-runbooks": {"Microsoft.Compute/virtualMachines/runCommands"},
    "09-database": {
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "Microsoft.DBforPostgreSQL/flexibleServers/administrators",
    },
    "10-apps": {
        "Microsoft.Web/serverfarms",
        "Microsoft.Web/sites",
        "Microsoft.Insights/actionGroups",
        "Microsoft.Insights/scheduledQueryRules",
    },
    "11-airbyte": {"Microsoft.ContainerService/managedClusters"},
    "12-gateway": {
        "Microsoft.Network/applicationGateways",
        "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
    },
    "13-ai": {
        "Microsoft.CognitiveServices/accounts",
        "Microsoft.CognitiveServices/accounts/projects",
        "Microsoft.Search/searchServices",
    },
    "14-registry": {"Microsoft.Compute/virtualMachines/runCommands"},
    "15-health": {"Microsoft.Compute/virtualMachines/runCommands"},
}


def test_the_compiler_has_nothing_to_say() -> None:
    assert not diagnostics()


def test_every_phase_of_rfc_60_makes_its_resources() -> None:
    for module, kinds in PHASES.items():
        assert kinds <= {p.type for p in resources() if p.path[:1] == (module,)}, module


def test_main_only_wires() -> None:
    assert {resource["type"] for resource in compiled()["resources"]} == {"Microsoft.Resources/deployments"}


def test_no_template_at_any_depth_has_a_language_version() -> None:
    # Managed applications refuse languageVersion 2.0 (D9).
    templates = [compiled(), *(p.inner for p in everything() if p.inner)]
    assert all("languageVersion" not in template for template in templates)
    assert all(isinstance(template["resources"], list) for template in templates)


def test_nothing_leaves_the_managed_resource_group() -> None:
    for placed in everything():
        assert not {"subscriptionId", "resourceGroup"} & set(placed.body), str(placed)


def test_everything_says_what_it_is() -> None:
    for name, text in sources().items():
        assert text.startswith("metadata description = "), name
        for kind in ("param", "output", "module"):
            for found in re.finditer(rf"^{kind} \w+.*", text, re.MULTILINE):
                before = text[: found.start()].rstrip().splitlines()[-1]
                assert before.startswith("@description('"), f"{name}: {found.group()}"


@pytest.mark.parametrize("name", sorted(sources()))
def test_a_parameters_description_says_whether_it_is_needed(name: str) -> None:
    text = sources()[name]
    for found in re.finditer(r"@description\('(.*)'\)\nparam (\w+) \S+(.*)", text):
        word = found[1].split(".")[0]
        allowed = ("Optional", "Conditional") if "=" in found[3] else ("Required",)
        assert word in allowed, f"{name}: {found[2]}"


def test_names_follow_from_the_instance_and_never_from_the_clock() -> None:
    for name, text in sources().items():
        assert "utcNow" not in text, name
        assert text.count("newGuid(") == (1 if name == "main.bicep" else 0), name
    assert compiled()["variables"]["suffix"] == "[uniqueString(resourceGroup().id, parameters('instanceId'))]"


def test_deployment_names_differ_and_are_short() -> None:
    names = [p.body["name"] for p in everything() if p.type == "Microsoft.Resources/deployments"]
    assert len(names) == len(set(names))
    assert all(len(name) <= 64 for name in names)


def test_the_template_is_far_from_azures_limits() -> None:
    assert len(json.dumps(compiled(), separators=(",", ":"))) < 2_000_000
    assert len(compiled()["parameters"]) < 128
    assert len(compiled()["outputs"]) < 64
    assert max(len(text) for text in _strings(compiled()) if text.startswith("[")) < 24_576


def _strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    return [value] if isinstance(value, str) else []


def test_no_output_tells_a_secret() -> None:
    for template in [compiled(), *(p.inner for p in everything() if p.inner)]:
        for name, output in template.get("outputs", {}).items():
            assert output["type"] not in ("securestring", "secureObject"), name
            told = json.dumps(output.get("value") or output["copy"])
            assert not re.search(r"list[A-Z]\w*\(|password|secret|token", told, re.IGNORECASE), name


def test_the_publishers_token_comes_from_the_vault_and_stays_protected() -> None:
    given = modules()["07-artifacts"].given["publisherTokenPassword"]
    assert set(given) == {"reference"}
    for placed in everything():
        for name, parameter in placed.inner.get("parameters", {}).items():
            assert ("password" in name.lower()) == (parameter["type"] == "securestring"), name
    for command in of_type("Microsoft.Compute/virtualMachines/runCommands"):
        assert "assword" not in json.dumps(command.properties["parameters"])


def test_no_image_tag_is_written_down() -> None:
    # NFR-10. The one `latest` is the version of the worker's Marketplace image, as certification wants it.
    for name, text in sources().items():
        rest = text.replace("version: 'latest'", "") if name == "main.bicep" else text
        assert "latest" not in re.sub(r"'Required[^\n]*|'Optional[^\n]*|//[^\n]*", "", rest), name
    for app in of_type("Microsoft.Web/sites"):
        version = app.properties["siteConfig"].get("linuxFxVersion")
        assert version in (None, "[format('DOCKER|{0}', parameters('image'))]")
    assert "parameters('imageTag')" in json.dumps(modules()["10-apps"].inner)


@pytest.mark.parametrize("name", ["local", "rig", "offer"])
def test_an_environment_sets_exactly_the_required_parameters(name: str) -> None:
    given = parameters(name)
    assert set(given) == {
        key for key, value in compiled()["parameters"].items() if "defaultValue" not in value
    }
    assert given["crossTenant"] == {"value": name != "local"}
