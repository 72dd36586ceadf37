"""Who exists in the tenant: applications with a secret, and managed identities that resources carry."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from local_stack.core.store import Store


@dataclass(frozen=True)
class Principal:
    """A caller: object id, application (client) id, tenant, display name, and the identity's ARM id if it has one."""

    oid: str
    app_id: str
    tenant_id: str
    name: str
    resource_id: str = ""


class Principals:
    """The tenant's directory of service principals."""

    def __init__(self, store: Store) -> None:
        self._by_oid = store.collection("identity", "principals")
        self._by_client = store.collection("identity", "clients")
        self._by_resource = store.collection("identity", "resource_identities")
        self._secrets = store.collection("identity", "secret_hashes")
        self._app_roles = store.collection("identity", "app_roles")
        self._facts = store.collection("identity", "facts")
        self.tenant_id: str = self._facts.setdefault("tenant_id", str(uuid.uuid4()))

    def create_application(self, name: str) -> tuple[Principal, str]:
        """Create an application and its service principal; return it with its secret, which is kept only hashed."""
        principal = self._create(name)
        secret = secrets.token_urlsafe(32)
        self._secrets[principal.app_id] = _hashed(secret)
        return principal, secret

    def first_party(self, name: str, app_id: str) -> Principal:
        """Return Microsoft's own application of this id, the same in every tenant, creating it at the first call."""
        return self.by_client_id(app_id) or self._create(name, app_id=app_id)

    def give_app_role(self, principal: Principal, audience: str, role: str) -> None:
        """Assign an app role that the application behind `audience` defines: its tokens for it say so."""
        key = f"{audience.rstrip('/').lower()}|{principal.oid}"
        self._app_roles[key] = sorted({*self._app_roles.get(key, []), role})

    def app_roles(self, principal: Principal, audience: str) -> list[str]:
        """Return the app roles of a principal at `audience`."""
        found: list[str] = self._app_roles.get(f"{audience.rstrip('/').lower()}|{principal.oid}", [])
        return found

    def create_managed_identity(self, resource_id: str) -> Principal:
        """Return the identity of this resource (user-assigned, or a VM's own), creating it at the first call."""
        known = self.of_resource(resource_id)
        if known:
            return known
        principal = self._create(resource_id.rsplit("/", 1)[-1], resource_id)
        self._by_resource[resource_id.lower()] = principal.oid
        return principal

    def delete_managed_identity(self, resource_id: str) -> None:
        """Remove a resource's identity, if it has one."""
        oid = self._by_resource.pop(resource_id.lower(), None)
        if oid:
            self._by_client.pop(self._by_oid.pop(oid)["app_id"], None)

    def by_oid(self, oid: str) -> Principal | None:
        """Return the principal with this object id."""
        return _principal(self._by_oid.get(oid.lower()))

    def by_client_id(self, client_id: str) -> Principal | None:
        """Return the principal with this application id."""
        return self.by_oid(self._by_client.get(client_id.lower(), ""))

    def of_resource(self, resource_id: str) -> Principal | None:
        """Return the managed identity of this ARM resource."""
        return self.by_oid(self._by_resource.get(resource_id.lower(), ""))

    def authenticate(self, client_id: str, secret: str) -> Principal | None:
        """Return the application whose secret this is, or None."""
        kept = self._secrets.get(client_id.lower(), "")
        if not hmac.compare_digest(kept, _hashed(secret)):
            return None
        return self.by_client_id(client_id)

    def _create(self, name: str, resource_id: str = "", app_id: str = "") -> Principal:
        client_id = app_id or str(uuid.uuid4())
        principal = Principal(str(uuid.uuid4()), client_id, self.tenant_id, name, resource_id)
        self._by_oid[principal.oid] = asdict(principal)
        self._by_client[principal.app_id] = principal.oid
        return principal


def _principal(kept: dict[str, Any] | None) -> Principal | None:
    return Principal(**kept) if kept else None


def _hashed(secret: str) -> str:
    # A plain hash is enough for 256 random bits; there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()
