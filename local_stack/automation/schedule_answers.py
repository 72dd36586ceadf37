"""Requests about schedules and their links to runbooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from local_stack.automation.schedules import Schedules
from local_stack.automation.state import account_of, body_of, checked_guid, checked_name, page
from local_stack.core.context import Context


class ScheduleAnswers:
    """Parse, call, shape. `changed` wakes whoever waits for the next firing."""

    def __init__(self, ctx: Context, schedules: Schedules, changed: Callable[[], None]) -> None:
        self._ctx = ctx
        self._schedules = schedules
        self._changed = changed

    async def put(self, request: web.Request) -> web.Response:
        account, name = account_of(self._ctx, request), checked_name(request.match_info["name"])
        kept, is_new = self._schedules.put(account, name, await body_of(request))
        self._changed()
        return web.json_response(_schedule(kept), status=201 if is_new else 200)

    async def patch(self, request: web.Request) -> web.Response:
        account = account_of(self._ctx, request)
        kept = self._schedules.enable(account, request.match_info["name"], await body_of(request))
        self._changed()
        return web.json_response(_schedule(kept))

    async def get(self, request: web.Request) -> web.Response:
        account = account_of(self._ctx, request)
        return web.json_response(_schedule(self._schedules.get(account, request.match_info["name"])))

    async def list(self, request: web.Request) -> web.Response:
        rows = self._schedules.all(account_of(self._ctx, request))
        return page(request, [_schedule(kept) for kept in rows])

    async def delete(self, request: web.Request) -> web.Response:
        self._schedules.delete(account_of(self._ctx, request), request.match_info["name"])
        return web.Response(status=200)

    async def put_link(self, request: web.Request) -> web.Response:
        account, link_id = account_of(self._ctx, request), checked_guid(request.match_info["name"], "link")
        kept = self._schedules.put_link(account, link_id, await body_of(request))
        return web.json_response(_link(kept), status=201)

    async def link(self, request: web.Request) -> web.Response:
        account = account_of(self._ctx, request)
        return web.json_response(_link(self._schedules.link(account, request.match_info["name"])))

    async def links(self, request: web.Request) -> web.Response:
        """List the links; as in Azure, without their parameters."""
        rows = self._schedules.links(account_of(self._ctx, request))
        return page(request, [_link({**kept, "parameters": {}}) for kept in rows])

    async def delete_link(self, request: web.Request) -> web.Response:
        self._schedules.delete_link(account_of(self._ctx, request), request.match_info["name"])
        return web.Response(status=200)


def _schedule(kept: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{kept['account']}/schedules/{kept['name']}",
        "name": kept["name"],
        "type": "Microsoft.Automation/AutomationAccounts/Schedules",
        "properties": {
            "description": kept["description"],
            "startTime": kept["start"],
            "startTimeOffsetMinutes": 0.0,
            "expiryTime": kept["expiry"],
            "expiryTimeOffsetMinutes": 0.0,
            "isEnabled": kept["enabled"],
            "nextRun": kept["next"],
            "nextRunOffsetMinutes": 0.0,
            "interval": None if kept["frequency"] == "OneTime" else kept["interval"],
            "frequency": kept["frequency"],
            "timeZone": kept["zone"],
            "creationTime": kept["created"],
            "lastModifiedTime": kept["changed"],
        },
    }


def _link(kept: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"{kept['account']}/jobSchedules/{kept['id']}",
        "name": kept["id"],
        "type": "Microsoft.Automation/AutomationAccounts/JobSchedules",
        "properties": {
            "jobScheduleId": kept["id"],
            "schedule": {"name": kept["schedule"]},
            "runbook": {"name": kept["runbook"]},
            "runOn": kept["runOn"],
            "parameters": kept["parameters"],
        },
    }
