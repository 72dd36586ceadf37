"""Fixtures around `Cloud`: one per test without storage, and one per module with an account."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from local_stack.threaded import ThreadedStack
from tests.builders.cloud import Cloud
from tests.environment import World


@pytest.fixture
def cloud(stack: ThreadedStack) -> Cloud:
    """A customer and a publisher of the test's own, without a storage account."""
    return Cloud(stack)


@pytest.fixture(scope="module")
def stored_cloud(world: World) -> Iterator[Cloud]:
    """A customer with a storage account, for all tests of the module."""
    yield Cloud(world.stack, f"st{uuid.uuid4().hex[:12]}")
