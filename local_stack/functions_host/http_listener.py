"""Serves HTTP-triggered functions: routes, keys, limits, and the host's own /admin."""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import azure.functions as func
from aiohttp import web

from local_stack.functions_host.host_json import HttpOptions
from local_stack.functions_host.invoking import Invoker
from local_stack.functions_host.keys import Keys
from local_stack.functions_host.routes import Route, Routes

log = logging.getLogger("local_stack.functions_host")
Admin = Callable[[str, str, bytes], Awaitable[tuple[int, Any]]]
_LEVELS = {"anonymous": 0, "function": 1, "admin": 2}
BODY_LIMIT = 104_857_600  # Azure's default, in bytes


class HttpListener:
    """A worker's share of the app's address: all workers accept from one listening socket."""

    def __init__(
        self,
        routes: Routes,
        options: HttpOptions,
        keys: Keys,
        invoker: Invoker,
        admin: Admin,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self._routes = routes
        self._options = options
        self._keys = keys
        self._invoker = invoker
        self._admin = admin
        self._limit = body_limit
        self._outstanding = 0
        most = options.max_concurrent
        self._slots = asyncio.Semaphore(most) if most > 0 else None

    async def start(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Begin to accept."""
        server = web.Server(self._serve, access_log=None, auto_decompress=False)  # nor does Azure's
        self._runner = web.ServerRunner(server, shutdown_timeout=60.0)
        await self._runner.setup()
        await web.SockSite(self._runner, listening, ssl_context=tls).start()

    async def stop(self) -> None:
        """Accept no more, and finish what was accepted."""
        await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if path.lower().startswith("/admin/"):
            return await self._administer(request, path)
        found = self._routes.find(request.method, path)
        if found is None:
            return self._answer(web.Response(status=404))
        if not self._allowed(request, found[0].level):
            return self._answer(web.Response(status=401))
        if 0 <= self._options.max_outstanding <= self._outstanding:
            return self._answer(web.Response(status=429, text="429 Too Many Requests"))
        self._outstanding += 1
        try:
            return self._answer(await self._within_slot(request, *found))
        finally:
            self._outstanding -= 1

    async def _within_slot(
        self, request: web.BaseRequest, route: Route, given: dict[str, str]
    ) -> web.Response:
        body = await _read(request, self._limit)
        if body is None:
            return web.Response(status=413)
        if self._slots is None:
            return await self._called(request, route, given, body)
        async with self._slots:
            return await self._called(request, route, given, body)

    async def _called(
        self, request: web.BaseRequest, route: Route, given: dict[str, str], body: bytes
    ) -> web.Response:
        def made() -> func.HttpRequest:
            return func.HttpRequest(
                request.method, str(request.url), headers=_joined(request.headers), params=dict(request.query),
                route_params=given, body=body,
            )  # fmt: skip

        outcome = await self._invoker.run(route.function, made)
        if not outcome.ok:
            return web.Response(status=500)
        try:
            return _response(outcome.value)
        except TypeError as error:
            log.error("%s (%s) %s", route.function.name, outcome.invocation_id, error)
            return web.Response(status=500)

    async def _administer(self, request: web.BaseRequest, path: str) -> web.Response:
        if not self._allowed(request, "admin"):
            return self._answer(web.Response(status=401))
        body = await _read(request, self._limit)
        if body is None:
            return self._answer(web.Response(status=413))
        status, answer = await self._admin(request.method, path, body)
        return self._answer(
            web.Response(status=status) if answer is None else web.json_response(answer, status=status)
        )

    def _allowed(self, request: web.BaseRequest, level: str) -> bool:
        needed = _LEVELS.get(level, 2)
        given = (request.headers.get("x-functions-key") or request.query.get("code", "")).encode()
        opens = [self._keys.master] if needed > 1 else [self._keys.master, self._keys.function]
        return not needed or any(hmac.compare_digest(given, key.encode()) for key in opens)

    def _answer(self, response: web.Response) -> web.Response:
        for name, value in self._options.headers.items():
            response.headers.setdefault(name, value)
        return response


async def _read(request: web.BaseRequest, limit: int) -> bytes | None:
    """Return the body, None when it is larger than the limit."""
    if (request.content_length or 0) > limit:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


def _joined(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers as a worker gets them: several of one name are one, with commas."""
    joined: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    return joined


def _response(value: Any) -> web.Response:
    """Return what a function's value means. Raises TypeError for what is no answer."""
    if value is None:
        return web.Response(status=204)
    if isinstance(value, str):
        return web.Response(text=value)
    if not isinstance(value, func.HttpResponse):
        raise TypeError(f"returned {type(value).__name__}; an HTTP function returns HttpResponse or text")
    response = web.Response(status=value.status_code, body=value.get_body())
    for name, each in value.headers.items():
        response.headers[name] = each
    if "content-type" not in value.headers and value.get_body():
        response.headers["Content-Type"] = f"{value.mimetype}; charset={value.charset}"
    elif not value.get_body():
        response.headers.pop("Content-Type", None)
    return response
