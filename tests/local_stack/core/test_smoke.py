"""The least that everybody stands on: it starts, speaks TLS, knows callers, keeps what it is told."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from local_stack.threaded import ThreadedStack

SERVICES = ("identity", "arm")


@pytest.fixture
def small(tmp_path: Path):
    with ThreadedStack(tmp_path / "stack", services=SERVICES) as stack:
        yield stack


def client(stack: ThreadedStack, subscription: str, application=None) -> ResourceManagementClient:
    who = stack.deployer
    client_id, secret = application or (who["client_id"], who["client_secret"])
    credential = ClientSecretCredential(
        stack.tenant_id,
        client_id,
        secret,
        authority=stack.addresses.url("identity"),
        disable_instance_discovery=True,
        connection_verify=str(stack.ca_file),
    )
    return ResourceManagementClient(
        credential, subscription, base_url=stack.addresses.url("arm"), connection_verify=str(stack.ca_file)
    )


def test_sdk_puts_and_reads_a_resource(small: ThreadedStack) -> None:
    arm = client(small, str(uuid.uuid4()))
    arm.resource_groups.create_or_update("rg", {"location": "westeurope"})
    made = arm.resources.begin_create_or_update(
        "rg",
        "Microsoft.Web",
        "",
        "sites",
        "a",
        {"location": "westeurope"},
        api_version="2024-04-01",
        polling_interval=0,
    ).result()
    assert made.properties["provisioningState"] == "Succeeded"
    assert [r.name for r in arm.resources.list_by_resource_group("rg")] == ["a"]


def test_without_a_token_nobody_gets_in(small: ThreadedStack) -> None:
    reply = requests.get(
        f"{small.addresses.url('arm')}/subscriptions?api-version=2022-12-01", verify=str(small.ca_file)
    )
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "AuthenticationFailed"


def test_an_application_without_a_role_is_refused_by_name(small: ThreadedStack) -> None:
    principal, secret = small.create_application("nobody")
    arm = client(small, str(uuid.uuid4()), (principal.app_id, secret))
    with pytest.raises(HttpResponseError) as refused:
        arm.resource_groups.create_or_update("rg", {"location": "westeurope"})
    assert refused.value.error.code == "AuthorizationFailed"
    assert principal.app_id in refused.value.message
    assert "Microsoft.Resources/subscriptions/resourceGroups/write" in refused.value.message
