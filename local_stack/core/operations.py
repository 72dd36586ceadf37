"""Long-running operations, kept so that a restarted stack still answers a client's poll.

The answer is 202 with both of Azure's headers; which one a client follows is its own choice. Retry-After is at least
1: clients read 0, or none, as their own default of 30 seconds. So that such whole seconds are not what takes the time,
an answer waits a moment for the operation's end.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from local_stack.core.arm_ids import subscription_of
from local_stack.core.clock import Clock
from local_stack.core.store import Store

DEFAULT_API_VERSION = "2022-09-01"
Linger = Callable[[float, asyncio.Event], Awaitable[None]]

_PATIENCE_SECONDS = 1.0


class Operations:
    """Starts, finishes and answers for long-running operations."""

    def __init__(self, store: Store, clock: Clock, linger: Linger) -> None:
        self._kept = store.collection("arm", "operations")
        self._clock = clock
        self._linger = linger
        self._ended: dict[str, asyncio.Event] = {}

    def start(self, resource_id: str, namespace: str = "Microsoft.Resources") -> str:
        """Keep a new running operation on a resource and return its id."""
        operation_id = str(uuid.uuid4())
        self._kept[operation_id] = {
            "id": operation_id,
            "resource": resource_id,
            "namespace": namespace,
            "status": "InProgress",
            "startTime": self._clock.now().isoformat(),
        }
        self._ended[operation_id] = asyncio.Event()
        return operation_id

    def succeed(self, operation_id: str, result: dict[str, Any] | None = None) -> None:
        """Close an operation; `result` is what a poll of Location returns with 200 (None: 204)."""
        self._close(operation_id, {"status": "Succeeded", "result": result})

    def fail(self, operation_id: str, code: str, message: str) -> None:
        """Close an operation with Azure's error object."""
        self._close(operation_id, {"status": "Failed", "error": {"code": code, "message": message}})

    def get(self, operation_id: str) -> dict[str, Any] | None:
        """Return an operation, or None."""
        found: dict[str, Any] | None = self._kept.get(operation_id)
        return found

    def running(self) -> list[dict[str, Any]]:
        """Return the operations that were never closed: a service finishes its own when it starts again."""
        return [kept for kept in self._kept.values() if kept["status"] == "InProgress"]

    async def settled(self, operation_id: str) -> None:
        """Wait for the operation's end, a second at most."""
        ended = self._ended.get(operation_id)
        if ended:
            await self._linger(_PATIENCE_SECONDS, ended)

    async def accepted(
        self, request: web.Request, operation_id: str, body: dict[str, Any] | None = None, status: int = 202
    ) -> web.Response:
        """Return the answer that starts a client's polling (PUT with a body: give status 201)."""
        await self.settled(operation_id)
        kept = self._kept[operation_id]
        version = request.query.get("api-version", DEFAULT_API_VERSION)
        subscription = subscription_of(kept["resource"])
        base = f"https://{request.host}/subscriptions/{subscription}/providers/{kept['namespace']}/locations/local"
        headers = {
            "Azure-AsyncOperation": f"{base}/operationStatuses/{operation_id}?api-version={version}",
            "Location": f"{base}/operationResults/{operation_id}?api-version={version}",
            "Retry-After": "1",
        }
        if body is None:
            return web.Response(status=status, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    def _close(self, operation_id: str, change: dict[str, Any]) -> None:
        kept = self._kept[operation_id]
        if kept["status"] != "InProgress":  # the first end counts
            return
        self._kept[operation_id] = {**kept, **change, "endTime": self._clock.now().isoformat()}
        ended = self._ended.pop(operation_id, None)
        if ended:
            ended.set()
