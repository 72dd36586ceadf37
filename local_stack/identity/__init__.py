"""The tenant: OpenID discovery, tokens for applications, and managed identities by IMDS and App Service shapes."""

from __future__ import annotations

from local_stack.core import Listener, Provider, Service
from local_stack.identity.answers import Answers
from local_stack.identity.errors import oauth_error
from local_stack.identity.paths import imds_routes, tenant_routes
from local_stack.identity.state import UserAssignedIdentities, app_service_environment, imds_authority


class Identity(Service):
    """Answers over TLS for the tenant, and over plain http for machines, as Azure does."""

    name = "identity"

    def listeners(self) -> list[Listener]:
        """Return the tenant's listener and the metadata service."""
        answers = Answers(self.ctx)
        return [
            Listener("identity", tenant_routes(answers), None, render=oauth_error),
            Listener("imds", imds_routes(answers), None, tls=False, render=oauth_error),
        ]

    def providers(self) -> dict[str, Provider]:
        """Return what makes a user-assigned identity a principal."""
        return {"Microsoft.ManagedIdentity/userAssignedIdentities": UserAssignedIdentities(self.ctx)}


service = Identity

__all__ = ["Identity", "app_service_environment", "imds_authority", "service"]
