"""ARM's paths. The generic resource comes last: whatever no other route took."""

from __future__ import annotations

from local_stack.arm.answers import Answers
from local_stack.arm.assignments import Assignments
from local_stack.arm.subscriptions import Subscriptions
from local_stack.core import Route

_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"
_ROLES = "{scope:.*}/providers/Microsoft.Authorization"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = _SUBSCRIPTION + "/resourceGroups/{group}"


def routes(subscriptions: Subscriptions, assignments: Assignments, answers: Answers) -> list[Route]:
    """Return all of ARM's own routes, in the order in which they are tried."""
    return [
        *_subscription_routes(subscriptions),
        *_assignment_routes(assignments),
        *_group_routes(answers),
        Route("GET", _SUBSCRIPTION + "/resources", answers.list_resources, "resources.list"),
        Route(
            "GET", _GROUP + "/resources", answers.list_resources, "resources.listByGroup",
            action=f"{_GROUPS}/resources/read",
        ),
        Route("HEAD", _SUBSCRIPTION + "/{rest:.+}", answers.head, "resource.checkExistence"),
        Route("GET", _SUBSCRIPTION + "/{rest:.+}", answers.get, "resource.get"),
        Route("PUT", _SUBSCRIPTION + "/{rest:.+}", answers.put, "resource.createOrUpdate"),
        Route("PATCH", _SUBSCRIPTION + "/{rest:.+}", answers.patch, "resource.update"),
        Route("DELETE", _SUBSCRIPTION + "/{rest:.+}", answers.delete, "resource.delete"),
    ]  # fmt: skip


def _subscription_routes(answers: Subscriptions) -> list[Route]:
    operations = _SUBSCRIPTION + "/providers/{namespace}/locations/{location}"
    read = "Microsoft.Resources/subscriptions/read"
    return [
        Route("GET", "/metadata/endpoints", answers.endpoints, "metadata.endpoints", auth=False),
        Route("GET", "/tenants", answers.tenants, "tenants.list"),
        Route("GET", "/subscriptions", answers.list_all, "subscriptions.list"),
        Route("GET", _SUBSCRIPTION, answers.get, "subscriptions.get", action=read),
        Route("GET", _SUBSCRIPTION + "/locations", answers.locations, "subscriptions.listLocations", action=read),
        Route("GET", operations + "/operationStatuses/{operation}", answers.operation_status, "operation.status"),
        Route("GET", operations + "/operationResults/{operation}", answers.operation_result, "operation.result"),
        Route("GET", _SUBSCRIPTION + "/providers", answers.providers, "providers.list"),
        Route("GET", _SUBSCRIPTION + "/providers/{namespace}", answers.provider, "providers.get"),
        Route(
            "POST", _SUBSCRIPTION + "/providers/{namespace}/register", answers.register, "providers.register",
            action="Microsoft.Resources/subscriptions/providers/register/action",
        ),
    ]  # fmt: skip


def _assignment_routes(answers: Assignments) -> list[Route]:
    one, right = _ROLES + "/roleAssignments/{name}", "Microsoft.Authorization/roleAssignments"
    definitions = "Microsoft.Authorization/roleDefinitions/read"
    return [
        Route("PUT", one, answers.put, "roleAssignment.create", action=f"{right}/write"),
        Route("GET", one, answers.get, "roleAssignment.get", action=f"{right}/read"),
        Route("DELETE", one, answers.delete, "roleAssignment.delete", action=f"{right}/delete"),
        Route(
            "GET", _ROLES + "/roleAssignments", answers.list_all, "roleAssignments.list", action=f"{right}/read"
        ),
        Route(
            "GET", _ROLES + "/roleDefinitions/{name}", answers.definition, "roleDefinition.get", action=definitions
        ),
        Route(
            "GET", _ROLES + "/roleDefinitions", answers.definitions, "roleDefinitions.list", action=definitions
        ),
    ]  # fmt: skip


def _group_routes(answers: Answers) -> list[Route]:
    return [
        Route("GET", _SUBSCRIPTION + "/resourceGroups", answers.list_groups, "resourceGroups.list"),
        Route("HEAD", _GROUP, answers.head, "resourceGroup.checkExistence"),
        Route("GET", _GROUP, answers.get, "resourceGroup.get"),
        Route("PUT", _GROUP, answers.put_group, "resourceGroup.createOrUpdate", action=f"{_GROUPS}/write"),
        Route("PATCH", _GROUP, answers.patch, "resourceGroup.update"),
        Route("DELETE", _GROUP, answers.delete_group, "resourceGroup.delete", action=f"{_GROUPS}/delete"),
    ]
