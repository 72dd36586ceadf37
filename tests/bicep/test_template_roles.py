"""rbac.json and the template agree: every row is assigned once, at the scope it names, to whom it names (D10)."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from tests.bicep import deployed
from tests.bicep.evaluate import deploy
from tests.bicep.runtime import Runtime
from tests.bicep.template import Placed, compiled, everything, modules, of_type, sources
from vibedata import contracts

ROWS = contracts.load("rbac.json")["assignments"]
OWN = [row for row in ROWS if row.get("principal", "vibedata-uami") == "vibedata-uami"]
ROLES = "Microsoft.Authorization/roleAssignments"
SCOPE = re.compile(r"lambda\('row', equals\(lambdaVariables\('row'\)\.scope, '(\w+)'\)\)")


def role_modules() -> list[Placed]:
    """Return every use of the one module that assigns roles."""
    return [p for p in everything() if "scopeKind" in p.given]


def taken(placed: Placed) -> list[str]:
    """Return the keys of the rows that a use of the module assigns."""
    parameters = placed.given
    if parameters["assignments"]["value"] == "[parameters('actionGroupAssignments')]":
        return [row["key"] for row in ROWS if row.get("principal") == "actionGroup"]
    (scope,) = SCOPE.findall(parameters["assignments"]["value"])
    assert scope == parameters["scopeKind"]["value"], placed.body["name"]
    return [row["key"] for row in OWN if row["scope"] == scope]


def test_every_row_is_assigned_by_exactly_one_module() -> None:
    uses = Counter(key for placed in role_modules() for key in set(taken(placed)))
    # The apps are several, and each is a scope of its own.
    sites = {row["key"] for row in ROWS if row["scope"] == "site"}
    assert {key for key in uses if key not in sites} == {row["key"] for row in ROWS} - sites
    assert all(count == 1 for key, count in uses.items() if key not in sites)
    assert all(uses[key] == 2 for key in sites)


def test_the_action_groups_row_is_assigned_at_its_own_scope() -> None:
    (use,) = [p for p in role_modules() if p.body["name"] == "10-roles-action-group"]
    given = modules()["10-apps"].given["actionGroupAssignments"]["value"]
    assert (
        given == "[filter(variables('rbac'), lambda('row', contains(lambdaVariables('row'), 'principal')))]"
    )
    assert {row.get("principal", "actionGroup") for row in ROWS} == {"actionGroup"}
    scopes = {row["scope"] for row in ROWS if row.get("principal") == "actionGroup"}
    assert scopes == {use.given["scopeKind"]["value"]}


def test_only_one_module_assigns_roles() -> None:
    having = [name for name, text in sources().items() if "Microsoft.Authorization/roleAssignments" in text]
    assert having == ["modules/role-assignment.bicep"]


def test_every_scope_of_the_matrix_is_one_that_the_module_knows() -> None:
    text = sources()["modules/role-assignment.bicep"]
    allowed = re.findall(r"^  '(\w+)'$", text, re.MULTILINE)
    assert {row["scope"] for row in ROWS} <= set(allowed)
    assert set(re.findall(r"scopeKind == '(\w+)'", text)) == set(allowed)


def test_an_assignment_is_named_by_scope_principal_and_role() -> None:
    found = of_type("Microsoft.Authorization/roleAssignments")
    assert found
    for placed in found:
        name = placed.body["name"]
        assert name.startswith("[guid(")
        assert name.endswith(
            "parameters('principalId'), parameters('assignments')[copyIndex()].roleDefinitionId)]"
        )


def test_the_identitys_resource_is_named_only_across_tenants() -> None:
    # In one tenant Azure refuses the property, across tenants it refuses its absence.
    module = next(p for p in role_modules()).inner
    (body,) = [entry["input"] for entry in module["variables"]["copy"] if entry["name"] == "bodies"]
    assert body["delegatedManagedIdentityResourceId"] == (
        "[if(parameters('crossTenant'), parameters('principalResourceId'), null())]"
    )
    assert body["principalType"] == "ServicePrincipal"
    assert "defaultValue" not in compiled()["parameters"]["crossTenant"]


def test_nobody_gets_a_role_outside_the_group() -> None:
    assert "subscription().id" not in json.dumps(compiled())


# --- evaluated ----------------------------------------------------------------------------------------------


KINDS = {
    "aiAccount": "Microsoft.CognitiveServices/accounts",
    "applicationInsights": "Microsoft.Insights/components",
    "automationAccount": "Microsoft.Automation/automationAccounts",
    "containerRegistry": "Microsoft.ContainerRegistry/registries",
    "dataCollectionRule": "Microsoft.Insights/dataCollectionRules",
    "eventHub": "Microsoft.EventHub/namespaces/eventhubs",
    "identity": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "keyVault": "Microsoft.KeyVault/vaults",
    "managedCluster": "Microsoft.ContainerService/managedClusters",
    "privateDnsZone": "Microsoft.Network/privateDnsZones",
    "resourceGroup": "",
    "searchService": "Microsoft.Search/searchServices",
    "site": "Microsoft.Web/sites",
    "storageAccount": "Microsoft.Storage/storageAccounts",
    "virtualNetwork": "Microsoft.Network/virtualNetworks",
}
IDENTITY = "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/vibedata-uami"


def test_exactly_the_rows_of_the_matrix_are_assigned() -> None:
    there = {r.id: r.type for r in deployed.resources()}
    group = deployed.one("Microsoft.Insights/actionGroups").id
    found = Counter(
        (
            there.get(r.body.get("scope", ""), ""),
            r.properties["roleDefinitionId"].rsplit("/", 1)[1],
            "actionGroup" if r.properties["principalId"] == principal_of(group) else "vibedata-uami",
        )
        for r in deployed.of_type(ROLES)
    )
    wanted = Counter(
        (KINDS[row["scope"]], row["roleDefinitionId"], row.get("principal", "vibedata-uami")) for row in ROWS
    )
    sites = len(deployed.of_type("Microsoft.Web/sites"))
    for key in wanted:
        wanted[key] = sites if key[0] == KINDS["site"] else wanted[key]  # each app is a scope of its own
    assert found == wanted


def test_nobody_but_the_identity_and_the_action_group_gets_a_role() -> None:
    identity = deployed.one("Microsoft.ManagedIdentity/userAssignedIdentities").id
    holders = {principal_of(identity), principal_of(deployed.one("Microsoft.Insights/actionGroups").id)}
    worker = principal_of(deployed.one("Microsoft.Compute/virtualMachines").id)
    assert {r.properties["principalId"] for r in deployed.of_type(ROLES)} == holders
    assert worker not in holders


def principal_of(id: str) -> Any:
    """Return the object id that a resource's identity has in an evaluated deployment."""
    return Runtime(id).member("principalId")


