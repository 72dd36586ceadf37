"""The stack's time: the machine's, plus what a test or a person has advanced it by (kept across restarts).

Schedules and paces follow it. Tokens and certificates do not: clients compare those with their own clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from datetime import datetime, timedelta, timezone

from local_stack.core.store import Store


class Clock:
    """Time that can be advanced, from any thread."""

    def __init__(self, store: Store) -> None:
        self._kept = store.collection("core", "clock")
        self._offset = timedelta(seconds=self._kept.get("offset", 0.0))
        self._lock = threading.Lock()
        self._sleepers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def now(self) -> datetime:
        """Return the stack's time, aware, UTC."""
        return datetime.now(timezone.utc) + self._offset

    def advance(self, seconds: float) -> datetime:
        """Move the time forward and wake every sleeper to look again; return the new time."""
        if seconds < 0:
            raise ValueError("time only goes forward")
        with self._lock:
            self._offset += timedelta(seconds=seconds)
            self._kept["offset"] = self._offset.total_seconds()
            sleepers = list(self._sleepers)
        for loop, event in sleepers:
            with contextlib.suppress(RuntimeError):  # a loop that closed meanwhile has nobody to wake
                loop.call_soon_threadsafe(event.set)
        return self.now()

    async def sleep(self, seconds: float) -> None:
        """Sleep until the stack's time has moved by `seconds`."""
        await self.sleep_until(self.now() + timedelta(seconds=seconds))

    async def sleep_until(self, when: datetime) -> None:
        """Sleep until the stack's time is `when`."""
        sleeper = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._sleepers.add(sleeper)
        try:
            while (remaining := (when - self.now()).total_seconds()) > 0:
                sleeper[1].clear()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(sleeper[1].wait(), min(remaining, 3600.0))
        finally:
            with self._lock:
                self._sleepers.discard(sleeper)
