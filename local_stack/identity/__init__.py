"""The tenant: OpenID discovery, tokens for applications, and managed identities by IMDS and App Service shapes."""

from __future__ import annotations

from aiohttp import web

from local_stack.core import Listener, Provider, Route, Service, WireError
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

    def control_routes(self) -> list[Route]:
        """Return what tells a host beside the stack which identity endpoint an app has (App Service does).

        And what gives an application an app role of another, which is Graph's affair in Azure.
        """
        return [
            Route("POST", "/apps", self._app, "identity.app"),
            Route("POST", "/app-roles", self._app_role, "identity.appRole"),
        ]

    def providers(self) -> dict[str, Provider]:
        """Return what makes a user-assigned identity a principal."""
        return {"Microsoft.ManagedIdentity/userAssignedIdentities": UserAssignedIdentities(self.ctx)}

    async def _app(self, request: web.Request) -> web.Response:
        return web.json_response(app_service_environment(self.ctx, str((await request.json())["id"])))

    async def _app_role(self, request: web.Request) -> web.Response:
        given = await request.json()
        principal = self.ctx.principals.by_client_id(str(given["clientId"]))
        if principal is None:
            raise WireError(404, "NotFound", f"No application {given['clientId']!r} is in the tenant.")
        self.ctx.principals.give_app_role(principal, str(given["audience"]), str(given["role"]))
        return web.Response(status=204)


service = Identity

__all__ = ["Identity", "app_service_environment", "imds_authority", "service"]
