from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_stack.threaded import ThreadedStack
from tests.local_stack.support import Place


@pytest.fixture(scope="package")
def arm_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    with ThreadedStack(tmp_path_factory.mktemp("arm") / "stack", services=("identity", "arm")) as stack:
        yield stack


@pytest.fixture
def place(arm_stack: ThreadedStack) -> Iterator[Place]:
    yield Place(arm_stack)
    arm_stack.faults.clear()
