"""Drives an Event-Hub-triggered function: a pump per partition, a checkpoint after the batch, whatever became of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Any

from local_stack.functions_host import binding
from local_stack.functions_host.blobs import Blobs
from local_stack.functions_host.host_json import HubOptions
from local_stack.functions_host.hubs import BEFORE_ALL, Event, Hub
from local_stack.functions_host.indexing import Function
from local_stack.functions_host.invoking import Invoker, Outcome
from local_stack.functions_host.rest import Unreachable

log = logging.getLogger("local_stack.functions_host")
CONTAINER = "azure-webjobs-eventhub"
_WAIT_SECONDS = 10.0
_AGAIN_SECONDS = 1.0


class HubListener:
    """One function's listener in one worker; the host says which partitions are its."""

    def __init__(
        self,
        function: Function,
        hub: Hub,
        options: HubOptions,
        checkpoints: Checkpoints,
        invoker: Invoker,
    ) -> None:
        self._function = function
        self._hub = hub
        self._options = options
        self._checkpoints = checkpoints
        self._invoker = invoker
        self._pumps: dict[str, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Pump until stopped; batches under way are finished."""
        await self._stopping.wait()
        if self._pumps:
            await asyncio.wait(self._pumps.values())

    def stop(self) -> None:
        """Read no more."""
        self._stopping.set()

    def take(self, partitions: Iterable[str]) -> None:
        """Begin to pump these partitions."""
        for partition in partitions:
            if partition not in self._pumps and not self._stopping.is_set():
                self._pumps[partition] = asyncio.create_task(self._pump(partition))

    async def _pump(self, partition: str) -> None:
        while not self._stopping.is_set():
            try:
                await self._follow(partition)
            except Unreachable as error:
                log.warning("%s, partition %s: %s", self._function.name, partition, error)
                await self._unless_stopped(asyncio.ensure_future(asyncio.sleep(_AGAIN_SECONDS)))
            except Exception:
                log.exception("%s, partition %s", self._function.name, partition)
                await self._unless_stopped(asyncio.ensure_future(asyncio.sleep(_AGAIN_SECONDS)))

    async def _follow(self, partition: str) -> None:
        after = await self._checkpoints.read(partition)
        done = 0
        while events := await self._next(partition, after):
            if not await self._dispatched(events, partition):
                return
            after = str(events[-1].sequence_number)
            done += 1
            if done % self._options.checkpoint_every == 0:
                await self._checkpoints.write(partition, events[-1])

    async def _next(self, partition: str, after: str) -> list[Event]:
        """Return the next batch; nothing only when the listener is to stop."""
        batch: list[Event] = []
        deadline = time.monotonic() + self._options.max_wait
        while not self._stopping.is_set():
            most = self._options.most - len(batch)
            wait = max(0.0, min(_WAIT_SECONDS, deadline - time.monotonic())) if batch else _WAIT_SECONDS
            reading = asyncio.ensure_future(self._hub.read(partition, after, most, wait))
            if not await self._unless_stopped(reading):
                break
            found = reading.result()
            if not batch and found:
                deadline = time.monotonic() + self._options.max_wait
            batch += found
            after = str(batch[-1].sequence_number) if batch else after
            if batch and (len(batch) >= self._options.least or time.monotonic() >= deadline):
                return batch
        return []

    async def _unless_stopped(self, work: asyncio.Future[Any]) -> bool:
        """Await the work; when the listener is to stop before, cancel it and say so."""
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            if not work.done():
                work.cancel()
        return work.done() and not work.cancelled()

    async def _dispatched(self, events: list[Event], partition: str) -> bool:
        """Call the function; say whether it came to an end, good or bad, after which the checkpoint may move."""
        about = {
            "partition": partition,
            "first": events[0].sequence_number,
            "last": events[-1].sequence_number,
        }
        if str(self._function.binding.get("cardinality", "one")).lower() == "many":
            run = self._invoker.run(
                self._function,
                lambda: binding.hub_events(events),
                age=_age(events[0]),
                events=len(events),
                **about,
            )
            outcomes = [await run]
        else:
            runs = [self._single(event, partition) for event in events]
            outcomes = list(await asyncio.gather(*runs))
        return not any(outcome.interrupted for outcome in outcomes)

    async def _single(self, event: Event, partition: str) -> Outcome:
        return await self._invoker.run(
            self._function,
            lambda: binding.hub_event(event),
            age=_age(event),
            partition=partition,
            first=event.sequence_number,
            last=event.sequence_number,
        )


class Checkpoints:
    """Where each partition's reading goes on: one blob each, the place in its metadata, as Azure's clients keep it."""

    def __init__(self, blobs: Blobs, namespace: str, hub: str, group: str) -> None:
        self._blobs = blobs
        self._folder = f"{namespace}/{hub}/{group}/checkpoint".lower()

    async def read(self, partition: str) -> str:
        """Return the sequence number of the last event that is done with. Raises Unreachable."""
        kept = await self._blobs.metadata(f"{self._folder}/{partition}")
        return (kept or {}).get("sequencenumber", BEFORE_ALL)

    async def write(self, partition: str, event: Event) -> None:
        """Note that all up to this event is done with. Raises Unreachable."""
        place = {"sequencenumber": str(event.sequence_number), "offset": event.offset}
        await self._blobs.write(f"{self._folder}/{partition}", b"", place)


def _age(event: Event) -> float | None:
    enqueued = binding.parse_time(event.enqueued)
    return max(0.0, time.time() - enqueued.timestamp()) if enqueued else None
