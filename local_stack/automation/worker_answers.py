"""Requests about hybrid worker groups and the workers in them."""

from __future__ import annotations

from aiohttp import web

from local_stack.automation.runner import Runner
from local_stack.automation.state import account_of, body_of, checked_guid, page
from local_stack.automation.workers import Workers
from local_stack.core.context import Context


class WorkerAnswers:
    """Parse, call, shape. A new worker may be what a waiting job waits for."""

    def __init__(self, ctx: Context, workers: Workers, runner: Runner) -> None:
        self._ctx = ctx
        self._workers = workers
        self._runner = runner

    async def put_group(self, request: web.Request) -> web.Response:
        account = account_of(self._ctx, request)
        await body_of(request)
        body, is_new = self._workers.put_group(account, request.match_info["name"])
        return web.json_response(body, status=201 if is_new else 200)

    async def group(self, request: web.Request) -> web.Response:
        account = account_of(self._ctx, request)
        return web.json_response(self._workers.group(account, request.match_info["name"]))

    async def groups(self, request: web.Request) -> web.Response:
        return page(request, self._workers.groups(account_of(self._ctx, request)))

    async def delete_group(self, request: web.Request) -> web.Response:
        self._workers.delete_group(account_of(self._ctx, request), request.match_info["name"])
        return web.Response(status=200)

    async def put(self, request: web.Request) -> web.Response:
        account, group = account_of(self._ctx, request), request.match_info["name"]
        worker = checked_guid(request.match_info["worker"], "worker")
        given = await body_of(request)
        vm_id = str(given.get("properties", {}).get("vmResourceId") or "")
        body, is_new = self._workers.put(account, group, worker, vm_id)
        self._runner.look()
        return web.json_response(body, status=201 if is_new else 200)

    async def get(self, request: web.Request) -> web.Response:
        values = request.match_info
        return web.json_response(
            self._workers.get(account_of(self._ctx, request), values["name"], values["worker"])
        )

    async def list(self, request: web.Request) -> web.Response:
        return page(request, self._workers.all(account_of(self._ctx, request), request.match_info["name"]))

    async def delete(self, request: web.Request) -> web.Response:
        values = request.match_info
        self._workers.delete(account_of(self._ctx, request), values["name"], values["worker"])
        return web.Response(status=200)
