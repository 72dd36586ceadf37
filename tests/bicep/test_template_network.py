"""Private endpoints only: no service has a public address, every way out has a reason, one way in has a list."""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Network
from typing import Any

import pytest

from tests.bicep import deployed
from tests.bicep.evaluate import deploy
from tests.bicep.expressions import ExpressionError
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


# --- evaluated ----------------------------------------------------------------------------------------------

# The sub-resource that a private endpoint is for, and the zones that its names are looked up in (Azure's table).
ZONES = {
    "vault": {"privatelink.vaultcore.azure.net"},
    "blob": {"privatelink.blob.core.windows.net"},
    "queue": {"privatelink.queue.core.windows.net"},
    "table": {"privatelink.table.core.windows.net"},
    "registry": {"privatelink.azurecr.io"},
    "namespace": {"privatelink.servicebus.windows.net"},
    "DSCAndHybridWorker": {"privatelink.azure-automation.net"},
    "postgresqlServer": {"privatelink.postgres.database.azure.com"},
    "sites": {"privatelink.azurewebsites.net"},
    "searchService": {"privatelink.search.windows.net"},
    "account": {
        "privatelink.cognitiveservices.azure.com",
        "privatelink.openai.azure.com",
        "privatelink.services.ai.azure.com",
    },
    "azuremonitor": {
        "privatelink.monitor.azure.com",
        "privatelink.oms.opinsights.azure.com",
        "privatelink.ods.opinsights.azure.com",
        "privatelink.agentsvc.azure-automation.net",
        "privatelink.blob.core.windows.net",
    },
}
ENDPOINTS = "Microsoft.Network/privateEndpoints"


def endpoints() -> dict[str, tuple[str, str]]:
    """Return the private endpoints: each one's id, its target and its sub-resource."""
    found = {}
    for endpoint in deployed.of_type(ENDPOINTS):
        (link,) = endpoint.properties["privateLinkServiceConnections"]
        (group,) = link["properties"]["groupIds"]
        found[endpoint.id] = (link["properties"]["privateLinkServiceId"], group)
    return found


def test_every_endpoint_has_the_zones_of_its_sub_resource() -> None:
    seen = set()
    for group in deployed.of_type(f"{ENDPOINTS}/privateDnsZoneGroups"):
        holder = group.id.rsplit("/", 2)[0]
        configurations = group.properties["privateDnsZoneConfigs"]
        zones = {each["properties"]["privateDnsZoneId"].rsplit("/", 1)[1] for each in configurations}
        assert zones == ZONES[endpoints()[holder][1]], holder
        seen.add(holder)
    assert seen == set(endpoints())
    assert {group for _, group in endpoints().values()} == set(ZONES)


def test_every_service_without_a_public_address_has_an_endpoint() -> None:
    targets = set(endpoints().values())
    for kind, groups in {
        "Microsoft.KeyVault/vaults": ("vault",),
        "Microsoft.Storage/storageAccounts": ("blob", "queue", "table"),
        "Microsoft.EventHub/namespaces": ("namespace",),
        "Microsoft.ContainerRegistry/registries": ("registry",),
        "Microsoft.Automation/automationAccounts": ("DSCAndHybridWorker",),
        "Microsoft.DBforPostgreSQL/flexibleServers": ("postgresqlServer",),
        "Microsoft.Web/sites": ("sites",),
        "Microsoft.CognitiveServices/accounts": ("account",),
        "Microsoft.Search/searchServices": ("searchService",),
        "Microsoft.Insights/privateLinkScopes": ("azuremonitor",),
    }.items():
        for resource in deployed.of_type(kind):
            assert {(resource.id, group) for group in groups} <= targets, resource.id


def test_every_zone_is_linked_to_the_network() -> None:
    network = deployed.one("Microsoft.Network/virtualNetworks").id
    links = deployed.of_type("Microsoft.Network/privateDnsZones/virtualNetworkLinks")
    linked = {link.id.rsplit("/", 2)[0] for link in links}
    assert linked == {zone.id for zone in deployed.of_type("Microsoft.Network/privateDnsZones")}
    for link in links:
        assert link.properties["virtualNetwork"]["id"] == network
        assert link.properties["registrationEnabled"] is False


@pytest.mark.parametrize("prefix", ["10.0.0.0/21", "10.60.0.0/20", "172.16.0.0/16"])
def test_subnets_fit_whatever_range_is_given(prefix: str) -> None:
    asked = {**deployed.parameters("offer"), "virtualNetworkPrefix": {"value": prefix}}
    made = deploy(compiled(), asked).resources()
    (network,) = [r for r in made if r.type == "Microsoft.Network/virtualNetworks"]
    cut = [IPv4Network(subnet["properties"]["addressPrefix"]) for subnet in network.properties["subnets"]]
    assert all(each.subnet_of(IPv4Network(prefix)) for each in cut)
    assert not any(a.overlaps(b) for at, a in enumerate(cut) for b in cut[at + 1 :])


def test_a_range_that_is_too_small_has_no_subnets() -> None:
    asked = {**deployed.parameters("offer"), "virtualNetworkPrefix": {"value": "10.0.0.0/22"}}
    with pytest.raises(ExpressionError, match="no room"):
        list(deploy(compiled(), asked).resources())
