"""Managed identities: whom a machine may speak for is decided by what is attached to it."""

from __future__ import annotations

import os
import subprocess
import sys

import jwt
import pytest
import requests
from azure.core.exceptions import ResourceNotFoundError

from local_stack.identity import app_service_environment, imds_authority
from tests.local_stack.support import Place

VMS = "Microsoft.Compute/virtualMachines"
UAMIS = "Microsoft.ManagedIdentity/userAssignedIdentities"
RESOURCE = "https://management.azure.com"


class Machine:
    """A VM with a system identity and one user-assigned one; a second one exists and is not attached."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.uami = place.put(UAMIS, "worker")
        self.other = place.put(UAMIS, "other")
        self.vm = place.put(
            VMS,
            "vm",
            identity={
                "type": "SystemAssigned, UserAssigned",
                "userAssignedIdentities": {self.uami["id"]: {}},
            },
        )
        self.authority = imds_authority(place.stack.ctx, self.vm["id"])

    def ask(self, metadata: str | None = "true", **query: str) -> requests.Response:
        url = f"{self.authority}/metadata/identity/oauth2/token"
        headers = {"Metadata": metadata} if metadata else {}
        return requests.get(url, params={"api-version": "2018-02-01", **query}, headers=headers)

    def claims(self, **query: str) -> dict:
        reply = self.ask(resource=RESOURCE, **query)
        assert reply.ok, reply.text
        return jwt.decode(reply.json()["access_token"], options={"verify_signature": False})


@pytest.fixture
def machine(place: Place) -> Machine:
    return Machine(place)


def test_an_attached_identity_answers_by_each_of_its_names(machine: Machine) -> None:
    facts = machine.uami["properties"]
    for asked in (
        {"client_id": facts["clientId"]},
        {"object_id": facts["principalId"]},
        {"mi_res_id": machine.uami["id"]},
    ):
        claims = machine.claims(**asked)
        assert (claims["appid"], claims["oid"]) == (facts["clientId"], facts["principalId"])
        assert claims["xms_mirid"] == machine.uami["id"]
        assert claims["aud"] == RESOURCE


def test_none_named_means_the_machines_own(machine: Machine) -> None:
    assert machine.claims()["oid"] == machine.vm["identity"]["principalId"]


def test_an_identity_that_is_not_attached_is_refused_as_azure_refuses(machine: Machine) -> None:
    for client_id in (machine.other["properties"]["clientId"], "4f1c4f7e-0000-4000-8000-000000000000"):
        reply = machine.ask(resource=RESOURCE, client_id=client_id)
        assert reply.status_code == 400
        assert reply.json() == {"error": "invalid_request", "error_description": "Identity not found"}


def test_the_metadata_header_is_required(machine: Machine) -> None:
    reply = machine.ask(metadata=None, resource=RESOURCE)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")


def test_a_resource_is_required(machine: Machine) -> None:
    assert machine.ask().status_code == 400


def test_attaching_later_is_enough(machine: Machine) -> None:
    both = {machine.uami["id"]: {}, machine.other["id"]: {}}
    machine.place.put(VMS, "vm", identity={"type": "UserAssigned", "userAssignedIdentities": both})
    client_id = machine.other["properties"]["clientId"]
    assert machine.claims(client_id=client_id)["appid"] == client_id
    ambiguous = machine.ask(resource=RESOURCE)
    assert ambiguous.status_code == 400
    assert "Multiple user assigned identities exist" in ambiguous.json()["error_description"]


def test_a_machine_keeps_its_id_and_identity_through_a_second_put(machine: Machine) -> None:
    again = machine.place.put(VMS, "vm", identity=machine.vm["identity"])
    assert again["properties"]["vmId"] == machine.vm["properties"]["vmId"]
    assert again["identity"] == machine.vm["identity"]


def test_attaching_what_does_not_exist_is_refused(place: Place) -> None:
    body = {
        "location": "x",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {place.id(UAMIS, "nope"): {}}},
    }
    reply = place.rest("PUT", place.id(VMS, "vm"), body)
    assert reply.status_code == 400


def test_a_deleted_identity_is_nobody(machine: Machine) -> None:
    machine.place.rest("DELETE", machine.uami["id"])
    reply = machine.ask(resource=RESOURCE, client_id=machine.uami["properties"]["clientId"])
    assert reply.json()["error_description"] == "Identity not found"


def test_a_token_of_the_identity_has_the_roles_of_its_principal(machine: Machine) -> None:
    group, principal_id = machine.place.group, machine.uami["properties"]["principalId"]
    token = machine.ask(resource=RESOURCE, client_id=machine.uami["properties"]["clientId"]).json()[
        "access_token"
    ]
    url = f"{machine.place.stack.addresses.url('arm')}{group}?api-version=2022-09-01"
    ask = {"headers": {"Authorization": f"Bearer {token}"}, "verify": str(machine.place.stack.ca_file)}
    assert requests.get(url, **ask).status_code == 403
    machine.place.stack.ctx.roles.assign(f"{group}/x", principal_id, "Reader", group)
    assert requests.get(url, **ask).status_code == 200


def sdk_in_a_process(environment: dict[str, str], client_id: str) -> subprocess.CompletedProcess[str]:
    script = (
        "import sys; from azure.identity import ManagedIdentityCredential as M;"
        "print(M(client_id=sys.argv[1]).get_token('https://management.azure.com/.default').token)"
    )
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(
        [sys.executable, "-c", script, client_id], env={**kept, **environment}, capture_output=True, text=True
    )


def test_the_sdk_finds_the_machines_identity(machine: Machine) -> None:
    client_id = machine.uami["properties"]["clientId"]
    done = sdk_in_a_process({"AZURE_POD_IDENTITY_AUTHORITY_HOST": machine.authority}, client_id)
    assert done.returncode == 0, done.stderr
    claims = jwt.decode(done.stdout.strip(), options={"verify_signature": False})
    assert claims["appid"] == client_id


def test_the_sdk_reports_an_unknown_identity_at_once(machine: Machine) -> None:
    environment = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": machine.authority}
    done = sdk_in_a_process(environment, machine.other["properties"]["clientId"])
    assert "CredentialUnavailableError" in done.stderr


def test_an_app_gets_tokens_by_its_own_endpoint_and_header(place: Place) -> None:
    uami = place.put(UAMIS, "worker")
    identity = {"type": "UserAssigned", "userAssignedIdentities": {uami["id"]: {}}}
    app = place.put("Microsoft.Web/sites", "app", identity=identity)
    environment = app_service_environment(place.stack.ctx, app["id"])
    done = sdk_in_a_process(environment, uami["properties"]["clientId"])
    assert done.returncode == 0, done.stderr
    wrong = requests.get(
        environment["IDENTITY_ENDPOINT"],
        params={"resource": RESOURCE},
        headers={"X-IDENTITY-HEADER": "guess"},
    )
    assert wrong.status_code == 400


def test_a_resource_that_is_gone_is_not_found(machine: Machine) -> None:
    machine.place.rest("DELETE", machine.vm["id"])
    with pytest.raises(ResourceNotFoundError):
        machine.place.arm.resources.get_by_id(machine.vm["id"], api_version="2024-07-01")
    assert machine.ask(resource=RESOURCE).status_code == 400
