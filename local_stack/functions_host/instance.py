"""What a worker does: its listeners and the app's code, as an instance of the app has them in Azure."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local_stack.functions_host import host_json, listeners
from local_stack.functions_host.app_settings import is_disabled
from local_stack.functions_host.binding import timer_request
from local_stack.functions_host.channel import Channel, Closed
from local_stack.functions_host.errors import HostError
from local_stack.functions_host.event_log import EventLog
from local_stack.functions_host.http_listener import BODY_LIMIT, HttpListener
from local_stack.functions_host.hub_listener import HubListener
from local_stack.functions_host.indexing import Function, index
from local_stack.functions_host.invoking import Invoker, Outcome
from local_stack.functions_host.keys import Keys
from local_stack.functions_host.listeners import Builder
from local_stack.functions_host.manual import argument_of
from local_stack.functions_host.metrics import Metrics
from local_stack.functions_host.options import Identity
from local_stack.functions_host.queue_listener import QueueListener
from local_stack.functions_host.rest import Rest
from local_stack.functions_host.routes import Routes

log = logging.getLogger("local_stack.functions_host")
OVERTIME = 70  # the exit code of a worker whose function took too long
_GRACE_SECONDS = 1.0


class Worker:
    """Runs one app, as its configuration says, until told to stop."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told
        self._settings: dict[str, str] = told["settings"]
        self._host = host_json.parse(told["hostJson"], self._settings)
        self._metrics = Metrics()
        self._events = EventLog(Path(told["events"]) if told["events"] else None)
        self._threads = ThreadPoolExecutor(_threads(self._settings), thread_name_prefix="function")
        self._invoker = Invoker(
            self._events,
            self._metrics,
            self._threads,
            self._host.function_timeout,
            self._overtime,
            told["app"],
        )
        self._queues: list[QueueListener] = []
        self._hubs: dict[str, HubListener] = {}
        self._http: HttpListener | None = None
        self._functions: dict[str, Function] = {}
        self._late = False
        self._calls: set[asyncio.Future[Outcome]] = set()
        self.stopping = self._invoker.stopping

    def index(self) -> list[dict[str, Any]]:
        """Import the app; return what the host must know of its functions. Raises HostError."""
        found = index(Path(self._told["app"]), self._settings)
        only = self._host.only
        self._functions = {
            each.name: each
            for each in found
            if not is_disabled(self._settings, each.name) and (not only or each.name in only)
        }
        listeners.check(self._functions.values(), self._host, self._settings)
        return [each.told() for each in self._functions.values()]

    async def run(self, channel: Channel) -> None:
        """Serve until stopping, then finish what is in flight."""
        await self._listen(channel)
        fetching: list[QueueListener | HubListener] = [*self._queues, *self._hubs.values()]
        work: list[asyncio.Future[Any]] = [asyncio.ensure_future(each.run()) for each in fetching]
        for one in work:
            one.add_done_callback(_tell_if_broken)
        await self.stopping.wait()
        for each in fetching:
            each.stop()
        if self._http:
            work.append(asyncio.ensure_future(self._http.stop()))
        work += self._calls
        if work:
            _, late = await asyncio.wait(work, timeout=self._told["drain"])
            if late:
                log.warning("Not everything ended within %s seconds; leases and checkpoints bring it back",
                            self._told["drain"])  # fmt: skip
        if self._late:
            os._exit(OVERTIME)
        self._events.close()

    async def answer(self, kind: str, fields: dict[str, Any]) -> dict[str, Any] | None:
        """Do what the host asks."""
        if kind == "stop":
            self.stopping.set()
        elif kind == "partitions" and fields["function"] in self._hubs:
            self._hubs[fields["function"]].take(fields["partitions"])
        elif kind == "metrics":
            return self._metrics.snapshot()
        elif kind == "timer":
            return await self._run(fields["function"], lambda: timer_request(fields), trigger="timer")
        elif kind == "manual":
            function = self._functions[fields["function"]]
            return await self._run(
                function.name, lambda: argument_of(function, fields["input"]), trigger="admin"
            )
        return None

    async def _run(self, name: str, argument: Any, **about: Any) -> dict[str, Any]:
        call = asyncio.ensure_future(self._invoker.run(self._functions[name], argument, **about))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        outcome = await call
        return {"ok": outcome.ok, "error": outcome.error, "id": outcome.invocation_id}

    async def _listen(self, channel: Channel) -> None:
        told = self._told
        rest = Rest(Identity(told["identity"]["endpoint"], told["identity"]["header"]), told["caFile"])
        make = Builder(
            self._host, self._settings, rest, self._invoker, self._metrics, self._events, told["lease"]
        )
        for each in self._functions.values():
            if each.kind == "queueTrigger":
                self._queues.append(make.queue(each))
            elif each.kind == "eventHubTrigger":
                self._hubs[each.name] = make.hub(each)
        await self._serve_http(channel)

    async def _serve_http(self, channel: Channel) -> None:
        async def admin(method: str, path: str, body: bytes) -> tuple[int, Any]:
            try:
                said = await channel.ask(
                    "admin", method=method, path=path, body=body.decode(errors="replace")
                )
            except Closed:
                return 503, None
            return said["status"], said["answer"]

        told = self._told
        tls = None
        if told["certificate"]:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*told["certificate"])
        limit = int(self._settings.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", BODY_LIMIT))
        routes = Routes(list(self._functions.values()), self._host.http.prefix)
        self._http = HttpListener(routes, self._host.http, Keys(**told["keys"]), self._invoker, admin, limit)
        listening = socket.socket(fileno=told["listening"])
        listening.setblocking(False)
        await self._http.start(listening, tls)

    def _overtime(self, function: str) -> None:
        """End this process: nothing else ends a function that runs."""
        log.error("The worker ends, because %s took too long", function)
        self._late = True
        self.stopping.set()
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, os._exit, OVERTIME)


def _threads(settings: dict[str, str]) -> int | None:
    told = settings.get("PYTHON_THREADPOOL_THREAD_COUNT")
    if told is None:
        return None
    if not told.isdigit() or not 0 < int(told) <= 1000:
        raise HostError(
            f"PYTHON_THREADPOOL_THREAD_COUNT is {told!r}; it must be a whole number from 1 to 1000."
        )
    return int(told)


def _tell_if_broken(listener: asyncio.Future[Any]) -> None:
    """Say that a listener has died: nobody looks at it before the host stops."""
    if not listener.cancelled() and listener.exception():
        log.error("A listener has ended; restart the host", exc_info=listener.exception())
