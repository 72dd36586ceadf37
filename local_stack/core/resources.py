"""ARM's inventory: every resource by its id, with the bodies that clients read back."""

from __future__ import annotations

from typing import Any, Protocol

from local_stack.core.arm_ids import is_under, name_of, resource_type
from local_stack.core.store import Store


class Provider(Protocol):
    """What a service adds to a resource type of its own when ARM puts or deletes one."""

    async def put(
        self, resource_id: str, body: dict[str, Any], previous: dict[str, Any] | None, /
    ) -> dict[str, Any]:
        """Return the body to keep: with read-only properties, after starting what the resource stands for."""

    async def delete(self, resource_id: str, /) -> None:
        """Take down what the resource stood for."""


class Resources:
    """Keeps resources under their lower-case id; answers with the id as it was first given."""

    def __init__(self, store: Store) -> None:
        self._kept = store.collection("arm", "resources")
        self.providers: dict[str, Provider] = {}

    def get(self, resource_id: str) -> dict[str, Any] | None:
        """Return a resource, or None."""
        found: dict[str, Any] | None = self._kept.get(_key(resource_id))
        return found

    def put(self, resource_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """Keep a resource as given, with `id`, `name` and `type`; return it."""
        known = self.get(resource_id)
        kept_id = known["id"] if known else resource_id.rstrip("/")
        kept = {**body, "id": kept_id, "name": name_of(kept_id), "type": resource_type(kept_id)}
        self._kept[_key(resource_id)] = kept
        return kept

    def delete(self, resource_id: str) -> bool:
        """Remove one resource, not its children; say whether it was there."""
        return self._kept.pop(_key(resource_id), None) is not None

    def list(self, scope: str = "", type: str | None = None) -> list[dict[str, Any]]:
        """Return the resources at or below `scope` in id order; `type` narrows (case does not matter)."""
        rows = self._kept.prefixed(_key(scope)) if scope.strip("/") else list(self._kept.items())
        wanted = type.lower() if type else None
        return [
            body
            for key, body in rows
            if is_under(key, scope) and (wanted is None or body["type"].lower() == wanted)
        ]


def _key(resource_id: str) -> str:
    return "/" + resource_id.lower().strip("/")
