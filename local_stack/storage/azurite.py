"""The Azurite child process: fixed ports, data in the stack's directory, started again when it crashes."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

from local_stack.core.context import Context
from local_stack.core.errors import StackError
from local_stack.storage.node import azurite, node

SERVICES = ("blob", "queue", "table")
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_RESTARTS = 3
_PORT_ATTEMPTS = 100
_INHERITED = ("PATH", "HOME", "TMPDIR", "LANG")  # who talks to the stack holds a secret, which Node needs not
_SUPERVISED = str(Path(__file__).with_name("supervised.cjs"))


class Azurite:
    """Runs Azurite. `keys` gives the accounts and their base64 keys; nobody outside the stack learns the keys."""

    def __init__(self, ctx: Context, keys: Callable[[], dict[str, str]]) -> None:
        self._ctx = ctx
        self._keys = keys
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._said: deque[str] = deque(maxlen=50)
        self._stopping = False
        self._planned = 0  # restarts that somebody asked for
        self.ready = asyncio.Event()

    def url(self, service: str) -> str:
        """Return Azurite's own address of a service, which only the front uses."""
        return f"https://127.0.0.1:{self._ctx.addresses.port(f'azurite-{service}')}"

    async def start(self) -> None:
        """Start and wait until all three services listen. Raises StackError."""
        await self._spawn()
        self._watch = asyncio.create_task(self._restart_when_it_dies())

    async def stop(self) -> None:
        """Ask Azurite to end and wait: then its files are complete."""
        self._stopping = True
        self.ready.clear()
        if self._watch:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        if self._process and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
            except asyncio.TimeoutError:
                self._process.kill()
                await self._process.wait()

    async def restart(self) -> None:
        """Have Azurite end, in order, for it loses its last seconds otherwise, and wait until it serves again."""
        if self._process is None or self._process.returncode is not None:
            raise StackError("Azurite is not running")
        self._planned, old = self._planned + 1, self._process
        self.ready.clear()
        old.terminate()
        while self._process is old:
            await asyncio.sleep(0.02)
        await self.ready.wait()

    async def tell_accounts(self) -> None:
        """Hand the accounts to the running Azurite; it takes them up within a fraction of a second."""
        if self._process and self._process.stdin:
            self._process.stdin.write(self._accounts().encode() + b"\n")
            await self._process.stdin.drain()

    async def _spawn(self) -> None:
        # Not secret from this machine's user, but out of the argument list all the same.
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment = {**inherited, "AZURITE_ACCOUNTS": self._accounts()}
        await self._own_ports()
        self._process = await asyncio.create_subprocess_exec(
            *self._command(),
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C is for the stack, which then ends Azurite in order
        )
        try:
            await asyncio.wait_for(self._listening(self._process), _START_SECONDS)
        except (asyncio.TimeoutError, EOFError) as error:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            raise StackError("Azurite did not start: " + " | ".join(self._said)) from error
        self.ready.set()

    async def _own_ports(self) -> None:
        """Wait for the Azurite of a stack that was killed to end: it may hold the ports for a moment."""
        for attempt in range(_PORT_ATTEMPTS):
            try:
                for service in SERVICES:
                    self._ctx.addresses.release(f"azurite-{service}")
                return
            except StackError:
                if attempt == _PORT_ATTEMPTS - 1:
                    raise
                await asyncio.sleep(0.1)

    def _command(self) -> list[str]:
        certificate, key = self._ctx.tls.leaf_files("azurite")
        command = [node(), "-r", _SUPERVISED, str(azurite())]
        for service in SERVICES:
            port = self._ctx.addresses.port(f"azurite-{service}")
            command += [f"--{service}Port", str(port), f"--{service}KeepAliveTimeout", "600"]
        return [
            *command,
            *("--location", str(self._ctx.files("storage").absolute())),
            *("--cert", str(certificate.absolute()), "--key", str(key.absolute()), "--oauth", "basic"),
            *("--silent", "--disableTelemetry", "--skipApiVersionCheck"),
        ]

    def _accounts(self) -> str:
        return ";".join(f"{name}:{key}" for name, key in self._keys().items())

    async def _listening(self, process: asyncio.subprocess.Process) -> None:
        waiting = set(SERVICES)
        while waiting:
            line = await self._line(process)
            if not line:
                raise EOFError
            waiting -= {
                s for s in waiting if f"azurite {s} service is successfully listening" in line.lower()
            }

    async def _line(self, process: asyncio.subprocess.Process) -> str:
        assert process.stdout  # noqa: S101 - it was opened as a pipe
        line = (await process.stdout.readline()).decode(errors="replace").strip()
        if line:
            self._said.append(line)
        return line

    async def _restart_when_it_dies(self) -> None:
        crashes = 0
        while crashes <= _RESTARTS:
            assert self._process  # noqa: S101 - set by start
            while self._process.returncode is None:
                if not await self._line(self._process):
                    await self._process.wait()
            if self._stopping:
                return
            self.ready.clear()
            if self._planned:
                self._planned -= 1
            else:
                crashes += 1
                self._ctx.log.error(
                    "Azurite ended with %s: %s", self._process.returncode, " | ".join(self._said)
                )
            try:
                await self._spawn()
            except StackError:
                self._ctx.log.exception("Azurite cannot be started again")
                return
        self._ctx.log.error("Azurite keeps crashing; it is left down")
