"""Killed with -9 anywhere and run again, Day-0 ends in the state of one that was never disturbed."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo.instance import Instance
from local_stack.threaded import ThreadedStack
from tests.journeys.conftest import Walk
from tests.journeys.state import differences, everything
from vibedata.errors import VibedataError

HOLD_SECONDS = 30.0
# Where to hold the work by a slow answer, so that the kill strikes there: service, operation, path, phase.
PLACES = {
    "mid import_artifacts": ("oci_registry", "registry.importImage", "*", 7, 4),
    "between publish steps": ("automation", "runbook.publish", "*run_health*", 8, 0),
    "mid bootstrap_registry": ("storage", "table.Transaction", "*", 14, 0),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_day0_converges(
    place: str,
    stack: ThreadedStack,
    new_instance: Callable[..., Instance],
    day0: Callable[..., Walk],
    undisturbed: dict[str, Any],
) -> None:
    service, operation, path, phase, let_through = PLACES[place]
    instance = new_instance()
    watch = Strike(stack, instance, service, operation, path, let_through)
    with pytest.raises(VibedataError) as caught, watch:
        day0(instance, "3f6b2f0e-6f55-4b2e-9c2a-0a1d8a0b7a11")
    assert watch.killed, "the kill came too late"
    assert caught.value.detail["phase"] == phase
    assert caught.value.hint

    again = day0(instance, "3f6b2f0e-6f55-4b2e-9c2a-0a1d8a0b7a11")
    assert set(again.states().values()) <= {"done", "nothing to do"}
    assert differences(everything(stack, instance), undisturbed) == []


@pytest.fixture(scope="module")
def undisturbed(world: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an undisturbed Day-0 leaves behind."""
    from vibedata import deploying

    instance = world.instance(tmp_path_factory.mktemp("undisturbed") / "worker")
    for _ in deploying.walk(instance.deployment, "3f6b2f0e-6f55-4b2e-9c2a-0a1d8a0b7a11"):
        pass
    return everything(world.stack, instance)


class Strike:
    """Holds one request of the engine by a latency, and kills the engine's whole session while it is held."""

    def __init__(
        self,
        stack: ThreadedStack,
        instance: Instance,
        service: str,
        operation: str,
        path: str,
        let_through: int,
    ) -> None:
        self.killed = False
        self._stack = stack
        self._home = instance.home
        self._fault = (service, operation, path, let_through)
        self._began = stack.writes.last
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._stack.faults.clear()

    def _watch(self) -> None:
        service, operation, path, let_through = self._fault
        while self._done(operation) < let_through and not self._stop.is_set():
            time.sleep(0.01)
        fault = self._stack.faults.add(service, operation, latency=HOLD_SECONDS, path=path, times=1)
        while fault.id in {one.id for one in self._stack.faults.list()} and not self._stop.is_set():
            time.sleep(0.01)
        for pid in engines(self._home):
            with contextlib.suppress(ProcessLookupError):  # one of the same session, gone with the first
                os.killpg(os.getpgid(pid), signal.SIGKILL)
                self.killed = True

    def _done(self, operation: str) -> int:
        return sum(w.operation == operation for w in self._stack.writes.since(self._began))


def engines(home: Path) -> list[int]:
    """Return the processes that run the engine out of a worker's home."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(word.startswith(str(home).encode()) and word.endswith(b"__main__.py") for word in words):
                found.append(int(entry.name))
    return found
