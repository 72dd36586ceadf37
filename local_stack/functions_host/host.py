"""The host: its workers, which of them reads which partition, its timers, and what an administrator asks."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from local_stack.functions_host import admin, app_settings, connections, host_json, listening
from local_stack.functions_host.blobs import Blobs
from local_stack.functions_host.channel import Closed
from local_stack.functions_host.host_clock import HostClock
from local_stack.functions_host.hubs import Hub
from local_stack.functions_host.listeners import DEFAULT_GROUP, connection_of
from local_stack.functions_host.metrics import rss_bytes
from local_stack.functions_host.options import Options
from local_stack.functions_host.rest import Rest, Unreachable
from local_stack.functions_host.schedule import Schedule
from local_stack.functions_host.slots import Slot
from local_stack.functions_host.timers import CONTAINER, Timer

log = logging.getLogger("local_stack.functions_host")
_AGAIN_SECONDS = 1.0
_HOST_ID_LENGTH = 32


class Host:
    """Runs one function app. All of it lives in one event loop."""

    def __init__(self, app: Path, settings: Mapping[str, object], options: Options) -> None:
        self.app = app.resolve()
        self.settings = app_settings.checked(settings, "the settings")
        self.options = options
        self.keys = listening.kept_keys(options.directory)
        self.url = ""
        self.slots: list[Slot] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._partitions: dict[str, list[str]] = {}
        self._turns = itertools.count()

    async def start(self) -> None:
        """Start every worker and wait until each has indexed the app. Raises HostError."""
        document = host_json.load(self.app)
        for warning in host_json.parse(document, self.settings).warnings:
            log.warning("%s", warning)
        self._socket = listening.bound(self.options.port, self.options.directory)
        scheme = "https" if self.options.directory else "http"
        self.url = f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}"
        self._clock = HostClock(self.options.directory)
        self._rest = Rest(self.options.identity, self.options.ca_file)
        told = self._told(document)
        environment = self.options.base_environment()
        self.slots = [
            Slot(number, told, environment, self._handle, self._assign)
            for number in range(self.options.workers)
        ]
        try:
            await asyncio.gather(*(slot.start() for slot in self.slots))
            self._begin()
        except BaseException:
            await self.stop()
            raise
        listening.tell(self.options.directory, self.url)

    async def stop(self) -> None:
        """Fetch no more, finish what is in flight within the drain time, end the workers."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(slot.stop(self.options.drain) for slot in self.slots))
        await self._clock.close()
        await self._rest.close()
        self._socket.close()

    @property
    def functions(self) -> list[dict[str, Any]]:
        """Name, trigger and binding of each function."""
        return self.slots[0].functions

    async def metrics(self) -> dict[str, Any]:
        """Return what each worker counted since its start, and the host's own memory."""
        workers = []
        for slot in self.slots:
            facts = {"slot": slot.number, "pid": slot.pid, "restarts": slot.restarts}
            try:
                workers.append({**await slot.ask("metrics"), **facts})
            except Closed:
                workers.append(facts)
        return {"workers": workers, "host": {"pid": os.getpid(), "rssBytes": rss_bytes()}}

    async def fire(self, function: str, given: str = "") -> dict[str, Any]:
        """Run a function now, as an administrator does, and return how it ended: ok, error, id. Raises Closed."""
        return await (await self._next()).ask("manual", function=function, input=given)

    def spawn(self, work: Any) -> None:
        """Do something beside, until the host stops."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _begin(self) -> None:
        for slot in self.slots:
            self.spawn(slot.keep())
        for function in self.functions:
            if function["kind"] == "timerTrigger":
                self.spawn(self._timer(function["name"], function["binding"]).run())
            elif function["kind"] == "eventHubTrigger":
                self.spawn(self._discover(function["name"], function["binding"]))

    def _told(self, document: dict[str, Any]) -> dict[str, Any]:
        options, settings = self.options, dict(self.settings)
        identity = options.identity
        if identity.endpoint:
            settings |= {"IDENTITY_ENDPOINT": identity.endpoint, "IDENTITY_HEADER": identity.header}
        return {
            "app": str(self.app),
            "settings": dict(self.settings),
            "environment": settings,
            "hostJson": document,
            "events": str(options.events.absolute()) if options.events else "",
            "lease": options.lease,
            "drain": options.drain,
            "identity": {"endpoint": identity.endpoint, "header": identity.header},
            "caFile": options.ca_file,
            "certificate": listening.certificate(options.directory),
            "keys": asdict(self.keys),
            "listening": self._socket.fileno(),
        }

    def _timer(self, name: str, binding: dict[str, Any]) -> Timer:
        schedule = Schedule(str(binding["schedule"]), name)
        watched = binding.get("useMonitor", True) and not schedule.is_frequent(self._clock.now())
        blobs = Blobs(self._rest, connections.blob_service(self.settings), CONTAINER) if watched else None
        blob = f"timers/{self._host_id()}/Host.Functions.{name}/status"

        async def fire(past_due: bool, status: dict[str, Any]) -> None:
            try:
                slot = await self._next()
                await slot.ask("timer", function=name, pastDue=past_due, status=status)
            except Closed:
                log.error("The worker that ran the timer %s is gone; it runs again when it is due", name)

        return Timer(name, schedule, self._clock, blobs, blob, bool(binding.get("runOnStartup")), fire)

    def _host_id(self) -> str:
        told = app_settings.find(self.settings, "AzureFunctionsWebHost__hostid")
        name = told or app_settings.find(self.settings, "WEBSITE_SITE_NAME") or self.app.name
        return name.lower()[:_HOST_ID_LENGTH].rstrip("-") or "app"

    async def _discover(self, function: str, binding: dict[str, Any]) -> None:
        """Find a hub's partitions and share them out, once it is there."""
        service, _ = connections.event_hubs(self.settings, connection_of(binding))
        hub = Hub(self._rest, service, binding["eventHubName"], binding.get("consumerGroup") or DEFAULT_GROUP)
        while function not in self._partitions:
            try:
                self._partitions[function] = await hub.partitions()
            except (Unreachable, KeyError, ValueError) as error:
                log.warning("The partitions of %s are not known: %s", function, error)
                await asyncio.sleep(_AGAIN_SECONDS)
        for slot in self.slots:
            if slot.is_ready.is_set():
                self._assign(slot)

    def _assign(self, slot: Slot) -> None:
        """Tell a worker which partitions are its: those of its place, so that its successor takes them over."""
        for function, partitions in self._partitions.items():
            slot.tell("partitions", function=function, partitions=partitions[slot.number :: len(self.slots)])

    async def _next(self) -> Slot:
        """Return a running worker, each in turn; wait while none runs."""
        for _ in self.slots:
            slot = self.slots[next(self._turns) % len(self.slots)]
            if slot.is_ready.is_set():
                return slot
        await asyncio.wait(
            [asyncio.ensure_future(slot.is_ready.wait()) for slot in self.slots],
            return_when=asyncio.FIRST_COMPLETED,
        )
        return await self._next()

    async def _handle(self, kind: str, fields: dict[str, Any]) -> dict[str, Any] | None:
        if kind == "admin":
            status, answer = await admin.answer(self, fields["method"], fields["path"], fields["body"])
            return {"status": status, "answer": answer}
        return None
