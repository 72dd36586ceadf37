"""What the journeys share: walking Day-0 as a deployer, and reading what it wrote."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from demo.instance import Instance
from local_stack.core.writes import Write
from local_stack.threaded import ThreadedStack
from vibedata import deploying
from vibedata.day0 import PhaseState


@dataclass
class Walk:
    """One Day-0: how its phases ended, and every write of the stack while it ran."""

    operation_id: str
    phases: list[PhaseState] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)

    def states(self) -> dict[int, str]:
        """Return each phase's state by its number."""
        return {state.phase.number: state.state for state in self.phases}

    def operations(self) -> set[str]:
        """Return the names of the operations that wrote."""
        return {write.operation for write in self.writes}

    def of(self, operation: str) -> list[Write]:
        """Return the writes of one operation."""
        return [write for write in self.writes if write.operation == operation]


@pytest.fixture
def day0(stack: ThreadedStack) -> Callable[..., Walk]:
    """Return what walks Day-0; an error of a phase is raised after the walk has been noted in `walks`."""

    def walk(instance: Instance, operation_id: str | None = None) -> Walk:
        done = Walk(operation_id or str(uuid.uuid4()))
        before = stack.writes.last
        try:
            for states in deploying.walk(instance.deployment, done.operation_id):
                done.phases = states
        finally:
            done.writes = stack.writes.since(before, limit=100_000)
        return done

    return walk
