"""What an import needs of Azure, on the local stack: two registries, an account, an identity on a machine, roles."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass, field
from typing import Any

from azure.core.credentials import AccessToken
from azure.data.tables import TableServiceClient
from azure.identity import ClientSecretCredential
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry.models import GenerateCredentialsParameters

from demo.arm import Arm
from local_stack.core.environment import client_environment
from local_stack.core.principals import Principal
from local_stack.identity.state import imds_authority
from local_stack.threaded import ThreadedStack
from oci.auth import Aad
from oci.descriptor import Descriptor
from oci.registry import Registry
from tests.builders.release import EMPTY, Packed
from vibedata import contracts
from vibedata.adapters.artifacts import RegistryArtifacts
from vibedata.adapters.blobs import AzureArtifactBlobs
from vibedata.adapters.importer import AcrImporter

REGISTRY_SCOPE = "https://containerregistry.azure.net/.default"
NEEDED = ("registry-import", "blob-data", "table-data")
LOCATION = "westeurope"


class Identity:
    """A credential of any principal: its tokens come from the stack's own mint."""

    def __init__(self, stack: ThreadedStack, principal: Principal) -> None:
        self._stack = stack
        self._principal = principal

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        audience = scopes[0].removesuffix("/.default")
        return AccessToken(self._stack.ctx.tokens.mint(self._principal, audience), 2**31)


