"""Calls one function: on the loop or in a thread, within the timeout, told to the event log, counted."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from local_stack.functions_host.binding import Context
from local_stack.functions_host.event_log import EventLog
from local_stack.functions_host.indexing import Function
from local_stack.functions_host.metrics import Metrics

log = logging.getLogger("local_stack.functions_host")


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended."""

    invocation_id: str
    value: Any = None
    error: str = ""  # the exception's type: its words may hold what a log must not
    interrupted: bool = False  # the host stops, and its retry policy would have tried again

    @property
    def ok(self) -> bool:
        """Tell whether the function returned."""
        return not self.error


class Invoker:
    """Runs functions. `overtime(function)` is called when one exceeds `timeout` seconds: its process must end."""

    def __init__(
        self,
        events: EventLog,
        metrics: Metrics,
        executor: ThreadPoolExecutor,
        timeout: float | None,
        overtime: Callable[[str], None],
        directory: str,
    ) -> None:
        self._events = events
        self._metrics = metrics
        self._executor = executor
        self._timeout = timeout
        self._overtime = overtime
        self._directory = directory
        self.stopping = asyncio.Event()

    async def run(
        self,
        function: Function,
        argument: Callable[[], Any],
        *,
        age: float | None = None,
        **about: Any,
    ) -> Outcome:
        """Call a function with what `argument()` makes, again as its retry policy says; its failure is an Outcome.

        `about` goes into the event log; `age` is how many seconds its message waited.
        """
        tried = 0
        while True:
            outcome = await self._once(function, argument, tried, age, about)
            tried += 1
            if outcome.ok or function.retry is None or not function.retry.allows(tried):
                return outcome
            if await self._stopped_within(function.retry.delay(tried)):
                return replace(outcome, interrupted=True)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    async def _once(
        self,
        function: Function,
        argument: Callable[[], Any],
        tried: int,
        age: float | None,
        about: dict[str, Any],
    ) -> Outcome:
        invocation, counted = str(uuid.uuid4()), self._metrics.of(function.name)
        more = {"ageSeconds": round(age, 3)} if age is not None else {}
        self._events.write("start", function=function.name, id=invocation, retry=tried, **more, **about)
        counted.begin(age if not tried else None)
        began = time.monotonic()
        outcome = Outcome(invocation, error="Cancelled")
        try:
            outcome = await self._called(function, argument, invocation, tried)
        finally:
            seconds = time.monotonic() - began
            counted.end(outcome.ok, seconds)
            self._events.write(
                "end", function=function.name, id=invocation, outcome="succeeded" if outcome.ok else "failed",
                error=outcome.error, seconds=round(seconds, 6), **about,
            )  # fmt: skip
        return outcome

    async def _called(
        self, function: Function, argument: Callable[[], Any], invocation: str, tried: int
    ) -> Outcome:
        try:
            given = {function.argument: argument()}
            if function.wants_context:
                given["context"] = Context(function, invocation, tried, self._directory)
            if function.is_async:
                work: asyncio.Future[Any] = asyncio.ensure_future(_caught(function.call, given))
            else:
                work = asyncio.get_running_loop().run_in_executor(
                    self._executor, _caught_sync, function.call, given
                )
        except Exception as error:  # noqa: BLE001 - what cannot be bound is the invocation's failure
            return self._failed(function, invocation, error)
        done, _ = await asyncio.wait((work,), timeout=self._timeout)
        if not done:
            log.error("%s (%s) exceeded functionTimeout of %s s", function.name, invocation, self._timeout)
            self._overtime(function.name)
            return Outcome(invocation, error="FunctionTimeoutException")
        value, failure = work.result()
        return self._failed(function, invocation, failure) if failure else Outcome(invocation, value)

    def _failed(self, function: Function, invocation: str, error: BaseException) -> Outcome:
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "binding"
        kind = type(error).__name__
        log.error("Executed 'Functions.%s' (Failed, Id=%s): %s at %s", function.name, invocation, kind, where)
        return Outcome(invocation, error=kind)


async def _caught(call: Callable[..., Any], given: dict[str, Any]) -> tuple[Any, BaseException | None]:
    try:
        return await call(**given), None
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and getattr(task, "cancelling", lambda: 0)():
            raise
        return None, error
    except BaseException as error:  # noqa: BLE001 - sys.exit() in a function fails it and no more
        return None, error


def _caught_sync(call: Callable[..., Any], given: dict[str, Any]) -> tuple[Any, BaseException | None]:
    try:
        return call(**given), None
    except BaseException as error:  # noqa: BLE001 - as above
        return None, error
