"""The shared fixtures: one stack for the session, an instance of its own for each test that wants one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from demo.instance import Instance
from local_stack.threaded import ThreadedStack
from tests import environment
from tests.environment import World

# The same examples every time, however long one takes on a busy machine; `make fuzz` looks for new ones.
settings.register_profile(
    "suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One stack, whose CA and deployer this process's clients use."""
    directory = tmp_path_factory.mktemp("stack")
    stack = ThreadedStack(directory / "stack").start()
    world = World(stack, directory)
    world.release()  # fetches wheels, before this process trusts the stack's CA alone
    before = environment.use(stack)
    try:
        yield world
    finally:
        os.environ.update({name: value for name, value in before.items() if value})
        stack.stop()


@pytest.fixture
def stack(world: World) -> Iterator[ThreadedStack]:
    """The shared stack, without faults; those that the test sets end with it."""
    world.stack.faults.clear()
    yield world.stack
    world.stack.faults.clear()


@pytest.fixture
def new_instance(world: World, stack: ThreadedStack, tmp_path: Path) -> Callable[..., Instance]:
    """Return what seeds an instance in a subscription of its own, with the session's publisher and release."""

    def make(**changes: object) -> Instance:
        return world.instance(tmp_path / "worker", **changes)

    return make


@pytest.fixture
def instance(new_instance: Callable[..., Instance]) -> Instance:
    """A freshly provisioned instance."""
    return new_instance()


@pytest.fixture
def metadata_url(stack: ThreadedStack) -> Callable[[str], str]:
    """Return what gives the address of a VM's metadata service, as the machine's own processes know it."""
    from local_stack.identity.state import imds_authority

    return lambda vm_id: imds_authority(stack.ctx, vm_id)
