"""The ARM types that are servers: a PUT starts one and adds the property that names its host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local_stack.components.state import PORT, TYPES, Component
from local_stack.core import name_of

if TYPE_CHECKING:
    from local_stack.components import ComponentService

Body = dict[str, Any]


class Served:
    """The provider of one type."""

    def __init__(self, service: ComponentService, kind: str) -> None:
        self._service = service
        self._kind = kind
        self._facts = TYPES[kind]

    async def put(self, resource_id: str, body: Body, _previous: Body | None) -> Body:
        location = str(body.get("location", "local")).lower().replace(" ", "")
        host = f"{name_of(resource_id)}.{self._facts['suffix']}".format(location=location).lower()
        address = self._service.dns.addresses.of(resource_id)
        component = Component(resource_id, self._kind, host, address)
        self._service.components.add(component)
        await self._service.apply(component)
        port = self._service.ctx.addresses.port(PORT)
        added = {self._facts["property"]: self._facts["form"].format(host=host, port=port)}
        own = {**body["properties"], **added}
        return {**body, "properties": self._service.components.shown(resource_id, own)}

    async def delete(self, resource_id: str) -> None:
        component = self._service.components.remove(resource_id)
        if component:
            self._service.dns.zones.withdraw(component.host)
            await self._service.servers.forget(component)
