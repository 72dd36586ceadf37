"""What the journeys share: walking Day-0 as a deployer, and reading what it wrote."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from demo.instance import Instance
from local_stack.core.writes import Write
from local_stack.threaded import ThreadedStack
from tests.environment import World
from vibedata import deploying
from vibedata.day0 import PhaseState
from vibedata.settings import Settings


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


@pytest.fixture(scope="session")
def warm_bundles(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundles of a worker on which Day-0 has run once."""
    home = tmp_path_factory.mktemp("warm") / "worker"
    instance = world.instance(home)
    for _ in deploying.walk(instance.deployment, str(uuid.uuid4())):
        pass
    return home / "bundles"


@pytest.fixture
def warm_instance(warm_bundles: Path, new_instance: Callable[..., Instance]) -> Callable[..., Instance]:
    """Return what seeds an instance whose worker has the bundle already; `changes` are settings too."""

    def make(**changes: Any) -> Instance:
        settings = {
            name: changes.pop(name) for name in list(changes) if name in Settings.__dataclass_fields__
        }
        instance = new_instance(**changes)
        shutil.copytree(warm_bundles, instance.home / "bundles", copy_function=os.link, symlinks=True)
        deployment = replace(instance.deployment, settings=replace(instance.settings, **settings))
        return replace(instance, deployment=deployment)

    return make
