"""Fires at the action group, as Azure Monitor would, no faster than what follows can take; a refused one again."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import aiohttp

from tests.soak.ledger import Ledger
from tests.soak.plan import Delivery

AT_ONCE = 12
AGAIN_SECONDS = 0.5
VERSION = "2024-10-01-preview"


class Feed(threading.Thread):
    """Sends all deliveries, in their order as far as several at once have one; `is_full()` holds it back."""

    def __init__(
        self,
        deliveries: Iterable[Delivery],
        ledger: Ledger,
        address: str,
        token: Callable[[], str],
        ca_file: Path,
        is_full: Callable[[int], bool],
    ) -> None:
        super().__init__(name="feed", daemon=True)
        self._deliveries: Iterator[Delivery] = iter(deliveries)
        self._ledger = ledger
        self._address = f"{address}/deliver?api-version={VERSION}"
        self._token = token
        self._tls = ssl.create_default_context(cafile=str(ca_file))
        self._is_full = is_full
        self.accepted = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        """Send, and keep what went wrong for whoever waits."""
        try:
            asyncio.run(self._send_all())
        except BaseException as error:  # told to the main thread
            self.error = error
        finally:
            self._ledger.close()

    async def _send_all(self) -> None:
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=AT_ONCE)
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(self._send_some(session) for _ in range(AT_ONCE)))

    async def _send_some(self, session: aiohttp.ClientSession) -> None:
        for delivery in self._deliveries:
            while self._is_full(self.accepted):
                await asyncio.sleep(0.05)
            while not await self._is_accepted(session, delivery.body):
                await asyncio.sleep(AGAIN_SECONDS)
            self.accepted += 1
            self._ledger.sent(delivery.number, delivery.event)

    async def _is_accepted(self, session: aiohttp.ClientSession, body: bytes) -> bool:
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
        try:
            async with session.post(self._address, data=body, headers=headers) as reply:
                if reply.status in (400, 401, 403, 404):
                    raise RuntimeError(f"the action group answers {reply.status}: {await reply.text()}")
                told = await reply.json() if reply.status == 202 else {}
        except aiohttp.ClientError:
            return False
        return any(200 <= int(each["status"]) < 300 for each in told.get("receivers", []))
