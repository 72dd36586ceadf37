from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_stack.threaded import ThreadedStack
from tests.local_stack.logs.seeding import Instance, seed


@pytest.fixture(scope="module")
def log_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    directory = tmp_path_factory.mktemp("logs") / "stack"
    with ThreadedStack(directory, services=("identity", "arm", "logs")) as stack:
        yield stack


@pytest.fixture
def logs(log_stack: ThreadedStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(log_stack.ca_file))
    yield seed(log_stack)
    log_stack.faults.clear()
