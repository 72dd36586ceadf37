"""The publisher's side that Day-0 needs: a registry, a scoped token for it, and the vault that hands the token out."""

from __future__ import annotations

from dataclasses import dataclass

from azure.core.credentials import TokenCredential
from azure.core.rest import HttpRequest
from azure.keyvault.secrets import SecretClient
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry.models import GenerateCredentialsParameters

from demo.arm import Arm

ACR_PUSH = "8311e382-0749-4cb8-b61a-304f252e45ec"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
SECRETS_OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
TOKEN_NAME = "customer-pull"  # noqa: S105 - names, not secrets
SECRET_NAME = "acr-token"  # noqa: S105
LOCATION = "westeurope"


@dataclass(frozen=True)
class Publisher:
    """Where the publisher's releases lie, and how a customer's deployment gets at them."""

    registry: str
    registry_id: str
    vault_url: str
    username: str = TOKEN_NAME
    secret: str = SECRET_NAME


def seed_publisher(
    arm: Arm, credential: TokenCredential, deployer_object_id: str, *, suffix: str
) -> Publisher:
    """Create the publisher's registry, pull token and public vault; twice is once, but for a new token password."""
    group = arm.group(f"rg-publisher-{suffix}", LOCATION)
    registry_id = f"{group}/providers/Microsoft.ContainerRegistry/registries/crpublisher{suffix}"
    vault_id = f"{group}/providers/Microsoft.KeyVault/vaults/kv-publisher-{suffix}"
    registry = arm.put(
        registry_id, location=LOCATION, sku={"name": "Premium"}, properties={"publicNetworkAccess": "Enabled"}
    )
    vault = arm.put(
        vault_id,
        location=LOCATION,
        properties={
            "tenantId": arm_tenant(arm),
            "sku": {"family": "A", "name": "standard"},
            "enableRbacAuthorization": True,
        },
    )
    for scope, role in ((registry_id, ACR_PUSH), (registry_id, ACR_PULL), (vault_id, SECRETS_OFFICER)):
        arm.assign(scope, role, deployer_object_id)
    vault_url = str(vault["properties"]["vaultUri"])
    _hand_out_token(arm, credential, registry_id, vault_url)
    return Publisher(str(registry["properties"]["loginServer"]), registry_id, vault_url)


def arm_tenant(arm: Arm) -> str:
    """Return the tenant of the subscription that `arm` writes to."""
    request = HttpRequest(
        "GET", f"/subscriptions/{arm.subscription_id}", params={"api-version": "2022-12-01"}
    )
    return str(arm.client.send_request(request).json()["tenantId"])


def _hand_out_token(arm: Arm, credential: TokenCredential, registry_id: str, vault_url: str) -> None:
    scope_map = f"{registry_id}/scopeMaps/{TOKEN_NAME}"
    arm.put(
        scope_map,
        properties={"actions": ["repositories/*/content/read", "repositories/*/metadata/read"]},
    )
    token_id = f"{registry_id}/tokens/{TOKEN_NAME}"
    arm.put(token_id, properties={"scopeMapId": scope_map, "status": "enabled"})
    parts = registry_id.split("/")
    client = ContainerRegistryManagementClient(
        credential, arm.subscription_id, base_url=arm.client._config.base_url, polling_interval=0.05
    )
    parameters = GenerateCredentialsParameters(token_id=token_id, name="password1")
    made = client.registries.begin_generate_credentials(parts[4], parts[8], parameters).result()
    SecretClient(vault_url, credential, verify_challenge_resource=False).set_secret(
        SECRET_NAME, str(made.passwords[0].value)
    )
