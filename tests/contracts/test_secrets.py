"""The contract of the secrets port: the fake and Key Vault on the local stack."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.keyvault.secrets import SecretClient

from local_stack.threaded import ThreadedStack
from tests.fakes.secrets import FakeSecrets
from tests.local_stack.logs.seeding import arm_client, credential, put, vault_body
from vibedata import redact
from vibedata.adapters.secrets import KeyVaultSecrets
from vibedata.errors import Blocked
from vibedata.ports import Secrets

VALUES = {"publisher-token": "s3cret-of-the-publisher", "empty": ""}


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ThreadedStack, dict]]:
    directory: Path = tmp_path_factory.mktemp("secrets") / "stack"
    with (
        pytest.MonkeyPatch.context() as patch,
        ThreadedStack(directory, services=("identity", "arm", "key_vault")) as stack,
    ):
        patch.setenv("REQUESTS_CA_BUNDLE", str(stack.ca_file))
        arm = arm_client(stack, str(uuid.uuid4()))
        arm.resource_groups.create_or_update("rg", {"location": "westeurope"})
        group = f"/subscriptions/{arm._config.subscription_id}/resourceGroups/rg"
        vault_id = f"{group}/providers/Microsoft.KeyVault/vaults/kv-{uuid.uuid4().hex[:12]}"
        made = put(arm, vault_id, vault_body(stack.tenant_id), "2024-11-01")
        setter = SecretClient(
            made["properties"]["vaultUri"],
            _application(stack, made, "Key Vault Secrets Officer"),
            verify_challenge_resource=False,
        )
        for name, value in VALUES.items():
            setter.set_secret(name, value)
        yield stack, made


def _application(stack: ThreadedStack, vault: dict, role: str | None):
    principal, secret = stack.create_application("app")
    if role:
        stack.ctx.roles.assign(f"{vault['id']}/{uuid.uuid4()}", principal.oid, role, vault["id"])
    return credential(stack, principal.app_id, secret)


@pytest.fixture(params=["fake", "key-vault"])
def twins(request: pytest.FixtureRequest) -> tuple[Secrets, Secrets]:
    """A port with the role, and one without."""
    if request.param == "fake":
        return FakeSecrets(VALUES), FakeSecrets(VALUES, refused=frozenset(VALUES))
    stack, made = request.getfixturevalue("vault")
    url = made["properties"]["vaultUri"]
    user = _application(stack, made, "Key Vault Secrets User")
    return KeyVaultSecrets(url, user), KeyVaultSecrets(url, _application(stack, made, None))


def test_a_secret_is_read_and_masked_from_then_on(twins: tuple[Secrets, Secrets]) -> None:
    assert twins[0].get("publisher-token") == "s3cret-of-the-publisher"
    assert redact.text("it was s3cret-of-the-publisher") == f"it was {redact.MASK}"


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_a_missing_or_empty_secret_is_blocked(twins: tuple[Secrets, Secrets], name: str) -> None:
    with pytest.raises(Blocked) as missing:
        twins[0].get(name)
    assert missing.value.code == "secret-missing"
    assert missing.value.detail["secret"] == name


def test_without_the_role_the_error_names_it(twins: tuple[Secrets, Secrets]) -> None:
    with pytest.raises(Blocked) as refused:
        twins[1].get("publisher-token")
    assert refused.value.code == "role-missing"
