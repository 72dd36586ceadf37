# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""Phase 7 over a stack that lies: releases of a test's own, and what being refused means."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import stored_cloud  # noqa: F401
from tests.builders.release import Published, publish
from tests.journeys.test_import import Importing, long_lived
from vibedata import retry
from vibedata.errors import VibedataError

SCRIPT = "vibedata/runbooks/run_health"


DIGEST = "sha256:" + "0" * 64


def released(change: Callable[[dict[str, Any]], None] = lambda _: None) -> Published:
    """Build a signed release of the test's own, whose bytes nobody has seen."""
    salt = uuid.uuid4().hex

    def changed(document: dict[str, Any]) -> None:
        long_lived(document)
        document["release"]["version"] = f"1.4.0-x{salt[:12]}"
        change(document)

    return publish(changed, salt=salt, bundle=salt.encode())


def refused(importing: Importing, *codes: str, **changes: Any) -> VibedataError:
    """Run the import: it ends with the code and a remedy, and neither Blob nor the pointer has anything new."""
    seen = importing.cloud.stack.writes.last
    network = {"network": lambda: retry.network(1, 0.05), **changes}
    with pytest.raises(VibedataError) as caught:
        importing.run(**network)
    assert caught.value.code in codes, caught.value
    assert caught.value.hint
    assert importing.pointer.get() is None
    stored = [
        write
        for write in importing.cloud.writes(seen)
        if write.operation.startswith("blob.Put") and write.status < 400
    ]
    assert stored == []
    return caught.value


def lie(importing: Importing, what: str, digest: str, word: str, *, at: str = "customer") -> None:
    registry = {"customer": "containerRegistry", "publisher": "publisher"}[at]
    name = importing.cloud.ids[registry].rsplit("/", 1)[-1]
    importing.cloud.stack.faults.set(f"oci_registry.{what}.{digest}".rstrip("."), f"{word}@{name}")


@pytest.fixture
def importing(stored_cloud: Cloud) -> Iterator[Importing]:
    yield Importing(stored_cloud)
    stored_cloud.stack.faults.clear()


@pytest.fixture(scope="module")
def arrived(stored_cloud: Cloud) -> Published:
    """A release that has been imported once; each test looks at it again, for an instance that has nothing yet."""
    published = released()
    stored_cloud.push(*published)
    Importing(stored_cloud).run()
    return published
