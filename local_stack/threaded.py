"""A stack in a thread of this process, for tests and the demo: real sockets, real TLS, no second process."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from local_stack.core.addresses import Addresses
from local_stack.core.clock import Clock
from local_stack.core.context import Context
from local_stack.core.faults import Faults
from local_stack.core.principals import Principal
from local_stack.core.stack import SERVICES, Stack
from local_stack.core.writes import WriteLog

T = TypeVar("T")


class ThreadedStack:
    """Runs a stack beside the caller. Its parts may be used from the caller's thread; `call` runs in the stack's."""

    def __init__(
        self, directory: Path, reserve_accounts: Iterable[str] = (), services: Iterable[str] = SERVICES
    ) -> None:
        self.directory = Path(directory)
        self._reserve = tuple(reserve_accounts)
        self._names = tuple(services)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stack: Stack | None = None

    def start(self) -> ThreadedStack:
        """Start and wait until every listener answers. Raises StackError."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local-stack", daemon=True)
        self._thread.start()
        try:
            self._run(self._begin())
        except BaseException:
            self._end_thread()
            raise
        return self

    def stop(self) -> None:
        """Stop; the directory is consistent afterwards and may be copied."""
        if self._stack:
            self._run(self._stack.stop())
            self._stack = None
        self._end_thread()

    def __enter__(self) -> ThreadedStack:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def ctx(self) -> Context:
        """The running stack's context."""
        if self._stack is None:
            raise RuntimeError("the stack is not running")
        return self._stack.ctx

    @property
    def addresses(self) -> Addresses:
        """Where the services listen."""
        return self.ctx.addresses

    @property
    def ca_file(self) -> Path:
        """The CA that clients must trust."""
        return self.ctx.tls.ca_file

    @property
    def writes(self) -> WriteLog:
        """The log of writes."""
        return self.ctx.writes

    @property
    def faults(self) -> Faults:
        """The faults that are set."""
        return self.ctx.faults

    @property
    def clock(self) -> Clock:
        """The stack's time."""
        return self.ctx.clock

    @property
    def tenant_id(self) -> str:
        """The one tenant."""
        return self.ctx.principals.tenant_id

    @property
    def deployer(self) -> dict[str, str]:
        """tenant_id, client_id, object_id and client_secret of the application that owns everything."""
        facts: dict[str, str] = json.loads((self.directory / "deployer.json").read_text("utf-8"))
        return facts

    def environment(self) -> dict[str, str]:
        """Return what a client process needs to use this stack as the deployer."""
        from local_stack.core.environment import client_environment

        return client_environment(self.ctx)

    def create_application(self, name: str) -> tuple[Principal, str]:
        """Create an application; return it and its secret."""
        return self.ctx.create_application(name)

    def call(self, function: Callable[[Context], Awaitable[T]]) -> T:
        """Run `await function(ctx)` in the stack's loop and return its result."""
        return self._run(function(self.ctx))

    async def _begin(self) -> None:
        stack = Stack(self.directory, reserve_accounts=self._reserve, services=self._names)
        await stack.start()
        self._stack = stack

    def _run(self, awaitable: Awaitable[T]) -> T:
        async def wrapped() -> Any:
            return await awaitable

        if self._loop is None:
            raise RuntimeError("the stack is not running")
        result: T = asyncio.run_coroutine_threadsafe(wrapped(), self._loop).result()
        return result

    def _end_thread(self) -> None:
        if self._loop and self._thread:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
        self._loop = self._thread = None
