from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_stack.threaded import ThreadedStack
from tests.local_stack.components.world import SERVICES, World, world


@pytest.fixture(scope="session")
def component_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    with ThreadedStack(tmp_path_factory.mktemp("components") / "stack", services=SERVICES) as stack:
        yield stack


@pytest.fixture
def place(component_stack: ThreadedStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(component_stack.ca_file))
    yield world(component_stack)
    component_stack.faults.clear()
