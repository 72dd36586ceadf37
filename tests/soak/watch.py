"""What can be seen of a soak while it runs: the host's own log of invocations, the queue's depth, memory."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.soak.rig import Host, Rig, rss_bytes

PROCESS, RELAY = "process_alert", "relay_alerts"
MOST_WAITING = 300  # in hub and queue together: the local queue's delete takes time proportional to its depth
_MB = 1024 * 1024


@dataclass(frozen=True)
class Sample:
    """One look; seconds since the start, megabytes."""

    at: float
    accepted: int
    relayed: int
    processed: int
    queue: int
    age: float
    worker_mb: float
    host_mb: float
    load: float


class Invocations:
    """Follows the host's log: what ended well, what failed, what a killed worker had begun."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._at = 0
        self._rest = b""
        self.succeeded: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.open: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)  # worker → invocation → its start
        self.relayed: dict[str, int] = {}  # partition → events that a relay is done with
        self.ages: list[float] = []

    def read(self) -> None:
        """Take in what was written since."""
        if not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._at)
            fresh = file.read()
        self._at += len(fresh)
        *lines, self._rest = (self._rest + fresh).split(b"\n")
        for line in lines:
            self._take(json.loads(line))

    def in_flight(self, function: str, workers: set[int]) -> int:
        """Return how many invocations of a function these workers never ended."""
        return sum(
            start["function"] == function for worker in workers for start in self.open[worker].values()
        )

    def _take(self, line: dict[str, Any]) -> None:
        if line["event"] == "start":
            self.open[line["worker"]][line["id"]] = line
            if line["function"] == PROCESS:
                self.ages.append(float(line.get("ageSeconds", 0.0)))
        elif line["event"] == "end":
            self.open[line["worker"]].pop(line["id"], None)
            kept = self.succeeded if line["outcome"] == "succeeded" else self.failed
            kept[line["function"]] += 1
            if line["function"] == RELAY and line["outcome"] == "succeeded":
                before = self.relayed.get(line["partition"], 0)
                self.relayed[line["partition"]] = max(before, int(line["last"]) + 1)


class Watch(threading.Thread):
    """Looks every second."""

    def __init__(self, rig: Rig, host: Host, seconds: float = 1.0) -> None:
        super().__init__(name="watch", daemon=True)
        self.invocations = Invocations(rig.events)
        self.samples: list[Sample] = []
        self.queue = 0
        self.accepted = 0
        self._host = host
        self._alerts = rig.queue("alerts")
        self._seconds = seconds
        self._began = time.monotonic()
        self._ended = threading.Event()

    @property
    def relayed(self) -> int:
        """How many events the relay is done with."""
        return sum(self.invocations.relayed.values())

    def is_full(self, accepted: int) -> bool:
        """Say whether as much waits as may."""
        return self.waiting(accepted) >= MOST_WAITING

    def waiting(self, accepted: int) -> int:
        """Return how much waits in hub and queue, as far as is known."""
        self.accepted = accepted
        return self.queue + accepted - self.relayed

    def run(self) -> None:
        """Look until stopped."""
        while not self._ended.wait(self._seconds):
            self.look()

    def look(self) -> Sample:
        """Look once."""
        self.invocations.read()
        self.queue = int(self._alerts.get_queue_properties().approximate_message_count or 0)
        ages, self.invocations.ages = sorted(self.invocations.ages), []
        sample = Sample(
            at=round(time.monotonic() - self._began, 1),
            accepted=self.accepted,
            relayed=self.relayed,
            processed=self.invocations.succeeded[PROCESS],
            queue=self.queue,
            age=round(ages[int(len(ages) * 0.95)], 2) if ages else 0.0,
            worker_mb=round(max(map(rss_bytes, self._host.workers()), default=0) / _MB, 1),
            host_mb=round(rss_bytes(self._host.pid) / _MB, 1),
            load=round(os.getloadavg()[0], 2),
        )
        self.samples.append(sample)
        return sample

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()

    def save(self, file: Path) -> None:
        """Keep the samples."""
        file.write_text(json.dumps([asdict(sample) for sample in self.samples]), "utf-8")
