"""What every service is handed: the stack's state, time, tokens, roles, faults, addresses and inventory."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack.core.addresses import LOOPBACK, Addresses
from local_stack.core.clock import Clock
from local_stack.core.faults import Faults
from local_stack.core.lock import DirectoryLock
from local_stack.core.operations import Operations
from local_stack.core.principals import Principal, Principals
from local_stack.core.resources import Resources
from local_stack.core.roles import Roles
from local_stack.core.router import Router
from local_stack.core.server import Server
from local_stack.core.service import Listener
from local_stack.core.store import Store
from local_stack.core.tls import Tls
from local_stack.core.tokens import Tokens
from local_stack.core.writes import WriteLog

if TYPE_CHECKING:
    from local_stack.core.service import Service


class Context:
    """One per running stack. Everything it keeps lies in `directory`."""

    def __init__(self, directory: Path, reserve_accounts: tuple[str, ...] = ()) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        keys = directory / "keys"
        keys.mkdir(exist_ok=True, mode=0o700)
        self.directory = directory
        self._lock = DirectoryLock(directory)
        self.reserve_accounts = reserve_accounts
        self.store = Store(directory / "stack.db")
        self.clock = Clock(self.store)
        self.faults = Faults(self.store)
        self.principals = Principals(self.store)
        self.tokens = Tokens(keys, self.principals.tenant_id, self.wall, self.token_seconds)
        self.roles = Roles(self.store, self.clock, self.faults.setting)
        self.writes = WriteLog(self.store)
        self.addresses = Addresses(self.store)
        self.tls = Tls(keys)
        self.resources = Resources(self.store)
        self.stop_requested = asyncio.Event()
        self.operations = Operations(self.store, self.clock, self.linger)
        self.served: Counter[str] = Counter()  # bytes of the answers' bodies, by path
        self.services: dict[str, Service] = {}
        self.log = logging.getLogger("local_stack")
        self._servers: dict[str, Server] = {}

    def files(self, service: str) -> Path:
        """Return a service's folder for big content."""
        folder = self.directory / "files" / service
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def create_application(self, name: str) -> tuple[Principal, str]:
        """Create an application in the tenant; return it and its secret."""
        return self.principals.create_application(name)

    def skew(self) -> float:
        """Return the seconds that Azure's clock is ahead of this machine's (`clock.skew_seconds`)."""
        return self.faults.setting("clock.skew_seconds", 0.0)

    def wall(self) -> float:
        """Return what Azure takes for the time, in seconds of the epoch: tokens and dates are held to it."""
        return time.time() + self.skew()

    def token_seconds(self, usual: float) -> float:
        """Return how long tokens live (`identity.token_seconds`)."""
        return self.faults.setting("identity.token_seconds", usual)

    async def linger(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Take this long on purpose; less when `until` is set meanwhile, or the stack is to stop."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self.stop_requested, until) if event]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def listen(self, service: str, listener: Listener) -> str:
        """Open a listener of a service (again, if it is open) and return its URL."""
        router = Router()
        router.add(service, listener.routes)
        return await self.serve(listener, router)

    async def serve(self, listener: Listener, router: Router) -> str:
        """Open a listener whose routes belong to several services; return its URL."""
        await self.unlisten(listener.name)
        server = Server(self, listener, router)
        await server.start()
        self._servers[listener.name] = server
        return self.addresses.url(listener.name)

    async def unlisten(self, name: str) -> None:
        """Close a listener; its port stays kept under its name."""
        server = self._servers.pop(name, None)
        if server:
            await server.stop()

    def listening(self) -> list[str]:
        """Return the names of the open listeners."""
        return sorted(self._servers)

    def answering(self) -> dict[str, str]:
        """Return where everything answers: the listeners, and the name server, which speaks no HTTP."""
        urls = {name: self.addresses.url(name) for name in self.listening()}
        if "dns" in self.services:
            urls["dns"] = f"dns://{LOOPBACK}:{self.addresses.port('dns')}"
        return urls

    async def close(self) -> None:
        """Close every listener and the store."""
        for name in self.listening():
            await self.unlisten(name)
        self.addresses.close()
        self.store.close()
        self._lock.release()
