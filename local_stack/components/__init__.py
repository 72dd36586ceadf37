"""Sample components: each resource of a known type is a server on an address of its own, with a state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from local_stack.components.answers import Control
from local_stack.components.paths import Servers, control_routes
from local_stack.components.resources import Served
from local_stack.components.state import DOWN, PUBLIC, TYPES, Component, Components
from local_stack.core import Context, Provider, Route, Service
from local_stack.dns.state import public_address

if TYPE_CHECKING:
    from local_stack.dns import Dns


class ComponentService(Service):
    """Starts a server for each component, and puts it into the states that people and tests ask for."""

    name = "components"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self.components = Components(ctx)
        self.servers = Servers(ctx, self.components)

    def providers(self) -> dict[str, Provider]:
        """Return one provider for each type that is a server."""
        return {kind: Served(self, kind) for kind in TYPES}

    def control_routes(self) -> list[Route]:
        """Return the routes that set states."""
        return control_routes(Control(self.components, self.set_state))

    async def start(self) -> None:
        """Bring the components of an earlier run back, in the states they were in."""
        for component in self.components.all():
            await self.apply(component)

    async def stop(self) -> None:
        """Close what the context does not."""
        await self.servers.close_all()

    async def set_state(self, name: str, state: str, seconds: float | None = None) -> dict[str, Any]:
        """Put a component (see `Components.find`) into a state and show it. Raises WireError."""
        component = self.components.find(name)
        before = self.components.state_of(component.id)
        body = self.ctx.resources.get(component.id)
        self.components.set(component, state, seconds)
        try:
            if body is not None:
                self._show(component, body)
        except Exception:
            self.components.set(component, before, seconds)
            raise
        await self.apply(component)
        return {"id": component.id, "name": component.name, "host": component.host, "state": state}

    async def apply(self, component: Component) -> None:
        """Make the world agree with a component's state."""
        state = self.components.state_of(component.id)
        names = self.dns.zones
        names.publish(component.host)
        names.force(
            component.host, [public_address(component.host)] if state == PUBLIC else self._own(component)
        )
        if state == DOWN:
            await self.servers.close(component)
        else:
            await self.servers.open(component)

    @property
    def dns(self) -> Dns:
        """The name server, which also hands out addresses."""
        return cast("Dns", self.ctx.services["dns"])

    def _own(self, component: Component) -> list[str] | None:
        """Return the address of a component that brings its own private zone, as a cluster does."""
        return [component.address] if ".privatelink." in f".{component.host}" else None

    def _show(self, component: Component, body: dict[str, Any]) -> None:
        own = self.components.own(component.id, body["properties"])
        self.ctx.resources.put(component.id, {**body, "properties": self.components.shown(component.id, own)})


service = ComponentService
