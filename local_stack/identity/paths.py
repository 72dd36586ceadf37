"""Paths of the tenant and of the metadata services."""

from __future__ import annotations

from local_stack.core import Route
from local_stack.identity.answers import Answers


def tenant_routes(answers: Answers) -> list[Route]:
    """Return the routes of the login endpoint."""
    rows = [
        ("GET", "/common/discovery/instance", answers.instances, "instance.discovery"),
        ("GET", "/{tenant}/v2.0/.well-known/openid-configuration", answers.discovery, "openid.configuration"),
        ("GET", "/{tenant}/.well-known/openid-configuration", answers.discovery, "openid.configuration"),
        ("GET", "/{tenant}/discovery/v2.0/keys", answers.keys, "openid.keys"),
        ("GET", "/{tenant}/discovery/keys", answers.keys, "openid.keys"),
        ("POST", "/{tenant}/oauth2/v2.0/token", answers.token, "token"),
        ("POST", "/{tenant}/oauth2/token", answers.token, "token"),
    ]
    return [Route(method, path, handler, operation, auth=False) for method, path, handler, operation in rows]


def imds_routes(answers: Answers) -> list[Route]:
    """Return the routes of the metadata service of each VM, and of each App Service app."""
    return [
        Route("GET", "/vm/{key}/metadata/identity/oauth2/token", answers.imds, "imds.token", auth=False),
        Route("GET", "/vm/{key}/metadata/instance", answers.instance, "imds.instance", auth=False),
        Route("GET", "/app/{key}/msi/token", answers.app_service, "appService.token", auth=False),
    ]
