"""A host in a thread of this process, for tests and the demo; its workers are processes all the same."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from local_stack.functions_host.host import Host
from local_stack.functions_host.keys import Keys
from local_stack.functions_host.options import Options

T = TypeVar("T")


class FunctionsHost:
    """Runs the app in a folder with these settings until stopped."""

    def __init__(self, app: Path, settings: Mapping[str, str], options: Options | None = None) -> None:
        self._host = Host(app, settings, options or Options())
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> FunctionsHost:
        """Start and wait until every worker has indexed the app. Raises HostError."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="functions-host", daemon=True)
        self._thread.start()
        try:
            self._call(self._host.start())
        except BaseException:
            self._end_thread()
            raise
        return self

    def stop(self) -> None:
        """Stop fetching, finish what is in flight, end the workers."""
        if self._loop:
            self._call(self._host.stop())
        self._end_thread()

    def __enter__(self) -> FunctionsHost:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where HTTP functions answer: https://127.0.0.1:PORT."""
        return self._host.url

    @property
    def keys(self) -> Keys:
        """The master key and the functions' key."""
        return self._host.keys

    @property
    def functions(self) -> list[dict[str, Any]]:
        """Name, kind and binding of each function."""
        return self._host.functions

    def workers(self) -> list[int]:
        """Return the workers' process ids, by slot; 0 where none runs at the moment."""
        return [slot.pid for slot in self._host.slots]

    def kill(self, slot: int = 0, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a worker a signal and return its process id; another one takes its place."""
        process = self._host.slots[slot].pid
        if process:
            os.kill(process, number)
        return process

    def await_workers(self, other_than: int = 0, seconds: float = 30.0) -> None:
        """Wait until every worker is ready and none is that process. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not all(
            slot.is_ready.is_set() and slot.pid not in (0, other_than) for slot in self._host.slots
        ):
            if time.monotonic() > deadline:
                raise TimeoutError("the workers are not ready")
            time.sleep(0.02)

    def metrics(self) -> dict[str, Any]:
        """Return what every worker counted since it started."""
        return self._call(self._host.metrics())

    def fire(self, function: str, given: str = "") -> dict[str, Any]:
        """Run a function now (a timer, or one with this message) and return how it ended: ok, error, id."""
        return self._call(self._host.fire(function, given))

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            work.close()
            raise RuntimeError("the host is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end_thread(self) -> None:
        if self._loop and self._thread:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
        self._loop = self._thread = None
