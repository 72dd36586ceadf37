"""What others got wrong: what cannot be undone, whose identity it is, and who reports where."""

from __future__ import annotations

import json
import re

from tests.bicep.template import compiled, everything, modules, of_type, only, resources, sources
from vibedata import contracts

# Types that can report to a workspace. The rest has nothing to report, or reports through its parent.
REPORTING = {
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Insights/dataCollectionRules",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/networkInterfaces",
    "Microsoft.Network/applicationGateways",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/queueServices",
    "Microsoft.Storage/storageAccounts/tableServices",
    "Microsoft.EventHub/namespaces",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.Automation/automationAccounts",
    "Microsoft.DBforPostgreSQL/flexibleServers",
    "Microsoft.Web/serverfarms",
    "Microsoft.Web/sites",
    "Microsoft.ContainerService/managedClusters",
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.Search/searchServices",
}


def test_the_vault_can_be_recovered_and_its_name_is_never_used_twice() -> None:
    vault = only("Microsoft.KeyVault/vaults")
    assert vault.properties["enablePurgeProtection"] is True
    assert vault.properties["enableSoftDelete"] is True
    assert vault.properties["enableRbacAuthorization"] is True
    assert vault.body["name"] == "[format('kv-{0}', parameters('suffix'))]"


def test_no_immutability_policy_is_ever_locked() -> None:
    policies = of_type("Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies")
    assert len(policies) == 1
    assert "state" not in policies[0].properties
    text = json.dumps(compiled()).lower()
    assert "immutabilitypolicies/lock" not in text
    assert '"state": "locked"' not in text


def test_the_node_resource_group_is_left_alone() -> None:
    assert not any("nodeResourceGroup" in text for text in sources().values())


def test_the_automation_account_has_no_identity_and_no_runbook() -> None:
    assert "identity" not in only("Microsoft.Automation/automationAccounts").body
    assert not of_type("Microsoft.Automation/automationAccounts/runbooks")


def test_the_worker_has_both_identities_and_its_own_gets_no_role() -> None:
    machine = only("Microsoft.Compute/virtualMachines")
    assert machine.body["identity"]["type"] == "SystemAssigned, UserAssigned"
    assert not any("worker.identity" in text or "machine.identity" in text for text in sources().values())


def test_the_extension_comes_after_the_worker_and_the_worker_after_its_group() -> None:
    (extension,) = of_type("Microsoft.Compute/virtualMachines/extensions")
    assert any("hybridRunbookWorkers'" in edge for edge in extension.body["dependsOn"])
    outer = next(p for p in everything() if p.body["name"] == "06-hybrid-worker")
    assert any("06-automation" in edge for edge in outer.body["dependsOn"])
    assert extension.properties["autoUpgradeMinorVersion"] is True
    (worker,) = of_type(
        "Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups/hybridRunbookWorkers"
    )
    assert "guid(" in worker.body["name"]


def test_every_service_reports_to_the_workspace() -> None:
    settings = of_type("Microsoft.Insights/diagnosticSettings")
    scopes = "\n".join(str(setting.body["scope"]) for setting in settings)
    for kind in REPORTING:
        assert f"resourceId('{kind}'," in scopes, kind
    assert all(setting.properties["workspaceId"] for setting in settings)


def test_no_type_that_could_report_was_forgotten() -> None:
    silent = {
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Compute/virtualMachines",  # its agent's logs are Automation's job streams and operations rows
        "Microsoft.Insights/actionGroups",
        "Microsoft.Insights/components",  # writes to the workspace by itself
        "Microsoft.Insights/dataCollectionEndpoints",
        "Microsoft.Insights/diagnosticSettings",
        "Microsoft.Insights/privateLinkScopes",
        "Microsoft.Insights/scheduledQueryRules",
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies",
        "Microsoft.Network/privateDnsZones",
        "Microsoft.Network/privateEndpoints",
    }
    top = {p.type for p in resources() if p.type.count("/") == 1}
    assert top - REPORTING == silent


def test_the_operations_table_is_made_from_its_one_definition() -> None:
    given = modules()["02-observability"].given["operationsTable"]["value"]
    (name,) = re.findall(r"variables\('(\$fxv#\d+)'\)", given)
    assert compiled()["variables"][name] == contracts.load("operations_columns.json")
