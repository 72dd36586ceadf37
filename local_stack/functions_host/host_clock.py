"""The time that timers follow: the running stack's, so that it can be advanced, or else the machine's."""

from __future__ import annotations

import asyncio
import ssl
from datetime import datetime, timedelta, timezone
from pathlib import Path

import aiohttp

from local_stack.core.control import control_key
from local_stack.core.lock import running

_LOOK_SECONDS = 0.4


class HostClock:
    """Now, and sleeping until then. With a stack's directory it looks at the stack's time as it sleeps."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._offset = timedelta(0)
        self._session: aiohttp.ClientSession | None = None

    def now(self) -> datetime:
        """Return the time as of the last look, aware, UTC."""
        return datetime.now(timezone.utc) + self._offset

    async def sleep_until(self, when: datetime) -> None:
        """Return when it is then."""
        while True:
            await self.look()
            remaining = (when - self.now()).total_seconds()
            if remaining <= 0:
                return
            await asyncio.sleep(min(remaining, _LOOK_SECONDS) if self._directory else remaining)

    async def look(self) -> None:
        """Ask the stack for its time; one that does not answer is taken to go on as before."""
        facts = running(self._directory) if self._directory else None
        if not facts or not self._directory:
            return
        headers = {"Authorization": f"Bearer {control_key(self._directory)}"}
        try:
            async with self._opened().get(
                facts["addresses"]["control"] + "/status", headers=headers
            ) as reply:
                told = datetime.fromisoformat((await reply.json())["time"])
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError, KeyError, ValueError):
            return
        self._offset = told - datetime.now(timezone.utc)

    async def close(self) -> None:
        """Close the connection to the stack."""
        if self._session:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            ca_file = f"{self._directory}/keys/ca.pem"
            connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=ca_file))
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=aiohttp.ClientTimeout(total=10)
            )
        return self._session
