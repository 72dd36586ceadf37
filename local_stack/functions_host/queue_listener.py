"""Drives a queue-triggered function as the storage extension does: batches, leases, poison."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import random
import time
from dataclasses import dataclass, field

from local_stack.functions_host import binding
from local_stack.functions_host.event_log import EventLog
from local_stack.functions_host.host_json import QueueOptions
from local_stack.functions_host.indexing import Function
from local_stack.functions_host.invoking import Invoker
from local_stack.functions_host.metrics import FunctionMetrics
from local_stack.functions_host.queues import Message, Queue
from local_stack.functions_host.rest import Unreachable

log = logging.getLogger("local_stack.functions_host")
_SHORTEST_POLL = 0.1


@dataclass(eq=False)
class _InFlight:
    message: Message
    renew_at: float
    renewing: asyncio.Task[None] | None = field(default=None)


class QueueListener:
    """One function's listener in one worker."""

    def __init__(
        self,
        function: Function,
        queue: Queue,
        options: QueueOptions,
        lease: float,
        invoker: Invoker,
        events: EventLog,
        counted: FunctionMetrics,
    ) -> None:
        self._function = function
        self._queue = queue
        self._options = options
        self._lease = lease
        self._invoker = invoker
        self._events = events
        self._counted = counted
        self._running: dict[asyncio.Task[None], _InFlight] = {}
        self._room = asyncio.Event()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Fetch and process until stopped, then finish what is in flight."""
        renewing = asyncio.create_task(self._renew())
        try:
            await self._fetch()
            if self._running:
                await asyncio.wait(self._running)
        finally:
            renewing.cancel()

    def stop(self) -> None:
        """Fetch no more."""
        self._stopping.set()
        self._room.set()

    async def _fetch(self) -> None:
        idle = _SHORTEST_POLL
        while not self._stopping.is_set():
            found = await self._receive()
            if not found:
                await self._pause(idle * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
                idle = min(2 * idle, self._options.max_polling_interval)
                continue
            idle = _SHORTEST_POLL
            for message in found:
                self._begin(message)
            await self._until_room()

    async def _receive(self) -> list[Message]:
        try:
            return await self._queue.receive(self._options.batch_size, self._lease)
        except Unreachable as error:
            log.warning("%s cannot receive: %s", self._function.name, error)
            self._counted.also["receiveErrors"] += 1
            return []

    def _begin(self, message: Message) -> None:
        flight = _InFlight(message, time.monotonic() + self._lease / 2)
        task = asyncio.create_task(self._process(flight))
        self._running[task] = flight
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        if len(self._running) <= self._options.new_batch_threshold:
            self._room.set()
        if not task.cancelled() and task.exception():
            log.error("%s: the message was left to its lease", self._function.name, exc_info=task.exception())

    async def _until_room(self) -> None:
        while len(self._running) > self._options.new_batch_threshold and not self._stopping.is_set():
            self._room.clear()
            await self._room.wait()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except asyncio.TimeoutError:
            return

    async def _process(self, flight: _InFlight) -> None:
        message, most = flight.message, self._options.max_dequeue_count
        ok = False
        if message.dequeue_count <= most:
            body = self._decoded(message)
            if body is not None:
                ok = await self._invoked(message, body)
        if flight.renewing:
            await asyncio.wait((flight.renewing,))
        flight.renew_at = float("inf")
        try:
            await self._settle(message, ok)
        except Unreachable as error:
            self._counted.also["settleErrors"] += 1
            log.warning("%s leaves message %s to its lease: %s", self._function.name, message.id, error)

    async def _invoked(self, message: Message, body: bytes) -> bool:
        outcome = await self._invoker.run(
            self._function,
            lambda: binding.queue_message(self._function, message, body),
            age=message.age,
            messageId=message.id,
            dequeueCount=message.dequeue_count,
        )
        return outcome.ok

    async def _settle(self, message: Message, ok: bool) -> None:
        if ok:
            mine = await self._queue.delete(message)
        elif self._queue.poison is None:
            return  # a poison queue has none of its own: the message stays hidden until its lease ends
        elif message.dequeue_count >= self._options.max_dequeue_count:
            await self._poison(message, self._queue.poison)
            mine = await self._queue.delete(message)
        else:
            mine = await self._queue.hide(message, self._options.visibility_timeout)
        if not mine:
            self._counted.also["leasesLost"] += 1

    async def _poison(self, message: Message, poison: Queue) -> None:
        log.warning("Message %s of %s was tried %d times and goes to %s", message.id, self._queue.name,
                    message.dequeue_count, poison.name)  # fmt: skip
        await poison.put(message.text)
        self._counted.also["poisoned"] += 1
        self._events.write("poisoned", function=self._function.name, messageId=message.id,
                           dequeueCount=message.dequeue_count)  # fmt: skip

    def _decoded(self, message: Message) -> bytes | None:
        if self._options.encoding == "none":
            return message.text.encode()
        try:
            return base64.b64decode(message.text, validate=True)
        except (binascii.Error, ValueError):
            self._counted.also["undecodable"] += 1
            return None  # Azure calls no function with it either

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 8)
            now = time.monotonic()
            for flight in self._running.values():
                if flight.renew_at <= now:
                    flight.renew_at = now + self._lease / 2
                    flight.renewing = asyncio.create_task(self._renewed(flight.message))

    async def _renewed(self, message: Message) -> None:
        try:
            mine = await self._queue.hide(message, self._lease)
            self._counted.also["leasesRenewed" if mine else "leasesLost"] += 1
        except Unreachable as error:
            log.warning("The lease of message %s was not renewed: %s", message.id, error)
