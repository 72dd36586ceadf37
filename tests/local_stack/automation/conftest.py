from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_stack.threaded import ThreadedStack
from tests.local_stack.automation.world import Account, account, own_stack


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    """A stack of this module's own: its tests advance its clock and set its faults."""
    with own_stack(tmp_path_factory.mktemp("automation")) as stack:
        yield stack


@pytest.fixture
def at(own: ThreadedStack) -> Iterator[Account]:
    """A fresh account with a worker."""
    yield account(own)
    own.faults.clear()
