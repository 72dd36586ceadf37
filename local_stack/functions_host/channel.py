"""The line between the host and one worker: JSON lines over a socket pair, with questions and answers both ways."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any

_MOST = 64 * 1024 * 1024
_BROKEN = "broken"
log = logging.getLogger("local_stack.functions_host")
Handler = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any] | None]]


class Closed(Exception):
    """The other side is gone, or failed at what it was asked."""


class Channel:
    """One end. `handler(kind, fields)` is called for what the other side sends; what it returns is the answer."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.closed = asyncio.Event()

    async def open(self, end: socket.socket) -> None:
        """Begin to listen."""
        self._reader, self._writer = await asyncio.open_connection(sock=end, limit=_MOST)
        self._listening = asyncio.create_task(self._listen())

    def tell(self, kind: str, **fields: Any) -> None:
        """Send what needs no answer; lost when the other side is gone."""
        if not self.closed.is_set():
            self._write({"kind": kind, **fields})

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send and return the answer. Raises Closed."""
        if self.closed.is_set():
            raise Closed
        number = next(self._numbers)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        try:
            self._write({"kind": kind, "ask": number, **fields})
            answer = await future
        finally:
            self._asked.pop(number, None)
        if _BROKEN in answer:
            raise Closed(f"the other side failed at {kind}; its log says why")
        return answer

    async def close(self) -> None:
        """Let go of the socket."""
        self._listening.cancel()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        self._end()

    def _write(self, message: dict[str, Any]) -> None:
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                self._take(json.loads(line))
        except (OSError, ValueError):
            pass  # a killed worker's last line may be cut
        finally:
            self._end()

    def _take(self, message: dict[str, Any]) -> None:
        if "answer" in message:
            future = self._asked.get(message["answer"])
            if future and not future.done():
                future.set_result(message["fields"])
            return
        task = asyncio.create_task(self._handle(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, message: dict[str, Any]) -> None:
        number, kind = message.pop("ask", None), message.pop("kind")
        try:
            fields = await self._handler(kind, message)
        except Exception:
            log.exception("%s could not be answered", kind)
            fields = {_BROKEN: kind}
        if number is not None and not self.closed.is_set():
            self._write({"answer": number, "fields": fields or {}})

    def _end(self) -> None:
        self.closed.set()
        for future in self._asked.values():
            if not future.done():
                future.set_exception(Closed())
