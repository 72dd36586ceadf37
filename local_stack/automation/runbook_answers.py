"""Requests about runbooks and their texts."""

from __future__ import annotations

import uuid

from aiohttp import web

from local_stack.automation.errors import not_found
from local_stack.automation.runbooks import Runbooks
from local_stack.automation.schedules import Schedules
from local_stack.automation.state import account_of, body_of, checked_name, page
from local_stack.core.context import Context

REWRITE = "automation.rewrite_content"  # a fault setting: "crlf" or "bom", what a service may do to a text


class RunbookAnswers:
    """Parse, call, shape."""

    def __init__(self, ctx: Context, runbooks: Runbooks, schedules: Schedules) -> None:
        self._ctx = ctx
        self._runbooks = runbooks
        self._schedules = schedules
        self._operations = ctx.store.collection("automation", "operations")

    async def put(self, request: web.Request) -> web.Response:
        account, name = account_of(self._ctx, request), checked_name(request.match_info["name"])
        body, is_new = self._runbooks.put(account, name, await body_of(request))
        return web.json_response(body, status=201 if is_new else 200)

    async def patch(self, request: web.Request) -> web.Response:
        account = account_of(self._ctx, request)
        return web.json_response(
            self._runbooks.patch(account, request.match_info["name"], await body_of(request))
        )

    async def get(self, request: web.Request) -> web.Response:
        account = account_of(self._ctx, request)
        return web.json_response(self._runbooks.get(account, request.match_info["name"]))

    async def list(self, request: web.Request) -> web.Response:
        return page(request, self._runbooks.all(account_of(self._ctx, request)))

    async def delete(self, request: web.Request) -> web.Response:
        account, name = account_of(self._ctx, request), request.match_info["name"]
        self._schedules.unlink(account, "runbook", name)
        return web.Response(status=200 if self._runbooks.delete(account, name) else 204)

    async def replace_draft(self, request: web.Request) -> web.Response:
        account, name = account_of(self._ctx, request), request.match_info["name"]
        self._runbooks.replace_draft(account, name, await request.text())
        return self._accepted(request)

    async def publish(self, request: web.Request) -> web.Response:
        self._runbooks.publish(account_of(self._ctx, request), request.match_info["name"])
        return self._accepted(request)

    async def undo_edit(self, request: web.Request) -> web.Response:
        self._runbooks.undo_edit(account_of(self._ctx, request), request.match_info["name"])
        return web.json_response({"statusCode": "OK", "requestId": str(uuid.uuid4())})

    async def draft(self, request: web.Request) -> web.Response:
        account = account_of(self._ctx, request)
        body = self._runbooks.get(account, request.match_info["name"])
        self._runbooks.draft(account, body["name"])
        return web.json_response(
            {
                "inEdit": True,
                "creationTime": body["properties"]["creationTime"],
                "lastModifiedTime": body["properties"]["lastModifiedTime"],
                "parameters": {},
                "outputTypes": [],
            }
        )

    async def draft_content(self, request: web.Request) -> web.Response:
        return self._text(self._runbooks.draft(account_of(self._ctx, request), request.match_info["name"]))

    async def content(self, request: web.Request) -> web.Response:
        return self._text(
            self._runbooks.published(account_of(self._ctx, request), request.match_info["name"])
        )

    async def operation_result(self, request: web.Request) -> web.Response:
        if request.match_info["operation"] not in self._operations:
            raise not_found("operation", request.match_info["operation"])
        return web.Response(status=200)

    def _accepted(self, request: web.Request) -> web.Response:
        """Answer 202 with a Location that is done at once; as the service, without a Retry-After."""
        operation = str(uuid.uuid4())
        self._operations[operation] = {"path": request.path}
        account = account_of(self._ctx, request)
        version = request.query.get("api-version", "2024-10-23")
        base = f"https://{request.host}{account.child('runbooks', request.match_info['name'])}"
        location = f"{base}/operationResults/{operation}?api-version={version}"
        return web.Response(status=202, headers={"Location": location})

    def _text(self, text: str) -> web.Response:
        rewrite = self._ctx.faults.text(REWRITE)
        raw = text.replace("\n", "\r\n").encode() if rewrite == "crlf" else text.encode()
        raw = b"\xef\xbb\xbf" + raw if rewrite == "bom" else raw
        return web.Response(body=raw, content_type="text/plain", charset="utf-8")
