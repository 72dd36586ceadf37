from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_stack.threaded import ThreadedStack
from tests.local_stack.functions_host.hub import Hub
from tests.local_stack.functions_host.site import Site


@pytest.fixture(scope="package")
def small_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    directory = tmp_path_factory.mktemp("functions") / "stack"
    with ThreadedStack(directory, services=("identity", "arm", "storage", "event_hub")) as stack:
        yield stack


@pytest.fixture
def hub(small_stack: ThreadedStack) -> Hub:
    return Hub(small_stack)


@pytest.fixture
def new_site(small_stack: ThreadedStack, hub: Hub, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(**changes: object) -> Site:
        made.append(Site(small_stack, hub, tmp_path, **changes))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(new_site: Callable[..., Site]) -> Site:
    return new_site()
