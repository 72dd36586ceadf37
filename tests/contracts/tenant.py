"""A resource group with an identity, and what of storage and vaults a test asks for: no registry, no worker."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from azure.core.credentials import AccessToken

from demo.arm import Arm
from local_stack.core.principals import Principal
from local_stack.threaded import ThreadedStack
from tests.environment import deployer
from vibedata import contracts

LOCATION = "westeurope"


class Identity:
    """A credential whose tokens come from the stack's own mint."""

    def __init__(self, stack: ThreadedStack, principal: Principal) -> None:
        self._stack, self._principal = stack, principal

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        audience = scopes[0].removesuffix("/.default")
        return AccessToken(self._stack.ctx.tokens.mint(self._principal, audience), 2**31)


@dataclass
class Tenant:
    """One resource group in a subscription of its own; `grant` and `revoke` go by the rows of rbac.json."""

    stack: ThreadedStack
    arm: Arm = field(init=False)
    ids: dict[str, str] = field(default_factory=dict)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.arm = Arm(self.stack.addresses.url("arm"), deployer(self.stack), str(uuid.uuid4()))
        self.ids["resourceGroup"] = self.arm.group("mrg", LOCATION)
        self.put("uami", "Microsoft.ManagedIdentity/userAssignedIdentities", "vibedata-uami")

    def put(self, key: str, resource_type: str, name: str, /, **body: Any) -> dict[str, Any]:
        self.ids[key] = f"{self.ids['resourceGroup']}/providers/{resource_type}/{name}"
        self.made[key] = self.arm.put(self.ids[key], location=LOCATION, **body)
        return self.made[key]

    def put_account(self) -> None:
        """Create a storage account."""
        kind, name = "Microsoft.Storage/storageAccounts", f"st{uuid.uuid4().hex[:12]}"
        self.put("storageAccount", kind, name, kind="StorageV2", sku={"name": "Standard_ZRS"}, properties={})

    def put_vault(self) -> None:
        """Create a vault that goes by roles."""
        properties = {
            "tenantId": self.uami.tenant_id,
            "sku": {"family": "A", "name": "standard"},
            "enableRbacAuthorization": True,
        }
        self.put("keyVault", "Microsoft.KeyVault/vaults", f"kv{uuid.uuid4().hex[:10]}", properties=properties)

    @property
    def uami(self) -> Principal:
        found = self.stack.ctx.principals.of_resource(self.ids["uami"])
        assert found is not None
        return found

    @property
    def credential(self) -> Identity:
        return Identity(self.stack, self.uami)

    def grant(self, *keys: str) -> None:
        """Assign the roles of these rows of rbac.json to the identity."""
        for row in contracts.load("rbac.json")["assignments"]:
            if row["key"] in keys:
                self.arm.assign(self.ids[row["scope"]], row["roleDefinitionId"], self.uami.oid)

    def revoke_all(self) -> None:
        """Take every role from the identity."""
        for assignment_id, kept in self.stack.ctx.roles.assignments().items():
            if kept["principalId"] == self.uami.oid:
                self.stack.ctx.roles.remove(assignment_id)