def test_across_tenants_the_assignment_names_its_identitys_resource() -> None:
    for resource in deployed.of_type(ROLES, "offer"):
        holder = resource.properties["delegatedManagedIdentityResourceId"]
        assert holder.endswith(IDENTITY) or "/actionGroups/" in holder, resource.id
    for resource in deployed.of_type(ROLES, "local"):
        assert resource.properties["delegatedManagedIdentityResourceId"] is None, resource.id


def test_every_assignment_is_of_a_managed_identity_at_a_scope_that_is_deployed() -> None:
    there = {r.id for r in deployed.resources()}
    for resource in deployed.of_type(ROLES):
        assert resource.properties["principalType"] == "ServicePrincipal"
        scope = resource.body.get("scope")
        assert scope is None or scope in there, scope


def test_assignments_are_named_by_scope_principal_and_role() -> None:
    names = [r.name for r in deployed.of_type(ROLES)]
    assert len(set(names)) == len(names)
    asked = {**deployed.parameters("offer"), "instanceId": {"value": "another-instance"}}
    elsewhere = {
        r.name for r in deploy(compiled(), asked).resources() if r.type == ROLES and "scope" in r.body
    }
    scoped = {r.name for r in deployed.of_type(ROLES) if "scope" in r.body}
    assert scoped.isdisjoint(elsewhere) or scoped & elsewhere == _at_names_that_stay(scoped & elsewhere)


def _at_names_that_stay(names: set[str]) -> set[str]:
    """Return those at resources whose name has no suffix: they are told apart by the group's id alone."""
    stay = {r.name: r.body["scope"] for r in deployed.of_type(ROLES) if r.name in names}
    return {name for name, scope in stay.items() if "sagrnukjmx7di" not in scope}
