"""Timer triggers: one place decides for all workers, as the singleton listener does in Azure."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import Any

from local_stack.functions_host.blobs import Blobs
from local_stack.functions_host.host_clock import HostClock
from local_stack.functions_host.rest import Unreachable
from local_stack.functions_host.schedule import Schedule

log = logging.getLogger("local_stack.functions_host")
CONTAINER = "azure-webjobs-hosts"
_AGAIN_SECONDS = 1.0
Fire = Callable[[bool, dict[str, Any]], Awaitable[Any]]


class Timer:
    """One function's schedule. `fire(past_due, status)` runs it somewhere and returns when it has ended."""

    def __init__(
        self,
        name: str,
        schedule: Schedule,
        clock: HostClock,
        blobs: Blobs | None,
        blob: str,
        at_start: bool,
        fire: Fire,
    ) -> None:
        self._name = name
        self._schedule = schedule
        self._clock = clock
        self._blobs = blobs
        self._blob = blob
        self._at_start = at_start
        self._fire = fire
        self._status: dict[str, Any] = {}

    async def run(self) -> None:
        """Fire at each occurrence, once at the start when one was missed, never beside itself."""
        await self._clock.look()
        past_due = await self._is_past_due()
        if past_due or self._at_start:
            await self._once(past_due)
        while True:
            await self._clock.sleep_until(self._schedule.next(self._clock.now()))
            await self._once(False)

    async def _once(self, past_due: bool) -> None:
        await self._fire(past_due, self._status)
        now = self._clock.now()
        self._status = self._told(last=now, now=now)
        await self._write()

    async def _is_past_due(self) -> bool:
        kept = await self._read()
        now = self._clock.now()
        if kept is None:
            self._status = self._told(last=datetime(1, 1, 1, tzinfo=timezone.utc), now=now)
            await self._write()
            return False
        self._status = kept
        planned = datetime.fromisoformat(kept["Next"])
        seen = datetime.fromisoformat(kept["LastUpdated"])
        expected = self._schedule.next(seen)
        if expected != planned:  # the schedule is another one since
            planned = expected
            self._status = {**kept, "Next": planned.isoformat()}
            await self._write()
        return now > planned

    def _told(self, last: datetime, now: datetime) -> dict[str, Any]:
        following = self._schedule.next(now)
        return {"Last": last.isoformat(), "Next": following.isoformat(), "LastUpdated": now.isoformat()}

    async def _read(self) -> dict[str, Any] | None:
        while self._blobs:
            try:
                content = await self._blobs.read(self._blob)
                return json.loads(content) if content else None
            except (Unreachable, ValueError) as error:
                log.warning("The status of the timer %s cannot be read: %s", self._name, error)
                await asyncio.sleep(_AGAIN_SECONDS)
        return None

    async def _write(self) -> None:
        if self._blobs is None:
            return
        try:
            await self._blobs.write(self._blob, json.dumps(self._status).encode())
        except Unreachable as error:
            log.warning("The status of the timer %s cannot be written: %s", self._name, error)
