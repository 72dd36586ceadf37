"""Counters of one worker: cheap enough to be always on."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class FunctionMetrics:
    """One function's; ages and durations in seconds."""

    started: int = 0
    succeeded: int = 0
    failed: int = 0
    running: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    age_count: int = 0
    age_sum: float = 0.0
    age_max: float = 0.0
    also: Counter[str] = field(default_factory=Counter)

    def told(self) -> dict[str, Any]:
        """Return everything as JSON."""
        return {**vars(self), "also": dict(self.also)}

    def begin(self, age: float | None) -> None:
        """Count an invocation; `age` is how long its message waited in the queue or hub."""
        self.started += 1
        self.running += 1
        if age is not None:
            self.age_count += 1
            self.age_sum += age
            self.age_max = max(self.age_max, age)

    def end(self, ok: bool, seconds: float) -> None:
        """Count its end."""
        self.running -= 1
        self.seconds += seconds
        self.longest = max(self.longest, seconds)
        if ok:
            self.succeeded += 1
        else:
            self.failed += 1


class Metrics:
    """A worker's functions, and its memory."""

    def __init__(self) -> None:
        self._functions: dict[str, FunctionMetrics] = {}

    def of(self, function: str) -> FunctionMetrics:
        """Return a function's counters."""
        return self._functions.setdefault(function, FunctionMetrics())

    def snapshot(self) -> dict[str, Any]:
        """Return everything as JSON."""
        functions = {name: each.told() for name, each in self._functions.items()}
        return {"pid": os.getpid(), "rssBytes": rss_bytes(), "functions": functions}


def rss_bytes(process: int | str = "self") -> int:
    """Return the resident memory of a process in bytes; 0 where /proc is not there, or the process is gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0
