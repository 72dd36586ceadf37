"""Lists deployments and their operations, page by page, as they were recorded."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from local_stack.arm.errors import group_not_found, invalid_content
from local_stack.arm.listing import page
from local_stack.core.arm_ids import name_of, resource_group_of, scope_of
from local_stack.core.bodies import json_object
from local_stack.core.context import Context
from local_stack.deployments.errors import invalid_filter, invalid_name, not_found, operation_not_found

DEPLOYMENT, OPERATION = "Microsoft.Resources/deployments", "Microsoft.Resources/deployments/operations"
_NAME = re.compile(r"[-\w.()]{1,64}", re.ASCII)
_FILTER = re.compile(r"provisioningState\s+eq\s+'(\w+)'", re.IGNORECASE)

Body = dict[str, Any]


class Answers:
    """The handlers. What is recorded lies among ARM's resources, so that it goes when its group goes."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def record(self, request: web.Request) -> web.Response:
        """POST {deployment}/record: keep `properties`, and `operations` in place of those that were there."""
        deployment_id = scope_of(request["arm_path"])
        self._check(deployment_id)
        given = await json_object(request, invalid_content)
        for kept in self._ctx.resources.list(f"{deployment_id}/operations"):
            self._ctx.resources.delete(kept["id"])
        deployment = self._ctx.resources.put(deployment_id, {"properties": given.get("properties") or {}})
        for operation in given.get("operations") or ():
            operation_id = f"{deployment['id']}/operations/{operation['operationId']}"
            self._ctx.resources.put(operation_id, {"properties": operation.get("properties") or {}})
        return web.json_response(deployment, status=201)

    async def list_all(self, request: web.Request) -> web.Response:
        """GET deployments of a group."""
        group = resource_group_of(request["arm_path"])
        if not self._ctx.resources.get(group):
            raise group_not_found(group)
        wanted = _wanted(request.query.get("$filter", "").strip())
        found = self._ctx.resources.list(f"{group}/providers/{DEPLOYMENT}", DEPLOYMENT)
        states = [one["properties"].get("provisioningState", "").lower() for one in found]
        shown = [one for one, state in zip(found, states, strict=True) if wanted in ("", state)]
        return page(self._ctx, request, shown)

    async def get(self, request: web.Request) -> web.Response:
        """GET one deployment."""
        return web.json_response(self._found(request["arm_path"]))

    async def operations(self, request: web.Request) -> web.Response:
        """GET what a deployment did."""
        deployment = self._found(_deployment_of(request))
        found = self._ctx.resources.list(f"{deployment['id']}/operations", OPERATION)
        return page(self._ctx, request, [_shown(one) for one in found])

    async def operation(self, request: web.Request) -> web.Response:
        """GET one thing that it did."""
        deployment = self._found(_deployment_of(request))
        name = request.match_info["operation"]
        kept = self._ctx.resources.get(f"{deployment['id']}/operations/{name}")
        if kept is None:
            raise operation_not_found(name)
        return web.json_response(_shown(kept))

    def _found(self, deployment_id: str) -> Body:
        group = resource_group_of(deployment_id)
        if not self._ctx.resources.get(group):
            raise group_not_found(group)
        found = self._ctx.resources.get(deployment_id)
        if found is None:
            raise not_found(name_of(deployment_id))
        return found

    def _check(self, deployment_id: str) -> None:
        group = resource_group_of(deployment_id)
        if not self._ctx.resources.get(group):
            raise group_not_found(group)
        if not _NAME.fullmatch(name_of(deployment_id)):
            raise invalid_name(name_of(deployment_id))


def _deployment_of(request: web.Request) -> str:
    """Return the deployment's id, whose operations ARM lists without naming the provider."""
    group, name = resource_group_of(request["arm_path"]), request.match_info["deployment"]
    return f"{group}/providers/{DEPLOYMENT}/{name}"


def _wanted(text: str) -> str:
    """Return the state that a `$filter` asks for in lower case, empty for every one. Raises WireError."""
    if not text:
        return ""
    match = _FILTER.fullmatch(text)
    if match is None:
        raise invalid_filter(text)
    return match[1].lower()


def _shown(kept: Body) -> Body:
    """Return an operation as ARM shows it: without name and type, which it has not."""
    return {"id": kept["id"], "operationId": kept["name"], "properties": kept["properties"]}
