"""One small stack for this folder; each test has registries of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_stack.threaded import ThreadedStack
from tests.oci.pair import pair, running_pair
from tests.oci.rig import Rig, running

__all__ = ["pair", "running_pair"]


@pytest.fixture(scope="session")
def registry_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    with running(tmp_path_factory.mktemp("registries")) as stack:
        yield stack


@pytest.fixture
def rig(registry_stack: ThreadedStack) -> Iterator[Rig]:
    yield Rig(registry_stack).seed()
    registry_stack.faults.clear()


@pytest.fixture
def publisher_token(rig: Rig) -> tuple[str, str]:
    return rig.scope_map_token(
        "publisher", "repositories/vibedata/*/content/read", "repositories/vibedata/*/content/write"
    )
