"""What goes wrong during a soak: faults of the services in turns, and workers killed every few seconds."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from dataclasses import dataclass
from typing import Any

import requests

from tests.soak.rig import Host, Rig

Fault = dict[str, Any]
LATER = 1.5  # how much longer each pause between two reconciliations is

# A request of the ingestion API in twelve or so goes wrong in one of these ways.
NOISE: list[Fault] = [
    {"service": "logs", "operation": "logs.ingest", "status": 429, "retry_after": 1, "rate": 0.03},
    {"service": "logs", "operation": "logs.ingest", "status": 403, "rate": 0.02},
    {"service": "logs", "operation": "logs.ingest", "status": 503, "rate": 0.02},
    {"service": "logs", "operation": "logs.ingest", "status": 500, "rate": 0.01},
    {"service": "logs", "operation": "logs.ingest", "reset": True, "rate": 0.01},
    {"service": "logs", "operation": "logs.ingest", "reset": True, "after": True, "rate": 0.02},
    {"service": "storage", "operation": "table.UpdateEntity", "status": 412, "rate": 0.03},
    {"service": "storage", "operation": "table.UpdateEntity", "reset": True, "after": True, "rate": 0.005},
    {"service": "storage", "operation": "table.InsertEntity", "reset": True, "after": True, "rate": 0.005},
    {"service": "storage", "operation": "table.*", "status": 503, "rate": 0.005},
    {"service": "storage", "operation": "queue.PutMessage", "status": 503, "rate": 0.005},
    {"service": "storage", "operation": "queue.PutMessage", "reset": True, "after": True, "rate": 0.005},
    {"service": "storage", "operation": "queue.DeleteMessage", "status": 503, "rate": 0.003},
    {"service": "storage", "operation": "blob.GetBlob", "status": 503, "rate": 0.02},
]
# The answer comes too late: the rows are there, and whoever sent them does not know.
LATE: Fault = {
    "service": "logs",
    "operation": "logs.ingest",
    "reset": True,
    "after": True,
    "latency": 22.0,
    "times": 1,
}
THROTTLED: Fault = {"service": "logs", "operation": "logs.ingest", "status": 429, "retry_after": 2}
FORBIDDEN: Fault = {"service": "logs", "operation": "logs.ingest", "status": 403}
DOWN: Fault = {"service": "logs", "operation": "logs.ingest", "status": 503}


@dataclass(frozen=True)
class Episode:
    """Faults for so many seconds."""

    name: str
    seconds: float
    faults: list[Fault]


LOUD = [{**fault, "rate": 2 * fault["rate"]} for fault in NOISE]  # for a short run

FULL = [
    Episode("noise", 40, NOISE),
    Episode("throttled", 6, [THROTTLED, *NOISE]),
    Episode("noise", 40, NOISE),
    Episode("forbidden", 8, [FORBIDDEN, *NOISE]),
    Episode("noise", 40, NOISE),
    Episode("late", 4, [LATE, *NOISE]),
    Episode("noise", 40, NOISE),
    Episode("down", 10, [DOWN, *NOISE]),
    Episode("calm", 20, []),
]


class Faults(threading.Thread):
    """Goes round the episodes until stopped, and then all is well."""

    def __init__(self, rig: Rig, episodes: list[Episode]) -> None:
        super().__init__(name="faults", daemon=True)
        self._control = rig.control
        self._episodes = episodes
        self._ended = threading.Event()
        self.now = ""

    def run(self) -> None:
        """Set each episode's faults in turn."""
        turn = 0
        while not self._ended.is_set():
            episode = self._episodes[turn % len(self._episodes)]
            self._set(episode)
            self._ended.wait(episode.seconds)
            turn += 1
        self._set(Episode("", 0, []))

    def stop(self) -> None:
        """Have everything be well again."""
        self._ended.set()
        self.join()

    def _set(self, episode: Episode) -> None:
        self._control.call("DELETE", "/faults")
        for fault in episode.faults:
            self._control.call("POST", "/faults", fault)
        self.now = episode.name


@dataclass(frozen=True)
class Kill:
    """A worker that was killed, and when (seconds of the epoch)."""

    pid: int
    at: float


class Reconciler(threading.Thread):
    """Has reconciliation look for what no delivery told of, far more often than its timer: much is on its way.

    Each look is at all of the last hour, so each comes later than the one before.
    """

    def __init__(self, host: Host, seconds: float) -> None:
        super().__init__(name="reconciler", daemon=True)
        self._host = host
        self._seconds = seconds
        self._ended = threading.Event()

    def run(self) -> None:
        """Fire the function until stopped; a worker that is just killed may not answer."""
        pause = self._seconds
        while not self._ended.wait(pause):
            with contextlib.suppress(requests.RequestException):
                self._host.fire("reconcile_alerts")
            pause *= LATER

    def stop(self) -> None:
        """Fire it no more."""
        self._ended.set()
        self.join()


class Killer(threading.Thread):
    """Kills a worker every few seconds; the eldest seldom, so that one of them lives long enough to show a leak."""

    def __init__(self, host: Host, seconds: float, seed: int, most: int, spare_eldest: float = 0.95) -> None:
        super().__init__(name="killer", daemon=True)
        self._host = host
        self._seconds = seconds
        self._rng = random.Random(seed)
        self._most = most
        self._spare_eldest = spare_eldest
        self._ended = threading.Event()
        self.kills: list[Kill] = []

    def run(self) -> None:
        """Kill until stopped."""
        while not self._ended.wait(self._seconds * self._rng.uniform(0.7, 1.3)):
            workers = self._host.workers()
            if not workers or len(self.kills) >= self._most:
                continue
            others = workers[1:] if len(workers) > 1 and self._rng.random() < self._spare_eldest else workers
            self.kill(self._rng.choice(others))

    def kill(self, pid: int) -> None:
        """Kill one now."""
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.kills.append(Kill(pid, time.time()))

    def stop(self) -> None:
        """Kill no more."""
        self._ended.set()
        self.join()
