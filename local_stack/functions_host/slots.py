"""One place for a worker: its process, the line to it, and another process when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_stack.functions_host.channel import Channel, Closed, Handler
from local_stack.functions_host.errors import HostError

log = logging.getLogger("local_stack.functions_host")
_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 90.0
_SHORT_LIFE, _FIRST_WAIT, _LONGEST_WAIT = 5.0, 0.1, 10.0


class Slot:
    """Keeps one worker running. `ready(slot)` is called whenever one is."""

    def __init__(
        self,
        number: int,
        told: dict[str, Any],
        environment: dict[str, str],
        handler: Handler,
        ready: Callable[[Slot], None],
    ) -> None:
        self.number = number
        self.restarts = 0
        self.functions: list[dict[str, Any]] = []
        self.is_ready = asyncio.Event()
        self._told = told
        self._environment = environment
        self._handler = handler
        self._ready = ready
        self._stopping = False
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel | None = None
        self._began = 0.0

    @property
    def pid(self) -> int:
        """The worker's process; 0 while there is none."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    async def start(self) -> None:
        """Start a worker and wait until it has indexed the app. Raises HostError with what it says."""
        first: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def handle(kind: str, fields: dict[str, Any]) -> dict[str, Any] | None:
            if kind in ("ready", "failed"):
                self.functions = fields.get("functions", [])
                if not first.done():
                    first.set_result(str(fields.get("message", "")))
                return None
            return await self._handler(kind, fields)

        ours, theirs = socket.socketpair()
        with theirs:
            await self._spawn(theirs)
        self._channel = Channel(handle)
        await self._channel.open(ours)
        self._channel.tell("start", **self._told)
        await self._await_first(first)
        self.is_ready.set()
        self._ready(self)

    async def keep(self) -> None:
        """Start another worker whenever this one ends, until stopped."""
        wait = _FIRST_WAIT
        while self._process:
            code = await self._process.wait()
            self.is_ready.clear()
            if self._channel:
                await self._channel.close()
            if self._stopping:
                return
            wait = (
                _FIRST_WAIT if time.monotonic() - self._began > _SHORT_LIFE else min(2 * wait, _LONGEST_WAIT)
            )
            log.warning("Worker %d ended (%s); another one starts", self._process.pid, _ending(code))
            await asyncio.sleep(wait)
            self.restarts += 1
            try:
                await self.start()
            except HostError as error:
                log.error("The worker did not start: %s", error)

    def tell(self, kind: str, **fields: Any) -> None:
        """Send the worker what needs no answer."""
        if self._channel:
            self._channel.tell(kind, **fields)

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Ask the worker. Raises Closed when it ends before it answers."""
        if self._channel is None:
            raise Closed
        return await self._channel.ask(kind, **fields)

    async def stop(self, drain: float) -> None:
        """Tell the worker to finish; end it when it takes longer."""
        self._stopping = True
        if not self._process:
            return
        self.tell("stop")
        try:
            await asyncio.wait_for(self._process.wait(), drain + 5)
        except asyncio.TimeoutError:
            self._process.kill()
            await self._process.wait()
        if self._channel:
            await self._channel.close()

    async def _spawn(self, theirs: socket.socket) -> None:
        self._began = time.monotonic()
        listening = self._told["listening"]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "local_stack.functions_host.worker", str(theirs.fileno()),
            pass_fds=(theirs.fileno(), listening), env=self._environment, cwd=_ROOT, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def _await_first(self, first: asyncio.Future[str]) -> None:
        if self._channel is None:
            return
        gone = asyncio.ensure_future(self._channel.closed.wait())
        await asyncio.wait((first, gone), timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not first.done():
            if self._process and self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
            raise HostError("A worker ended before it had indexed the app; what it wrote to stderr says why.")
        if first.result():
            if self._process:
                await self._process.wait()
            raise HostError(first.result())


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
