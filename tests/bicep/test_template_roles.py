"""rbac.json and the template agree: every row is assigned once, at the scope it names, to whom it names (D10)."""

from __future__ import annotations

import json
import re
from collections import Counter

from tests.bicep.template import Placed, compiled, everything, modules, of_type, sources
from vibedata import contracts

ROWS = contracts.load("rbac.json")["assignments"]
OWN = [row for row in ROWS if row.get("principal", "vibedata-uami") == "vibedata-uami"]
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
