"""Private endpoints only: no service has a public address, every way out has a reason, one way in has a list."""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Network
from typing import Any

import pytest

from tests.bicep.template import compiled, modules, of_type, only

# Types with a switch for their public address, and the value that shuts it.
SHUT: dict[str, Any] = {
    "Microsoft.KeyVault/vaults": "Disabled",
    "Microsoft.Storage/storageAccounts": "Disabled",
    "Microsoft.EventHub/namespaces": "Disabled",
    "Microsoft.EventHub/namespaces/networkRuleSets": "Disabled",
    "Microsoft.ContainerRegistry/registries": "Disabled",
    "Microsoft.Web/sites": "Disabled",
    "Microsoft.ContainerService/managedClusters": "Disabled",
    "Microsoft.CognitiveServices/accounts": "Disabled",
    "Microsoft.Search/searchServices": "Disabled",
}


@pytest.mark.parametrize("kind", SHUT)
def test_no_service_has_a_public_address(kind: str) -> None:
    found = of_type(kind)
    assert found
    assert all(p.properties["publicNetworkAccess"] == SHUT[kind] for p in found)


def test_the_database_and_the_log_endpoint_have_no_public_address() -> None:
    server = only("Microsoft.DBforPostgreSQL/flexibleServers").properties
    assert server["network"]["publicNetworkAccess"] == "Disabled"
    assert server["authConfig"]["passwordAuth"] == "Disabled"
    assert "administratorLoginPassword" not in server
    endpoint = only("Microsoft.Insights/dataCollectionEndpoints").properties
    assert endpoint["networkAcls"]["publicNetworkAccess"] == "Disabled"
    workspace = only("Microsoft.OperationalInsights/workspaces").properties
    assert workspace["publicNetworkAccessForIngestion"] == "Disabled"


def test_whether_automation_is_public_is_a_parameter() -> None:
    account = only("Microsoft.Automation/automationAccounts").properties
    assert account["publicNetworkAccess"] == "[parameters('publicNetworkAccess')]"
    assert compiled()["parameters"]["automationPublicNetworkAccess"]["defaultValue"] is True


def test_every_private_endpoint_has_its_names_in_a_zone_that_exists() -> None:
    dns = modules()["04-dns"].inner["variables"]["zoneNames"]
    used = set(re.findall(r"zoneResourceIds(?:'\)|\.value)\.(\w+)", json.dumps(compiled())))
    assert used == set(dns)


def test_subnets_have_room_and_their_delegations() -> None:
    subnets = {
        s["name"]: s["properties"] for s in only("Microsoft.Network/virtualNetworks").properties["subnets"]
    }
    cut = {
        name: tuple(int(n) for n in re.findall(r", (\d+)", subnet["addressPrefix"]))
        for name, subnet in subnets.items()
    }
    networks = {
        name: list(IPv4Network("10.0.0.0/21").subnets(new_prefix=size))[at]
        for name, (size, at) in cut.items()
    }
    placed = sorted(networks.values())
    assert all(not a.overlaps(b) for i, a in enumerate(placed) for b in placed[i + 1 :])
    assert networks["gateway"].prefixlen <= 24
    assert networks["functions"].prefixlen <= 27
    delegated = {
        name: [d["properties"]["serviceName"] for d in subnet.get("delegations", [])]
        for name, subnet in subnets.items()
    }
    assert delegated == {
        "apps": ["Microsoft.Web/serverFarms"],
        "functions": ["Microsoft.App/environments"],
        **{name: [] for name in ("cluster", "endpoints", "gateway", "worker")},
    }
    for name, subnet in subnets.items():
        assert subnet["defaultOutboundAccess"] is False, name
        assert "networkSecurityGroup" in subnet, name
        assert ("natGateway" in subnet) == (name not in ("gateway", "endpoints")), name


def test_every_rule_has_a_reason_and_the_way_out_is_shut_behind_them() -> None:
    variables = modules()["03-network"].inner["variables"]
    for subnet in variables["guarded"]:
        rules = [variables[re.fullmatch(r"\[variables\('(\w+)'\)\]", text)[1]] for text in subnet["outbound"]]  # type: ignore[index]
        assert all(5 < len(rule["why"]) <= 140 for rule in rules)
        assert rules[-1]["access"] == "Deny"
        assert len({rule["priority"] for rule in rules}) == len(rules)
        tags = {rule["tag"] for rule in rules}
        if subnet["name"] in ("worker", "cluster"):
            assert {"AzureResourceManager", "AzureActiveDirectory", "MicrosoftContainerRegistry"} <= tags
        if subnet["name"] == "worker":
            assert "GuestAndHybridManagement" in tags


def test_the_gateway_opens_to_both_lists_and_to_nobody_else() -> None:
    (rule,) = only("Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies").properties[
        "customRules"
    ]
    (condition,) = rule["matchConditions"]
    assert (rule["action"], condition["negationConditon"]) == ("Block", True)
    both = "[concat(parameters('customerAddressRanges'), parameters('publisherAddressRanges'))]"
    assert condition["matchValues"] == both
    gateway = only("Microsoft.Network/applicationGateways").properties
    assert gateway["sku"]["name"] == "WAF_v2"
    assert [listener["properties"]["protocol"] for listener in gateway["httpListeners"]] == ["Https"]
