"""Role assignments: what they allow, when they start to count, and what Azure refuses."""

from __future__ import annotations

import uuid

import pytest

from tests.local_stack.support import WEST, Place

SITES = "Microsoft.Web/sites"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"


def body(principal_id: str, role: str = READER) -> dict:
    role_id = f"/providers/Microsoft.Authorization/roleDefinitions/{role}"
    return {"properties": {"principalId": principal_id, "roleDefinitionId": role_id}}


def path(scope: str, name: str | None = None) -> str:
    return f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name or uuid.uuid4()}"


def somebody(place: Place) -> tuple[str, tuple[str, str]]:
    principal, secret = place.stack.create_application("somebody")
    return principal.oid, (principal.app_id, secret)


def test_an_assignment_lets_its_principal_in_below_its_scope(place: Place) -> None:
    place.put(SITES, "a")
    oid, application = somebody(place)
    rest = place.rest_as(application)
    assert rest("GET", place.id(SITES, "a")).status_code == 403
    made = place.rest("PUT", path(place.group), body(oid))
    assert made.status_code == 201
    assert made.json()["properties"]["scope"] == place.group
    assert rest("GET", place.id(SITES, "a")).status_code == 200
    assert rest("PUT", place.id(SITES, "a"), WEST).status_code == 403


def test_taking_the_assignment_away_shuts_the_door(place: Place) -> None:
    oid, application = somebody(place)
    assignment = path(place.group)
    place.rest("PUT", assignment, body(oid))
    assert place.rest("DELETE", assignment).status_code == 200
    assert place.rest("DELETE", assignment).status_code == 204
    assert place.rest_as(application)("GET", place.group).status_code == 403


def test_a_fresh_assignment_takes_its_time_when_told_so(place: Place) -> None:
    place.stack.faults.set("roles.propagation_seconds", 30)
    oid, application = somebody(place)
    place.rest("PUT", path(place.group), body(oid))
    rest = place.rest_as(application)
    assert rest("GET", place.group).status_code == 403
    place.stack.clock.advance(31)
    assert rest("GET", place.group).status_code == 200


def test_the_same_assignment_again_changes_nothing(place: Place) -> None:
    oid, _ = somebody(place)
    assignment = path(place.group)
    first = place.rest("PUT", assignment, body(oid))
    again = place.rest("PUT", assignment, body(oid))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()


def test_a_name_cannot_change_its_principal(place: Place) -> None:
    one, _ = somebody(place)
    two, _ = somebody(place)
    assignment = path(place.group)
    place.rest("PUT", assignment, body(one))
    reply = place.rest("PUT", assignment, body(two))
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "RoleAssignmentUpdateNotPermitted")


def test_the_same_right_under_another_name_is_a_conflict(place: Place) -> None:
    oid, _ = somebody(place)
    place.rest("PUT", path(place.group), body(oid))
    reply = place.rest("PUT", path(place.group), body(oid))
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "RoleAssignmentExists")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"principalId": str(uuid.uuid4())}, 400, "PrincipalNotFound"),
        ({"roleDefinitionId": str(uuid.uuid4())}, 404, "RoleDefinitionDoesNotExist"),
    ],
)
def test_a_dangling_assignment_is_refused(place: Place, change: dict, status: int, code: str) -> None:
    oid, _ = somebody(place)
    wanted = body(oid)
    wanted["properties"].update(change)
    reply = place.rest("PUT", path(place.group), wanted)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


def test_a_name_must_be_a_guid(place: Place) -> None:
    oid, _ = somebody(place)
    reply = place.rest("PUT", path(place.group, "mine"), body(oid))
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "InvalidRoleAssignmentId")


def test_a_contributor_may_not_assign_roles(place: Place) -> None:
    oid, _ = somebody(place)
    rest = place.rest_as(place.application("Contributor"))
    assert rest("PUT", place.id(SITES, "a"), WEST).status_code == 201
    reply = rest("PUT", path(place.group), body(oid))
    assert reply.status_code == 403
    assert "Microsoft.Authorization/roleAssignments/write" in reply.json()["error"]["message"]


def test_assignments_are_listed_by_principal_and_scope(place: Place) -> None:
    oid, _ = somebody(place)
    place.put(SITES, "a")
    place.rest("PUT", path(place.group), body(oid))
    place.rest("PUT", path(place.id(SITES, "a")), body(oid, CONTRIBUTOR))
    listing = f"{place.group}/providers/Microsoft.Authorization/roleAssignments?$filter="
    by_principal = place.rest("GET", f"{listing}principalId eq '{oid}'").json()["value"]
    assert sorted(each["properties"]["scope"] for each in by_principal) == [place.group, place.id(SITES, "a")]
    at_scope = place.rest("GET", f"{listing}atScope()").json()["value"]
    mine = [each for each in at_scope if each["properties"]["principalId"] == oid]
    assert [each["properties"]["scope"] for each in mine] == [place.group]


def test_a_definition_is_found_by_name(place: Place) -> None:
    listing = f"{place.group}/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName eq 'AcrPull'"
    (role,) = place.rest("GET", listing).json()["value"]
    assert role["name"] == "7f951dda-4ed3-4680-a7ca-43fe172d538d"
    assert role["properties"]["permissions"][0]["actions"] == [
        "Microsoft.ContainerRegistry/registries/pull/read"
    ]
