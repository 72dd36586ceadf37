"""Role assignments and definitions, with Azure's refusals of a changed, doubled or dangling assignment."""

from __future__ import annotations

import re
import uuid
from typing import Any

from aiohttp import web

from local_stack.arm.errors import invalid_content
from local_stack.arm.listing import page
from local_stack.core.arm_ids import is_under
from local_stack.core.bodies import json_object
from local_stack.core.context import Context
from local_stack.core.errors import WireError

_PREFIX = "/providers/Microsoft.Authorization"
_FILTER = re.compile(r"(principalId eq|assignedTo\()\s*'([^']+)'\)?|atScope\(\)", re.IGNORECASE)
_FIXED = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."


class Assignments:
    """Answers for Microsoft.Authorization."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def put(self, request: web.Request) -> web.Response:
        body = await json_object(request, invalid_content)
        wanted = self._wanted(request, body.get("properties") or {})
        assignment_id = f"{wanted['scope'].rstrip('/')}{_PREFIX}/roleAssignments/{wanted['name']}"
        known = self._ctx.roles.assignments().get(assignment_id.lower())
        if known:
            if known["principalId"] != wanted["principalId"] or known["role"] != wanted["role"]:
                raise WireError(400, "RoleAssignmentUpdateNotPermitted", _FIXED)
            return web.json_response(self._shown(known))
        self._check_unique(wanted)
        kept = self._ctx.roles.assign(
            assignment_id,
            wanted["principalId"],
            wanted["role"],
            wanted["scope"],
            principalType=wanted["principalType"],
            createdOn=self._ctx.clock.now().isoformat(),
            delegated=wanted["delegated"],
        )
        return web.json_response(self._shown(kept), status=201)

    async def get(self, request: web.Request) -> web.Response:
        return web.json_response(self._shown(self._found(request)))

    async def delete(self, request: web.Request) -> web.Response:
        known = self._ctx.roles.remove(self._id(request))
        return web.json_response(self._shown(known)) if known else web.Response(status=204)

    async def list_all(self, request: web.Request) -> web.Response:
        scope, text = _scope(request), request.query.get("$filter", "")
        found = _FILTER.fullmatch(text.strip()) if text else None
        if text and not found:
            raise WireError(400, "InvalidFilter", f"The filter '{text}' is not supported.")
        principal = found[2] if found and found[2] else None
        at_scope = bool(found) and principal is None
        rows = [
            self._shown(kept)
            for kept in self._ctx.roles.assignments().values()
            if (is_under(scope, kept["scope"]) or (not at_scope and is_under(kept["scope"], scope)))
            and (principal is None or kept["principalId"] == principal.lower())
        ]
        return page(self._ctx, request, rows)

    async def definition(self, request: web.Request) -> web.Response:
        role = self._ctx.roles.definitions.get(request.match_info["name"].lower())
        if role is None:
            raise _no_definition(request.match_info["name"])
        return web.json_response(_definition(role))

    async def definitions(self, request: web.Request) -> web.Response:
        text = request.query.get("$filter", "")
        named = re.fullmatch(r"roleName eq '([^']+)'", text.strip(), re.IGNORECASE)
        if text and not named:
            raise WireError(400, "InvalidFilter", f"The filter '{text}' is not supported.")
        rows = [
            _definition(role)
            for role in self._ctx.roles.definitions.values()
            if not named or role["name"].lower() == named[1].lower()
        ]
        return page(self._ctx, request, sorted(rows, key=lambda row: str(row["id"])))

    def _wanted(self, request: web.Request, properties: dict[str, Any]) -> dict[str, Any]:
        name = request.match_info["name"]
        if not _is_guid(name):
            message = f"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."
            raise WireError(400, "InvalidRoleAssignmentId", message)
        role_id = str(properties.get("roleDefinitionId", "")).rsplit("/", 1)[-1].lower()
        if role_id not in self._ctx.roles.definitions:
            raise _no_definition(role_id)
        principal_id = str(properties.get("principalId", "")).lower()
        if not self._ctx.principals.by_oid(principal_id):
            raise self._no_principal(principal_id)
        return {
            "name": name,
            "scope": _scope(request),
            "role": role_id,
            "principalId": principal_id,
            "principalType": properties.get("principalType", "ServicePrincipal"),
            "delegated": properties.get("delegatedManagedIdentityResourceId"),
        }

    def _check_unique(self, wanted: dict[str, Any]) -> None:
        for kept in self._ctx.roles.assignments().values():
            same_scope = kept["scope"].lower() == wanted["scope"].lower()
            if same_scope and (kept["principalId"], kept["role"]) == (wanted["principalId"], wanted["role"]):
                name = kept["id"].rsplit("/", 1)[-1].replace("-", "")
                raise WireError(
                    409,
                    "RoleAssignmentExists",
                    f"The role assignment already exists. The ID of the existing role assignment is {name}.",
                )

    def _no_principal(self, principal_id: str) -> WireError:
        return WireError(
            400,
            "PrincipalNotFound",
            f"Principal {principal_id.replace('-', '')} does not exist in the directory "
            f"{self._ctx.principals.tenant_id}. Check that you have the correct principal ID. If you are creating "
            "this principal and then immediately assigning a role, this error might be related to a replication "
            "delay. In this case, set the role assignment principalType property to a value, such as "
            "ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
        )

    def _found(self, request: web.Request) -> dict[str, Any]:
        known = self._ctx.roles.assignments().get(self._id(request).lower())
        if known is None:
            name = request.match_info["name"]
            raise WireError(404, "RoleAssignmentNotFound", f"The role assignment '{name}' is not found.")
        return known

    def _id(self, request: web.Request) -> str:
        return f"{_scope(request).rstrip('/')}{_PREFIX}/roleAssignments/{request.match_info['name']}"

    def _shown(self, kept: dict[str, Any]) -> dict[str, Any]:
        properties = {
            "roleDefinitionId": f"{_PREFIX}/roleDefinitions/{kept['role']}",
            "principalId": kept["principalId"],
            "principalType": kept.get("principalType", "ServicePrincipal"),
            "scope": kept["scope"],
            "createdOn": kept.get("createdOn"),
            "updatedOn": kept.get("createdOn"),
            "delegatedManagedIdentityResourceId": kept.get("delegated"),
        }
        return {
            "id": kept["id"],
            "name": kept["id"].rsplit("/", 1)[-1],
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": properties,
        }


def _scope(request: web.Request) -> str:
    return "/" + request.match_info["scope"].strip("/")


def _no_definition(role_id: str) -> WireError:
    return WireError(
        404,
        "RoleDefinitionDoesNotExist",
        f"The specified role definition with ID '{role_id}' does not exist.",
    )


def _definition(role: dict[str, Any]) -> dict[str, Any]:
    permission = {key: role[key] for key in ("actions", "notActions", "dataActions", "notDataActions")}
    return {
        "id": f"{_PREFIX}/roleDefinitions/{role['id']}",
        "name": role["id"],
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": role["name"],
            "type": "BuiltInRole",
            "description": role["name"],
            "assignableScopes": ["/"],
            "permissions": [permission],
        },
    }


def _is_guid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
