"""Serves listeners: find the route, authenticate, check the role, strike with faults, call, log what changed."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import web

from local_stack.core.arm_ids import in_azures_case, scope_of
from local_stack.core.cutting import by_hand, cut, cut_body
from local_stack.core.errors import Unauthorized, WireError
from local_stack.core.faults import Fault
from local_stack.core.principals import Principal
from local_stack.core.router import Match, Router
from local_stack.core.service import Listener

if TYPE_CHECKING:
    from local_stack.core.context import Context

log = logging.getLogger("local_stack")

_SHUTDOWN_SECONDS = 2.0
_CALLER_GONE = 499
_BAD_SLASHES = re.compile("/{2,}")


class Server:
    """One open listener."""

    def __init__(self, ctx: Context, listener: Listener, router: Router) -> None:
        self._ctx = ctx
        self._listener = listener
        self._router = router
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Bind the kept port and serve. Raises StackError when the port is taken."""
        spec = self._listener
        bound = self._ctx.addresses.bind(spec.name, spec.host, port=spec.port, tls=spec.tls)
        app = web.Application(client_max_size=spec.max_body)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        app.on_response_prepare.append(self._add_headers)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        context = self._ctx.tls.server_context(*self._names(), expired=spec.expired) if spec.tls else None
        await web.SockSite(self._runner, bound, ssl_context=context).start()

    async def stop(self) -> None:
        """Finish the requests under way, within two seconds, and let go of the port."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    def _names(self) -> tuple[str, ...]:
        return (self._listener.host, "127.0.0.1", "localhost", *self._listener.names)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if self._listener.collapse_slashes:
            path = _BAD_SLASHES.sub("/", path)
        request["arm_path"] = in_azures_case(unquote(path))
        match = self._router.find(request.method, path)
        if match is None:
            return self._rendered(request, self._unknown(request, path))
        request.match_info.clear()
        request.match_info.update(match.values)
        classify = match.route.classify
        request["operation"] = classify(request) if classify else match.route.operation
        try:
            response = await self._answer(request, match)
        except (ConnectionError, asyncio.CancelledError) as error:
            self._log_write(request, match, _CALLER_GONE)  # the work may have been done
            if isinstance(error, ConnectionError) and _is_gone(request):
                return web.Response(status=_CALLER_GONE)  # to nobody; raised, it would be logged
            raise
        self._log_write(request, match, response.status)
        return response

    async def _answer(self, request: web.Request, match: Match) -> web.StreamResponse:
        fault = self._ctx.faults.take(match.service, request["operation"], request.path, request.query_string)
        if fault and not fault.after:
            await self._ctx.linger(fault.latency)
            if fault.answers:
                return self._struck(request, fault)
        if fault and fault.cut_after is not None:
            request["cut_after"] = fault.cut_after
            cut_body(request, fault.cut_after)
            return by_hand(await self._done(request, match))
        response = await self._done(request, match)
        if fault and fault.after:
            await self._ctx.linger(fault.latency)
            if fault.answers:
                request["detail"] = {**(request.get("detail") or {}), "lostStatus": response.status}
                return self._struck(request, fault)
        return response

    async def _done(self, request: web.Request, match: Match) -> web.StreamResponse:
        try:
            await self._admit(request, match)
            if self._listener.check:
                self._listener.check(request)
            return await match.route.handler(request)
        except WireError as error:
            return self._rendered(request, error)
        except web.HTTPException as error:
            return self._rendered(request, WireError(error.status, error.reason, error.text or error.reason))
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("%s %s in %s", request.method, request.path, match.route.operation)
            return self._rendered(
                request, WireError(500, "InternalServerError", "The local stack failed; see its log.")
            )

    async def _admit(self, request: web.Request, match: Match) -> None:
        route = match.route
        if not route.auth:
            return
        principal = await self._caller(request)
        request["principal"] = principal
        if route.action and principal:
            scope = route.scope(request) if route.scope else scope_of(request["arm_path"])
            self._ctx.roles.require(principal, route.action, scope, route.data)

    async def _caller(self, request: web.Request) -> Principal | None:
        if self._listener.authenticate:
            return await self._listener.authenticate(request)
        if self._listener.audiences is None:
            return None
        return self._ctx.tokens.verify(bearer(request), self._listener.audiences)

    def _struck(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.reset:
            return cut(request)
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        code = "TooManyRequests" if fault.status == 429 else fault.code
        return self._rendered(request, WireError(fault.status or 500, code, fault.message, headers=headers))

    def _rendered(self, request: web.Request, error: WireError) -> web.StreamResponse:
        response = self._listener.render(error)
        if error.status == 401 and self._listener.challenge:
            response.headers["WWW-Authenticate"] = self._listener.challenge(request)
        return response

    def _unknown(self, request: web.Request, path: str) -> WireError:
        methods = self._router.methods(path)
        if methods:
            return WireError(
                405, "MethodNotAllowed", f"{request.method} is not answered here; {', '.join(methods)} is.",
                headers={"Allow": ", ".join(methods)},
            )  # fmt: skip
        return WireError(404, "NotFound", f"The local stack has no route for {request.method} {path}.")

    def _log_write(self, request: web.Request, match: Match, status: int) -> None:
        if not match.route.changes(request.method) or request.get("unlogged"):
            return
        principal = request.get("principal")
        self._ctx.writes.append(
            self._ctx.clock.now(),
            match.service,
            request["operation"],
            request.method,
            request.path,
            status,
            principal.name if principal else "",
            request.get("detail"),
        )

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        fresh = str(uuid.uuid4())
        response.headers.setdefault("x-ms-request-id", fresh)
        correlation: Any = request.headers.get("x-ms-correlation-request-id", fresh)
        response.headers.setdefault("x-ms-correlation-request-id", correlation)
        client = request.headers.get("x-ms-client-request-id")
        if client:
            response.headers.setdefault("x-ms-client-request-id", client)
        for name, value in self._listener.headers.items():
            response.headers.setdefault(name, value)
        if self._ctx.skew():
            response.headers["Date"] = formatdate(self._ctx.wall(), usegmt=True)
        length = response.content_length or 0
        self._ctx.served[request.path] += min(length, request.get("cut_after", length))


def bearer(request: web.Request) -> str:
    """Return the request's Bearer token. Raises Unauthorized (AuthenticationFailed)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized(
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing or is not a Bearer token.",
        )
    return token.strip()


def _is_gone(request: web.Request) -> bool:
    """Tell whether the client has let go of its connection."""
    return request.transport is None or request.transport.is_closing()
