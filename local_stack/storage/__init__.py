"""Storage: Azurite keeps blobs, queues and tables; a front before it checks tokens and roles, which
Azurite does not.
"""

from __future__ import annotations

from aiohttp import web

from local_stack.core import Context, Listener, Provider, Route, Service
from local_stack.storage.answers import Front
from local_stack.storage.azurite import Azurite
from local_stack.storage.management import Parts
from local_stack.storage.paths import front_listeners
from local_stack.storage.state import Accounts, StorageAccounts
from local_stack.storage.upstream import Upstream


class Storage(Service):
    """Accounts by ARM; data at `https://127.0.0.1:PORT/<account>`, one port each for blob, queue and table."""

    name = "storage"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self.accounts = Accounts(ctx)
        self.azurite = Azurite(ctx, self.accounts.keys)
        self.upstream = Upstream(ctx, self.azurite)

    def listeners(self) -> list[Listener]:
        """Return the three fronts."""
        return front_listeners(Front(self.ctx, self.accounts, self.upstream))

    def providers(self) -> dict[str, Provider]:
        """Return what makes accounts, containers, tables and queues real when ARM puts them."""
        account = "Microsoft.Storage/storageAccounts"
        return {
            account: StorageAccounts(self.ctx, self.accounts, self.azurite, self.upstream),
            f"{account}/blobServices/containers": Parts("blob", self.upstream),
            f"{account}/queueServices/queues": Parts("queue", self.upstream),
            f"{account}/tableServices/tables": Parts("table", self.upstream),
        }

    def control_routes(self) -> list[Route]:
        """Return what restarts Azurite under those who use it."""
        return [Route("POST", "/restart", self._restart, "control/restart")]

    async def _restart(self, _request: web.Request) -> web.Response:
        await self.azurite.restart()
        return web.Response(status=204)

    async def start(self) -> None:
        """Start Azurite with the accounts that exist or are reserved."""
        self.accounts.reserve(self.ctx.reserve_accounts)
        await self.upstream.start()
        await self.azurite.start()

    async def stop(self) -> None:
        """Stop Azurite in order, so that its files are complete."""
        await self.upstream.stop()
        await self.azurite.stop()


service = Storage
