"""Key Vault through Microsoft's own client: the challenge, the roles, versions, soft deletion."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient
from azure.mgmt.resource.resources import ResourceManagementClient

from local_stack.threaded import ThreadedStack
from tests.local_stack.logs.seeding import arm_client, credential, put, vault_body

SERVICES = ("identity", "arm", "key_vault")
VERSION = "2024-11-01"


@pytest.fixture(scope="module")
def vault_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    with ThreadedStack(tmp_path_factory.mktemp("vault") / "stack", services=SERVICES) as stack:
        yield stack


@pytest.fixture
def stack(vault_stack: ThreadedStack, monkeypatch: pytest.MonkeyPatch) -> ThreadedStack:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(vault_stack.ca_file))
    return vault_stack


@pytest.fixture
def arm(stack: ThreadedStack) -> ResourceManagementClient:
    client = arm_client(stack, str(uuid.uuid4()))
    client.resource_groups.create_or_update("rg", {"location": "westeurope"})
    return client


@pytest.fixture
def vault(arm: ResourceManagementClient) -> dict:
    return create(arm, f"kv-{uuid.uuid4().hex[:12]}")


def create(arm: ResourceManagementClient, name: str, **properties: object) -> dict:
    group = f"/subscriptions/{arm._config.subscription_id}/resourceGroups/rg"
    body = vault_body(str(uuid.uuid4()), **properties)
    return put(arm, f"{group}/providers/Microsoft.KeyVault/vaults/{name}", body, VERSION)


def caller(stack: ThreadedStack, vault: dict, role: str | None) -> SecretClient:
    principal, secret = stack.create_application("reader")
    if role:
        stack.ctx.roles.assign(f"{vault['id']}/{uuid.uuid4()}", principal.oid, role, vault["id"])
    return SecretClient(
        vault["properties"]["vaultUri"],
        credential(stack, principal.app_id, secret),
        verify_challenge_resource=False,
        retry_total=0,
    )


@pytest.fixture
def officer(stack: ThreadedStack, vault: dict) -> SecretClient:
    return caller(stack, vault, "Key Vault Secrets Officer")


def test_a_secret_is_set_and_read_with_all_it_says(officer: SecretClient, vault: dict) -> None:
    expires = datetime(2030, 1, 1, tzinfo=timezone.utc)
    made = officer.set_secret(
        "db-password", "s3cret", content_type="text/plain", tags={"a": "b"}, expires_on=expires
    )
    found = officer.get_secret("db-password")
    assert (found.value, found.properties.version) == ("s3cret", made.properties.version)
    assert (found.properties.content_type, found.properties.tags) == ("text/plain", {"a": "b"})
    assert found.properties.expires_on == expires
    assert found.properties.enabled
    assert found.id.startswith(vault["properties"]["vaultUri"])
    assert datetime.now(timezone.utc) - found.properties.created_on < timedelta(minutes=1)


def test_versions_are_kept_and_the_newest_is_read(officer: SecretClient) -> None:
    first = officer.set_secret("s", "one").properties.version
    officer.set_secret("s", "two")
    assert officer.get_secret("s").value == "two"
    assert officer.get_secret("s", first).value == "one"
    assert len(list(officer.list_properties_of_secret_versions("s"))) == 2
    with pytest.raises(ResourceNotFoundError):
        officer.get_secret("s", "0" * 32)


def test_the_list_has_names_but_no_values_and_pages(officer: SecretClient, stack: ThreadedStack) -> None:
    for number in range(5):
        officer.set_secret(f"s{number}", "value")
    pages = list(officer.list_properties_of_secrets(max_page_size=2).by_page())
    assert [len(list(page)) for page in pages] == [2, 2, 1]
    assert [each.name for each in officer.list_properties_of_secrets()] == [f"s{n}" for n in range(5)]


def test_a_disabled_secret_cannot_be_read(officer: SecretClient) -> None:
    officer.set_secret("s", "value")
    officer.update_secret_properties("s", enabled=False)
    with pytest.raises(HttpResponseError) as refused:
        officer.get_secret("s")
    assert refused.value.status_code == 403


def test_deleting_is_soft_until_the_purge(officer: SecretClient) -> None:
    officer.set_secret("s", "value")
    officer.begin_delete_secret("s", _polling_interval=0).wait()
    with pytest.raises(ResourceNotFoundError):
        officer.get_secret("s")
    with pytest.raises(ResourceExistsError):
        officer.set_secret("s", "again")
    assert [each.name for each in officer.list_deleted_secrets()] == ["s"]
    officer.begin_recover_deleted_secret("s", _polling_interval=0).wait()
    assert officer.get_secret("s").value == "value"
    officer.begin_delete_secret("s", _polling_interval=0).wait()
    officer.purge_deleted_secret("s")
    with pytest.raises(ResourceNotFoundError):
        officer.get_deleted_secret("s")
    officer.set_secret("s", "fresh")


def test_purge_protection_refuses_the_purge(stack: ThreadedStack, arm: ResourceManagementClient) -> None:
    vault = create(arm, f"kv-{uuid.uuid4().hex[:12]}", enablePurgeProtection=True)
    officer = caller(stack, vault, "Key Vault Secrets Officer")
    officer.set_secret("s", "value")
    officer.begin_delete_secret("s", _polling_interval=0).wait()
    with pytest.raises(HttpResponseError) as refused:
        officer.purge_deleted_secret("s")
    assert refused.value.status_code == 403
    assert officer.get_deleted_secret("s").name == "s"


def test_a_secrets_user_reads_and_lists_but_does_not_write(
    stack: ThreadedStack, vault: dict, officer: SecretClient
) -> None:
    officer.set_secret("s", "value")
    user = caller(stack, vault, "Key Vault Secrets User")
    assert user.get_secret("s").value == "value"
    assert [each.name for each in user.list_properties_of_secrets()] == ["s"]
    for write in (lambda: user.set_secret("s", "x"), lambda: user.begin_delete_secret("s")):
        with pytest.raises(HttpResponseError) as refused:
            write()
        assert refused.value.status_code == 403
        assert "ForbiddenByRbac" in refused.value.response.text()


@pytest.mark.parametrize("role", [None, "Contributor", "Reader"])
def test_a_role_without_data_actions_reads_nothing(
    stack: ThreadedStack, vault: dict, officer: SecretClient, role: str | None
) -> None:
    officer.set_secret("s", "value")
    with pytest.raises(HttpResponseError) as refused:
        caller(stack, vault, role).get_secret("s")
    assert refused.value.status_code == 403


def test_a_role_at_one_vault_opens_no_other(
    stack: ThreadedStack, arm: ResourceManagementClient, officer: SecretClient
) -> None:
    officer.set_secret("s", "value")
    other = create(arm, f"kv-{uuid.uuid4().hex[:12]}")
    client = SecretClient(other["properties"]["vaultUri"], officer._client._config.credential,
                          verify_challenge_resource=False)  # fmt: skip
    with pytest.raises(HttpResponseError) as refused:
        client.get_secret("s")
    assert refused.value.status_code == 403


def test_without_a_token_the_answer_is_the_challenge(stack: ThreadedStack, vault: dict) -> None:
    reply = requests.get(vault["properties"]["vaultUri"] + "secrets/s?api-version=7.6")
    authority = f"{stack.addresses.url('identity')}/{stack.tenant_id}"
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"] == (
        f'Bearer authorization="{authority}", resource="https://vault.azure.net"'
    )


def test_a_value_is_bounded_and_the_version_must_be_known(officer: SecretClient, vault: dict) -> None:
    with pytest.raises(HttpResponseError) as large:
        officer.set_secret("s", "x" * 26_000)
    token = officer._client._config.credential.get_token("https://vault.azure.net/.default").token
    version = requests.get(
        vault["properties"]["vaultUri"] + "secrets/s?api-version=1.0",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (large.value.status_code, version.status_code) == (400, 400)


def test_writes_name_the_secret_and_never_its_value(stack: ThreadedStack, officer: SecretClient) -> None:
    before = stack.writes.last
    officer.set_secret("s", "hunter2-hunter2")
    officer.get_secret("s")
    writes = stack.writes.since(before, service="key_vault")
    assert [(w.operation, w.status, w.detail) for w in writes if w.status != 401] == [
        ("secret.set", 200, {"secret": "s"})
    ]
    assert "hunter2" not in repr(stack.writes.since(before))


def test_a_vaults_name_is_taken_everywhere_and_after_its_deletion(
    stack: ThreadedStack, arm: ResourceManagementClient, vault: dict, officer: SecretClient
) -> None:
    officer.set_secret("s", "kept")
    elsewhere = arm_client(stack, str(uuid.uuid4()))
    elsewhere.resource_groups.create_or_update("rg", {"location": "westeurope"})
    with pytest.raises(HttpResponseError) as taken:
        create(elsewhere, vault["name"])
    arm.resources.begin_delete_by_id(vault["id"], api_version=VERSION, polling_interval=0).wait()
    with pytest.raises(HttpResponseError) as deleted:
        create(arm, vault["name"])
    assert "VaultAlreadyExists" in str(taken.value)
    assert "deleted state" in str(deleted.value)
    create(arm, vault["name"], createMode="recover")
    stack.ctx.roles.assign(f"/{uuid.uuid4()}", _oid(stack, officer), "Key Vault Secrets User", vault["id"])
    assert officer.get_secret("s").value == "kept"


def test_a_secret_set_through_arm_is_read_in_the_vault_and_never_shown_by_arm(
    stack: ThreadedStack, arm: ResourceManagementClient, vault: dict, officer: SecretClient
) -> None:
    secret_id = f"{vault['id']}/secrets/from-template"
    made = put(arm, secret_id, {"properties": {"value": "hunter2-hunter2"}}, VERSION)
    found = officer.get_secret("from-template")
    assert found.value == "hunter2-hunter2"
    assert made["properties"]["secretUriWithVersion"] == found.id
    shown = arm.resources.get_by_id(secret_id, api_version=VERSION).as_dict()
    assert "hunter2" not in repr((made, shown, stack.writes.since()))


def test_secrets_and_addresses_outlive_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadedStack(tmp_path / "stack", services=SERVICES) as stack:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stack.ca_file))
        arm = arm_client(stack, str(uuid.uuid4()))
        arm.resource_groups.create_or_update("rg", {"location": "westeurope"})
        vault = create(arm, "kv-restart")
        officer = caller(stack, vault, "Key Vault Secrets Officer")
        officer.set_secret("s", "kept")
    with ThreadedStack(tmp_path / "stack", services=SERVICES):
        assert officer.get_secret("s").value == "kept"


def _oid(stack: ThreadedStack, client: SecretClient) -> str:
    found = stack.ctx.principals.by_client_id(client._client._config.credential._client_id)
    assert found
    return found.oid
