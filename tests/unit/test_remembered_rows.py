from __future__ import annotations

import pytest

from tests.builders.alert_world import ROWS
from tests.fakes.alert_processing import FakeRegistry
from vibedata.adapters.remembered_rows import RememberedRows
from vibedata.errors import Transient


def test_the_registry_is_read_once_in_a_while() -> None:
    now, registry = [0.0], FakeRegistry(list(ROWS))
    rows = RememberedRows(registry, seconds=30, monotonic=lambda: now[0])
    assert [len(rows.read()) for _ in range(5)] == [3] * 5
    assert registry.reads == 1
    registry.rows.pop()
    now[0] = 30
    assert len(rows.read()) == 2


def test_a_registry_that_failed_is_asked_again() -> None:
    class Failing(FakeRegistry):
        def read(self, prefix: str = "") -> list:
            if not self.reads:
                self.reads += 1
                raise Transient("azure-busy", "busy", hint="wait")
            return super().read(prefix)

    rows = RememberedRows(Failing(list(ROWS)))
    with pytest.raises(Transient):
        rows.read()
    assert len(rows.read()) == 3
