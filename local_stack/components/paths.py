"""Where components are reached, each on an address of its own, and where their states are set."""

from __future__ import annotations

import asyncio
import contextlib

from local_stack.components.answers import Control, serving
from local_stack.components.state import EXPIRED, PORT, Component, Components
from local_stack.core import Context, Listener, Route

SERVICE = "components"


def control_routes(control: Control) -> list[Route]:
    """Return the routes of the control listener."""
    return [
        Route("GET", "/states", control.list, "component.list"),
        Route("PUT", "/states/{name}", control.put, "component.setState"),
        Route("DELETE", "/states/{name}", control.delete, "component.clearState"),
    ]


class Servers:
    """Opens and closes the components' listeners."""

    def __init__(self, ctx: Context, components: Components) -> None:
        self._ctx = ctx
        self._components = components
        self._tcp: dict[str, asyncio.Server] = {}
        self._closing: dict[str, asyncio.Event] = {}

    async def open(self, component: Component) -> None:
        """Open the listener of a component (again, with what its state asks for)."""
        await self.close(component)
        if component.serves == "tcp":
            await self._open_tcp(component)
            return
        closing = self._closing[component.id.lower()] = asyncio.Event()
        handler = serving(self._ctx, self._components, component, closing)
        listener = Listener(
            _name(component),
            [Route("*", "/{path:.*}", handler, "component.request", auth=False, write=False)],
            audiences=None,
            host=component.address,
            port=self._ctx.addresses.port(PORT),
            names=(component.host,),
            expired=self._components.state_of(component.id) == EXPIRED,
        )
        await self._ctx.listen(SERVICE, listener)

    async def close(self, component: Component) -> None:
        """Close it: connections are refused."""
        closing = self._closing.pop(component.id.lower(), None)
        if closing:
            closing.set()
        await self._ctx.unlisten(_name(component))
        server = self._tcp.pop(component.id.lower(), None)
        if server:
            server.close()

    async def forget(self, component: Component) -> None:
        """Close it for good."""
        await self.close(component)
        self._ctx.addresses.forget(_name(component))

    async def close_all(self) -> None:
        """Let slow answers go, and close the listeners that the context does not know of."""
        while self._closing:
            self._closing.popitem()[1].set()
        while self._tcp:
            self._tcp.popitem()[1].close()

    async def _open_tcp(self, component: Component) -> None:
        port = self._ctx.addresses.port(PORT)
        bound = self._ctx.addresses.bind(_name(component), component.address, port=port, tls=False)
        self._tcp[component.id.lower()] = await asyncio.start_server(_accept, sock=bound)


def _name(component: Component) -> str:
    return f"components/{component.host}"


async def _accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a connection and wait for its end; nothing is said."""
    with contextlib.suppress(ConnectionError):
        await reader.read(1)
    writer.close()
