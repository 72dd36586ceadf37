"""What a service is to the stack: routes under ARM, listeners of its own, providers of resource types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from local_stack.core.errors import WireError, json_error
from local_stack.core.principals import Principal
from local_stack.core.resources import Provider

if TYPE_CHECKING:
    from local_stack.core.context import Context

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Authenticate = Callable[[web.Request], Awaitable["Principal | None"]]

ARM_AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")


@dataclass(frozen=True)
class Route:
    """One operation. `path` has aiohttp's syntax, `{name}` or `{name:regex}`; fixed segments match in any case.

    `action` is required of the caller at `scope(request)`, by default the ARM id in the path. A handler that must
    look into the body first leaves it None and calls `ctx.roles.require`. `auth=False` lets anybody in. `classify`
    names the operation of a request where one route serves many; method "*" takes any.
    """

    method: str
    path: str
    handler: Handler
    operation: str
    action: str | None = None
    data: bool = False
    write: bool | None = None
    auth: bool = True
    scope: Callable[[web.Request], str] | None = None
    classify: Callable[[web.Request], str] | None = None

    def changes(self, method: str) -> bool:
        """Say whether the write log takes such a request (a handler may set request["unlogged"])."""
        return method not in ("GET", "HEAD", "OPTIONS") if self.write is None else self.write


@dataclass(frozen=True)
class Listener:
    """A port of its own. `audiences` None: the service authenticates by itself, or not at all.

    `authenticate` replaces the Bearer check; it returns None for nobody. `render` shapes errors; `challenge` gives
    the WWW-Authenticate value of a 401; `check` refuses what no route takes. `names`: what the certificate
    is for, beside loopback.
    """

    name: str
    routes: list[Route]
    audiences: tuple[str, ...] | None = ARM_AUDIENCES
    tls: bool = True
    host: str = "127.0.0.1"
    port: int | None = None
    names: tuple[str, ...] = ()
    expired: bool = False
    authenticate: Authenticate | None = None
    render: Callable[[WireError], web.StreamResponse] = json_error
    challenge: Callable[[web.Request], str] | None = None
    check: Callable[[web.Request], None] | None = None
    collapse_slashes: bool = False
    max_body: int = 64 * 1024 * 1024
    headers: dict[str, str] = field(default_factory=dict)


class Service:
    """A part of Azure. A subclass sets `name` and overrides what it needs."""

    name = ""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def arm_routes(self) -> list[Route]:
        """Return what ARM's listener serves for this service, before the generic resource routes."""
        return []

    def control_routes(self) -> list[Route]:
        """Return what the stack's own control listener serves under `/services/<name>`, for people and tests."""
        return []

    def listeners(self) -> list[Listener]:
        """Return the listeners that are there from the start; `ctx.listen` opens more later."""
        return []

    def providers(self) -> dict[str, Provider]:
        """Return providers by ARM type (any case)."""
        return {}

    async def start(self) -> None:
        """Start what runs beside the listeners; resources kept from an earlier run come to life here."""

    async def stop(self) -> None:
        """Stop it again, leaving the files consistent."""
