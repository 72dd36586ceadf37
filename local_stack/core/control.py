"""The stack's own control listener, for `python -m local_stack` and tests: on loopback, with a key from the directory.

It is no part of Azure, so its changes are not in the write log.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from local_stack.core.errors import Unauthorized, WireError
from local_stack.core.files import write_private
from local_stack.core.router import Router
from local_stack.core.service import Listener, Route

if TYPE_CHECKING:
    from pathlib import Path

    from local_stack.core.context import Context

NAME = "control"


def control_key(directory: Path) -> str:
    """Return the key that opens the control listener, made at the first call."""
    file = directory / "keys" / "control.key"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32).encode())
    return file.read_text("ascii")


def control_listener(ctx: Context) -> tuple[Listener, Router]:
    """Return the listener and all its routes, the services' own among them."""
    control = _Control(ctx)
    router = Router()
    router.add(NAME, control.routes())
    for service in ctx.services.values():
        prefix = f"/services/{service.name}"
        router.add(NAME, [replace(r, path=prefix + r.path, write=False) for r in service.control_routes()])
    return Listener(NAME, [], None, authenticate=control.authenticate), router


class _Control:
    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._key = control_key(ctx.directory)

    async def authenticate(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            raise Unauthorized("WrongKey", "Give the key in keys/control.key of the stack's directory.")

    def routes(self) -> list[Route]:
        rows = [
            ("GET", "/status", self._status),
            ("POST", "/stop", self._stop_stack),
            ("GET", "/faults", self._list_faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("PUT", "/faults/settings/{name}", self._set),
            ("GET", "/writes", self._writes),
            ("POST", "/clock", self._advance),
        ]
        return [Route(m, p, h, f"control{p}", write=False) for m, p, h in rows]

    async def _status(self, _request: web.Request) -> web.Response:
        addresses = self._ctx.answering()
        return web.json_response(
            {
                "services": list(self._ctx.services),
                "addresses": addresses,
                "time": self._ctx.clock.now().isoformat(),
                "writes": self._ctx.writes.last,
                "faults": len(self._ctx.faults.list()),
            }
        )

    async def _stop_stack(self, _request: web.Request) -> web.Response:
        asyncio.get_running_loop().call_later(0.05, self._ctx.stop_requested.set)
        return web.json_response({"stopping": True}, status=202)

    async def _list_faults(self, _request: web.Request) -> web.Response:
        faults = [asdict(fault) for fault in self._ctx.faults.list()]
        return web.json_response({"faults": faults, "settings": self._ctx.faults.settings()})

    async def _add_fault(self, request: web.Request) -> web.Response:
        what: dict[str, Any] = await request.json()
        try:
            fault = self._ctx.faults.add(**what)
        except (TypeError, ValueError) as error:
            raise WireError(400, "BadFault", str(error)) from error
        return web.json_response(asdict(fault), status=201)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self._ctx.faults.clear()
        return web.Response(status=204)

    async def _set(self, request: web.Request) -> web.Response:
        self._ctx.faults.set(request.match_info["name"], (await request.json())["value"])
        return web.Response(status=204)

    async def _writes(self, request: web.Request) -> web.Response:
        since = int(request.query.get("since", "0"))
        entries = self._ctx.writes.since(since, limit=int(request.query.get("limit", "1000")))
        return web.json_response([asdict(entry) for entry in entries])

    async def _advance(self, request: web.Request) -> web.Response:
        now = self._ctx.clock.advance(float((await request.json())["seconds"]))
        return web.json_response({"time": now.isoformat()})
