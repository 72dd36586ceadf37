"""What a component answers, and how its state is set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from local_stack.components.state import ERROR, SLOW, Component, Components
from local_stack.core import Context, Handler, WireError

SetState = Callable[[str, str, "float | None"], Awaitable[dict[str, Any]]]


def serving(ctx: Context, components: Components, component: Component, closing: asyncio.Event) -> Handler:
    """Return the handler of one component's every path; `closing` ends what is being slow."""

    async def handle(request: web.Request) -> web.Response:
        state = components.state_of(component.id)
        if state == SLOW:
            await ctx.linger(components.seconds_of(component.id), closing)
        if state == ERROR:
            raise WireError(500, "InternalServerError", f"{component.name} cannot reach its database.")
        body = {"name": component.name, "status": "healthy", "time": ctx.clock.now().isoformat()}
        return web.json_response({**body, "path": request.path})

    return handle


class Control:
    """States over the stack's control listener."""

    def __init__(self, components: Components, set_state: SetState) -> None:
        self._components = components
        self._set_state = set_state

    async def list(self, _request: web.Request) -> web.Response:
        return web.json_response([self._shown(component) for component in self._components.all()])

    async def put(self, request: web.Request) -> web.Response:
        body = await request.json()
        seconds = body.get("seconds")
        return web.json_response(
            await self._set_state(request.match_info["name"], str(body.get("state", "")), seconds)
        )

    async def delete(self, request: web.Request) -> web.Response:
        return web.json_response(await self._set_state(request.match_info["name"], "healthy", None))

    def _shown(self, component: Component) -> dict[str, Any]:
        return {
            **component.__dict__,
            "name": component.name,
            "state": self._components.state_of(component.id),
        }
