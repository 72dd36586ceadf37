"""Day-0 again over an instance where nothing has changed, against its first run: the price of looking."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bench.ground import Ground, ground
from bench.measure import OURS, Case, Goal, Run, Sample
from demo.instance import Instance
from vibedata import deploying

FIRST = "its first run"


class _Twice:
    """A fresh instance per round; each walk is `vibedata day0`'s own, the deployer's side included."""

    def __init__(self, here: Ground) -> None:
        self._here = here
        self._instance: Instance | None = None

    def first(self) -> Sample:
        """Walk Day-0 over a new instance."""
        if self._instance is not None:
            shutil.rmtree(self._instance.home)
        self._instance = self._here.instance()
        return self._walk()

    def second(self) -> Sample:
        """Walk it again."""
        return self._walk()

    def _walk(self) -> Sample:
        assert self._instance is not None
        began = time.perf_counter()
        states = list(deploying.walk(self._instance.deployment, str(uuid.uuid4())))[-1]
        seconds = time.perf_counter() - began
        return Sample(seconds, {f"phase {state.phase.number}": round(state.seconds, 3) for state in states})


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with ground() as here:
        twice = _Twice(here)
        yield {FIRST: twice.first, OURS: twice.second}


CASES = [
    Case(
        "day0-second-run",
        "Day-0 second run, nothing changed",
        _sides,
        goals=[Goal(FIRST, at_most=0.4)],
        in_order=True,
    )
]
