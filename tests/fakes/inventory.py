"""A managed resource group in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vibedata.discovery import Resource
from vibedata.errors import VibedataError

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/mrg"


class FakeInventory:
    """Resources that can be added, changed and removed; `failing` is raised instead of an answer."""

    def __init__(self) -> None:
        self.held: dict[str, Resource] = {}
        self.failing: VibedataError | None = None
        self.reads = 0

    def add(
        self,
        kind: str,
        name: str,
        properties: Mapping[str, Any] | None = None,
        state: str | None = "Succeeded",
    ) -> Resource:
        resource = Resource(f"{GROUP}/providers/{kind}/{name}", kind, name, state, properties or {})
        self.held[resource.key] = resource
        return resource

    def remove(self, name: str) -> None:
        self.held = {key: resource for key, resource in self.held.items() if resource.name != name}

    def resources(self) -> list[Resource]:
        self._answer()
        return [replace(self.held[key], properties={}) for key in sorted(self.held)]

    def resource(self, resource_id: str) -> Resource | None:
        self._answer()
        return self.held.get(resource_id.lower())

    def _answer(self) -> None:
        self.reads += 1
        if self.failing:
            raise self.failing
