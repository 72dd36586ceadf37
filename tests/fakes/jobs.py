"""Automation's jobs in memory: each runs through the statuses it was given, one step a look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from vibedata.automation import JobRecord
from vibedata.errors import Blocked, VibedataError


@dataclass
class Fate:
    """How a job will go: its statuses in order (the last one stays), its output and its exception."""

    statuses: tuple[str, ...] = ("New", "Running", "Completed")
    output: str = ""
    exception: str = ""


@dataclass
class _Kept:
    record: JobRecord
    fate: Fate
    left: list[str] = field(default_factory=list)


class FakeJobs:
    """`fates` are taken by the next jobs in order; `started` lists the names of all that were started."""

    def __init__(self, published: Iterable[str] = (), fates: Iterable[Fate] = ()) -> None:
        self.published = set(published)
        self.fates = list(fates)
        self.kept: dict[str, _Kept] = {}
        self.started: list[str] = []
        self.failing: list[VibedataError] = []

    def start(self, name: str, *, runbook: str, worker_group: str, parameter: str) -> bool:
        if self.failing:
            raise self.failing.pop(0)
        if name in self.kept:
            return False
        if runbook not in self.published:
            raise Blocked("runbook-not-published", runbook, hint="publish it")
        fate = self.fates.pop(0) if self.fates else Fate()
        record = JobRecord(name, runbook, fate.statuses[0], parameter)
        self.kept[name] = _Kept(record, fate, list(fate.statuses))
        self.started.append(name)
        return True

    def get(self, name: str) -> JobRecord:
        kept = self.kept.get(name)
        if kept is None:
            raise Blocked("azure-not-found", name, hint="start it")
        status = kept.left.pop(0) if len(kept.left) > 1 else kept.left[0]
        exception = kept.fate.exception if status in ("Failed", "Suspended") else ""
        kept.record = replace(kept.record, status=status, exception=exception)
        return kept.record

    def output(self, name: str) -> str:
        return self.kept[name].fate.output
