from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.builders.alert_world import ROWS
from tests.fakes.alert_processing import FakeRegistry
from vibedata.adapters.remembered_rows import AT_MOST_SECONDS, FAILED_SECONDS, RememberedRows
from vibedata.errors import Blocked, Transient, VibedataError
from vibedata.registry import Row

NO_ROLE = Blocked("role-missing", "no role", hint="assign it")


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

    now = [0.0]
    rows = RememberedRows(Failing(list(ROWS)), monotonic=lambda: now[0])
    for now[0] in (0.0, 1.0, FAILED_SECONDS - 0.1):
        with pytest.raises(Transient):
            rows.read()
    now[0] = FAILED_SECONDS
    assert len(rows.read()) == 3


class Hanging(FakeRegistry):
    """A registry that may hang before it answers, or fails then."""

    def __init__(self) -> None:
        super().__init__(list(ROWS))
        self.trouble: VibedataError | None = None
        self.go_on, self.asked = threading.Event(), threading.Event()
        self.go_on.set()

    def read(self, prefix: str = "") -> list[Row]:
        self.reads += 1
        self.asked.set()
        assert self.go_on.wait(30)
        if self.trouble:
            raise self.trouble
        return list(self.rows)


def hang(registry: Hanging, trouble: VibedataError | None = None) -> None:
    registry.go_on.clear()
    registry.asked.clear()
    registry.trouble = trouble


def test_what_was_known_serves_while_the_registry_fails() -> None:
    now, registry = [0.0], Hanging()
    rows = RememberedRows(registry, seconds=30, monotonic=lambda: now[0])
    rows.read()
    registry.trouble = NO_ROLE
    registry.rows.pop()
    for now[0] in (30.0, 31.0, 34.9):
        assert len(rows.read()) == 3
    assert registry.reads == 2, "a failure is remembered"
    now[0] = 36.0
    assert len(rows.read()) == 3
    assert registry.reads == 3
    registry.trouble = None
    now[0] = 42.0
    assert len(rows.read()) == 2


def test_what_was_known_an_hour_ago_is_not_good_enough() -> None:
    now, registry = [0.0], Hanging()
    rows = RememberedRows(registry, monotonic=lambda: now[0])
    rows.read()
    registry.trouble = NO_ROLE
    now[0] = AT_MOST_SECONDS
    for now[0] in (AT_MOST_SECONDS, AT_MOST_SECONDS + 1):
        with pytest.raises(Blocked, match="role-missing: no role → assign it"):
            rows.read()
    assert registry.reads == 2


def test_a_registry_that_hangs_holds_up_only_who_asks_it() -> None:
    now, registry = [0.0], Hanging()
    rows = RememberedRows(registry, seconds=30, monotonic=lambda: now[0])
    rows.read()
    now[0] = 30.0
    hang(registry)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(rows.read)
        assert registry.asked.wait(30)
        assert [len(rows.read()) for _ in range(5)] == [3] * 5
        assert not first.done()
        registry.go_on.set()
        assert len(first.result()) == 3
    assert registry.reads == 2


@pytest.mark.parametrize("trouble", [None, Transient("azure-busy", "busy", hint="wait", retry_after=240.0)])
def test_where_nothing_is_known_one_reads_and_the_others_learn_of_it(trouble: VibedataError | None) -> None:
    registry = Hanging()
    rows = RememberedRows(registry)
    hang(registry, trouble)

    def read() -> object:
        try:
            return len(rows.read())
        except Transient as error:
            return error.code, error.retry_after

    with ThreadPoolExecutor(24) as pool:
        first = pool.submit(read)
        assert registry.asked.wait(30)
        others = [pool.submit(read) for _ in range(23)]
        registry.go_on.set()
        found = [one.result(30) for one in (first, *others)]
    assert found == [("azure-busy", 240.0) if trouble else 3] * 24
    assert registry.reads == 1


def test_who_has_waited_long_enough_asks_itself() -> None:
    registry = Hanging()
    rows = RememberedRows(registry, wait_seconds=0.05)
    hang(registry)
    with ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(rows.read)]
        assert registry.asked.wait(30)
        registry.asked.clear()
        reading.append(pool.submit(rows.read))
        assert registry.asked.wait(30)
        registry.go_on.set()
        assert [len(one.result(30)) for one in reading] == [3, 3]
    assert registry.reads == 2


def test_a_bug_leaves_nobody_waiting() -> None:
    class Broken(FakeRegistry):
        def read(self, prefix: str = "") -> list[Row]:
            if not self.reads:
                self.reads += 1
                raise KeyError(prefix)
            return super().read(prefix)

    rows = RememberedRows(Broken(list(ROWS)))
    with pytest.raises(KeyError):
        rows.read()
    assert len(rows.read()) == 3
