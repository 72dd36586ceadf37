"""Resources and resource groups: parse the request, ask the inventory, answer as ARM does."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from local_stack.arm.errors import (
    group_not_found,
    invalid_content,
    invalid_subscription,
    location_required,
    resource_not_found,
)
from local_stack.arm.listing import listed, page, predicate
from local_stack.arm.shapes import Shapes
from local_stack.arm.state import GROUP, Inventory, is_group, merged
from local_stack.core.arm_ids import resource_group_of, resource_type, scope_of, subscription_of
from local_stack.core.bodies import json_object
from local_stack.core.context import Context
from local_stack.core.errors import Forbidden, WireError

_GROUP_ACTION = "Microsoft.Resources/subscriptions/resourceGroups"


class Answers:
    """The generic resource, and groups."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.inventory = Inventory(ctx)
        self._shapes = Shapes()

    async def put(self, request: web.Request) -> web.Response:
        resource_id = self._resource_id(request, "write")
        given = await json_object(request, invalid_content)
        wrong = self._wrong(resource_id, request.query["api-version"], given)
        if wrong:
            raise invalid_content("; ".join(wrong))
        body, created = await self.inventory.put(resource_id, given)
        return web.json_response(body, status=201 if created else 200)

    async def patch(self, request: web.Request) -> web.Response:
        resource_id = self._resource_id(request, "write")
        kept = self._found(resource_id)
        change = merged(kept, await json_object(request, invalid_content))
        if is_group(resource_id):
            return web.json_response(self._ctx.resources.put(resource_id, change))
        body, _ = await self.inventory.put(resource_id, change)
        return web.json_response(body)

    async def get(self, request: web.Request) -> web.Response:
        path = _path(request)
        if scope_of(path).lower() != path.lower():
            return self._collection(request, path)
        return web.json_response(self._found(self._resource_id(request, "read")))

    async def head(self, request: web.Request) -> web.Response:
        found = self._ctx.resources.get(self._resource_id(request, "read"))
        return web.Response(status=204 if found else 404)

    async def delete(self, request: web.Request) -> web.Response:
        existed = await self.inventory.delete(self._resource_id(request, "delete"))
        return web.Response(status=200 if existed else 204)

    async def list_resources(self, request: web.Request) -> web.Response:
        scope = scope_of(_path(request))
        self._check_scope(scope)
        fits = predicate(request.query.get("$filter", ""))
        expand = request.query.get("$expand", "")
        # As Azure: only what has a location of its own is listed; other children are read at their parent.
        tracked = [r for r in self._ctx.resources.list(scope) if r["type"] != GROUP and "location" in r]
        shown = [
            listed(found, self.inventory.times(found["id"]), expand)
            for found in tracked
            if fits(found) and self._readable(request, found)
        ]
        return page(self._ctx, request, shown)

    async def list_groups(self, request: web.Request) -> web.Response:
        scope = scope_of(_path(request))
        self._check_scope(scope)
        fits = predicate(request.query.get("$filter", ""))
        groups = self._ctx.resources.list(scope, GROUP)
        return page(self._ctx, request, [g for g in groups if fits(g) and self._readable(request, g)])

    async def put_group(self, request: web.Request) -> web.Response:
        group_id, body = _path(request), await json_object(request, invalid_content)
        self._check_subscription(group_id)
        if not body.get("location"):
            raise location_required()
        kept = {key: body[key] for key in ("location", "tags", "managedBy") if body.get(key)}
        known = self._ctx.resources.get(group_id)
        self.inventory.touch(group_id)
        group = self._ctx.resources.put(group_id, {**kept, "properties": {"provisioningState": "Succeeded"}})
        return web.json_response(group, status=200 if known else 201)

    async def delete_group(self, request: web.Request) -> web.Response:
        group_id = _path(request)
        if not self._ctx.resources.get(group_id):
            raise group_not_found(group_id)
        operation = self._ctx.operations.start(group_id)
        await self.inventory.delete(group_id)
        self._ctx.operations.succeed(operation)
        return await self._ctx.operations.accepted(request, operation)

    def _wrong(self, resource_id: str, api_version: str, given: dict[str, Any]) -> list[str]:
        """Say what Azure's type has against a body, but for what the resource already reads: `az resource tag`,
        as others, puts back what it got, read-only properties and all.
        """
        kept = (self._ctx.resources.get(resource_id) or {}).get("properties", {})
        mine = given.get("properties") or {}
        same = tuple(
            f"/properties/{key}{end}"
            for key in mine
            if key in kept and kept[key] == mine[key]
            for end in "/:"
        )
        found = self._shapes.violations(resource_type(resource_id), api_version, given)
        return [each for each in found if not each.startswith(same)]

    def _collection(self, request: web.Request, path: str) -> web.Response:
        """List one type: below a group or a parent with its right, below a subscription what the caller may read."""
        scope, kind = scope_of(path), resource_type(path)
        self._check_scope(scope)
        in_group = bool(resource_group_of(path))
        if in_group:
            self._ctx.roles.require(request["principal"], f"{kind}/read", scope)
        found = self._ctx.resources.list(scope, kind)
        return page(self._ctx, request, [r for r in found if in_group or self._readable(request, r)])

    def _resource_id(self, request: web.Request, verb: str) -> str:
        resource_id = _path(request)
        self._check_subscription(resource_id)
        kind = _GROUP_ACTION if is_group(resource_id) else resource_type(resource_id)
        self._ctx.roles.require(request["principal"], f"{kind}/{verb}", resource_id)
        if scope_of(resource_id).lower() != resource_id.lower():
            raise WireError(404, "InvalidResourceType", f"'{resource_id}' names no resource.")
        return resource_id

    def _found(self, resource_id: str) -> dict[str, Any]:
        found = self._ctx.resources.get(resource_id)
        if found:
            return found
        group = resource_group_of(resource_id)
        if group and not self._ctx.resources.get(group):
            raise group_not_found(resource_id)
        raise resource_not_found(resource_id)

    def _check_scope(self, scope: str) -> None:
        self._check_subscription(scope)
        group = resource_group_of(scope)
        if group and not self._ctx.resources.get(group):
            raise group_not_found(scope)

    def _check_subscription(self, resource_id: str) -> None:
        subscription = subscription_of(resource_id)
        try:
            uuid.UUID(subscription)
        except ValueError:
            raise invalid_subscription(subscription) from None

    def _readable(self, request: web.Request, resource: dict[str, Any]) -> bool:
        kind = _GROUP_ACTION if resource["type"] == GROUP else resource["type"]
        try:
            self._ctx.roles.require(request["principal"], f"{kind}/read", resource["id"])
        except Forbidden:
            return False
        return True


def _path(request: web.Request) -> str:
    path: str = request["arm_path"]
    return path.rstrip("/")