@dataclass
class Cloud:
    """One customer and one publisher, seeded through ARM."""

    stack: ThreadedStack
    account: str = ""
    arm: Arm = field(init=False)
    ids: dict[str, str] = field(default_factory=dict)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    username: str = "pull"
    password: str = ""

    def __post_init__(self) -> None:
        self.arm = Arm(self.stack.addresses.url("arm"), deployer(self.stack), str(uuid.uuid4()))
        group = self.arm.group("mrg-import", LOCATION)
        unique = uuid.uuid4().hex[:10]
        providers = f"{group}/providers"
        self.ids = {
            "resourceGroup": group,
            "uami": f"{providers}/Microsoft.ManagedIdentity/userAssignedIdentities/vibedata-uami",
            "containerRegistry": f"{providers}/Microsoft.ContainerRegistry/registries/cr{unique}",
            "publisher": f"{providers}/Microsoft.ContainerRegistry/registries/pub{unique}",
            "storageAccount": f"{providers}/Microsoft.Storage/storageAccounts/{self.account}",
            "worker": f"{providers}/Microsoft.Compute/virtualMachines/vm-{unique}",
        }
        premium: dict[str, Any] = {"sku": {"name": "Premium"}, "properties": {}}
        self._put("uami")
        self._put("containerRegistry", **premium)
        self._put("publisher", **premium)
        if self.account:
            self._put_account()
        identity = {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {self.ids["uami"]: {}}}
        profile = {"computerName": "worker", "adminUsername": "vibedata"}
        self._put("worker", identity=identity, properties={"osProfile": profile})
        self.grant()
        self.password = self._pull_password()

    @property
    def customer_registry(self) -> str:
        return str(self.made["containerRegistry"]["properties"]["loginServer"])

    @property
    def publisher_registry(self) -> str:
        return str(self.made["publisher"]["properties"]["loginServer"])

    @property
    def uami(self) -> Principal:
        found = self.stack.ctx.principals.of_resource(self.ids["uami"])
        assert found is not None
        return found

    @property
    def imds(self) -> str:
        return imds_authority(self.stack.ctx, self.ids["worker"])

    @property
    def group(self) -> str:
        return self.ids["resourceGroup"].rsplit("/", 1)[-1]

    @property
    def registry_name(self) -> str:
        return self.ids["containerRegistry"].rsplit("/", 1)[-1]

    def credential(self) -> Identity:
        """Return a credential of vibedata-uami."""
        return Identity(self.stack, self.uami)

    def grant(self) -> None:
        """Assign vibedata-uami the roles that an import needs."""
        needed = NEEDED if self.account else NEEDED[:1]
        for row in contracts.load("rbac.json")["assignments"]:
            if row["key"] in needed:
                self.arm.assign(self.ids[row["scope"]], row["roleDefinitionId"], self.uami.oid)

    def revoke_all(self) -> None:
        """Take every role from vibedata-uami."""
        for assignment_id, kept in self.stack.ctx.roles.assignments().items():
            if kept["principalId"] == self.uami.oid:
                self.stack.ctx.roles.remove(assignment_id)

    def push(self, *packed: Packed, host: str = "") -> None:
        """Push artifacts as the deployer, to the publisher unless another host is named."""
        credential = deployer(self.stack)
        token = Aad(lambda: credential.get_token(REGISTRY_SCOPE).token)
        registry = Registry(host or self.publisher_registry, token)
        for one in packed:
            for blob in one.blobs:
                kind = "application/vnd.oci.empty.v1+json" if blob == EMPTY else "application/octet-stream"
                described = Descriptor.of(kind, blob)
                registry.push_blob(one.repository, described, lambda blob=blob: io.BytesIO(blob))  # type: ignore[misc]
            for tag in one.tags or (None,):
                registry.push_manifest(
                    one.repository, one.raw, "application/vnd.oci.image.manifest.v1+json", tag
                )

    def artifacts(self) -> RegistryArtifacts:
        """Return the customer's registry as vibedata-uami reads it."""
        return RegistryArtifacts(self.customer_registry, self.credential(), self.uami.tenant_id)

    def importer(self, password: str | None = None, **more: Any) -> AcrImporter:
        """Return the importer, with the publisher's token or another password."""
        return AcrImporter(
            arm_endpoint=self.arm.client._config.base_url,
            credential=self.credential(),
            subscription_id=self.arm.subscription_id,
            resource_group=self.group,
            registry_name=self.registry_name,
            publisher_registry=self.publisher_registry,
            username=self.username,
            password=self.password if password is None else password,
            poll_seconds=0.05,
            **more,
        )

    def blobs(self) -> AzureArtifactBlobs:
        """Return the instance's blobs."""
        return AzureArtifactBlobs(self._endpoint("blob"), self.credential())

    def table(self, name: str) -> Any:
        """Return a table that may not exist yet."""
        service = TableServiceClient(self._endpoint("table"), credential=self.credential(), retry_total=0)
        return service.get_table_client(name)

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Return what a worker's settings.json holds of this."""
        return {
            "tenant_id": self.uami.tenant_id,
            "subscription_id": self.arm.subscription_id,
            "resource_group": self.group,
            "instance_id": "instance-1",
            "uami_client_id": self.uami.app_id,
            "customer_registry": self.customer_registry,
            "customer_registry_name": self.registry_name,
            "publisher_registry": self.publisher_registry,
            "arm_endpoint": self.stack.addresses.url("arm"),
            "propagation_seconds": 3,
            **changes,
        }

    def writes(self, since: int = 0) -> list[Any]:
        """Return what was written since then, but for tokens."""
        found = self.stack.writes.since(since)
        return [write for write in found if "token" not in write.operation.lower()]

    def _put(self, key: str, **body: Any) -> None:
        self.made[key] = self.arm.put(self.ids[key], location=LOCATION, **body)

    def _put_account(self) -> None:
        self._put("storageAccount", kind="StorageV2", sku={"name": "Standard_ZRS"}, properties={})
        for container in ("manifests", "artifacts"):
            under = f"{self.ids['storageAccount']}/blobServices/default/containers/{container}"
            self.arm.put(under, properties={})

    def _endpoint(self, kind: str) -> str:
        return str(self.made["storageAccount"]["properties"]["primaryEndpoints"][kind])

    def _pull_password(self) -> str:
        scope_map = f"{self.ids['publisher']}/scopeMaps/pull"
        self.arm.put(scope_map, properties={"actions": ["repositories/*/content/read"]})
        token_id = f"{self.ids['publisher']}/tokens/pull"
        self.arm.put(token_id, properties={"scopeMapId": scope_map, "status": "enabled"})
        client = ContainerRegistryManagementClient(
            deployer(self.stack),
            self.arm.subscription_id,
            base_url=self.arm.client._config.base_url,
            polling_interval=0.05,
        )
        parameters = GenerateCredentialsParameters(token_id=token_id, name="password1")
        name = self.ids["publisher"].rsplit("/", 1)[-1]
        made = client.registries.begin_generate_credentials(self.group, name, parameters).result()
        return str(made.passwords[0].value)


def deployer(stack: ThreadedStack) -> ClientSecretCredential:
    """Return the credential of the stack's deployer."""
    told = client_environment(stack.ctx)
    return ClientSecretCredential(
        told["AZURE_TENANT_ID"],
        told["AZURE_CLIENT_ID"],
        told["AZURE_CLIENT_SECRET"],
        authority=told["AZURE_AUTHORITY_HOST"],
        disable_instance_discovery=True,
    )
