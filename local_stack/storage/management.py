"""Containers, queues and tables that are created through ARM instead of the data plane."""

from __future__ import annotations

from typing import Any

from local_stack.storage.upstream import Upstream


class Parts:
    """Creates and deletes one kind of part in Azurite as ARM puts and deletes it."""

    def __init__(self, service: str, upstream: Upstream) -> None:
        self._service = service
        self._upstream = upstream

    async def put(
        self, resource_id: str, body: dict[str, Any], _previous: dict[str, Any] | None
    ) -> dict[str, Any]:
        account, name = _account_and_name(resource_id)
        await self._upstream.ensure(self._service, account, name)
        # Azure gives these children no provisioning state.
        properties = {key: value for key, value in body["properties"].items() if key != "provisioningState"}
        return {**body, "properties": properties}

    async def delete(self, resource_id: str) -> None:
        await self._upstream.remove(self._service, *_account_and_name(resource_id))


def _account_and_name(resource_id: str) -> tuple[str, str]:
    parts = resource_id.split("/")
    return parts[-5], parts[-1]
