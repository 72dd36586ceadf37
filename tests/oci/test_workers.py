"""Tasks that bring forth tasks, and tokens that several repositories share."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from oci.scopes import SharedScopes
from oci.workers import Workers


def test_tasks_may_add_tasks_and_all_are_done_at_the_end() -> None:
    workers, done, lock = Workers(4), [], threading.Lock()

    def task(depth: int) -> None:
        if depth:
            workers.add(lambda: task(depth - 1))
            workers.add(lambda: task(depth - 1))
        with lock:
            done.append(depth)

    workers.add(lambda: task(6))
    workers.run()
    assert len(done) == 2**7 - 1


def test_the_newest_task_goes_first() -> None:
    workers, order = Workers(1), []
    workers.add(lambda: order.append("old"))
    workers.add(lambda: order.append("new"))
    workers.run()
    assert order == ["new", "old"]


def test_what_a_task_raises_ends_all_and_is_raised() -> None:
    workers, done = Workers(2), []

    def fail() -> None:
        raise KeyError("x")

    for _ in range(200):
        workers.add(lambda: (time.sleep(0.001), done.append(1)))
    workers.add(fail)
    with pytest.raises(KeyError):
        workers.run()
    assert len(done) < 200
    assert not [thread for thread in threading.enumerate() if thread.name == "oci-copy"]


def test_nothing_to_do_is_done_at_once() -> None:
    Workers(3).run()


def scopes(*names: str, actions: str = "pull") -> list[str]:
    return [f"repository:{name}:{actions}" for name in names]


def test_neighbours_share_a_token_up_to_a_number() -> None:
    shared, names = SharedScopes(), scopes(*(f"r{number}" for number in range(12)))
    for name in names:
        shared.expect(name)
    assert shared.covering((names[0],)) == tuple(names[:10])
    assert shared.covering((names[11],)) == tuple(names[10:])
    assert shared.together(names[0], names[9])
    assert not shared.together(names[0], names[10])


def test_who_may_write_reads_with_the_same_token_and_reading_alone_never_gives_writing() -> None:
    shared = SharedScopes()
    (write,), (read,), (other,) = scopes("a", actions="pull,push"), scopes("a"), scopes("b")
    shared.expect(write)
    shared.expect(other)
    assert shared.covering((read,)) == (write,)
    assert shared.covering((other,)) == (other,)
    assert shared.covering((write, other)) == (write, other)


def test_what_was_not_announced_or_was_refused_has_a_token_of_its_own() -> None:
    shared, names = SharedScopes(), scopes("a", "b")
    assert shared.covering((names[0],)) == (names[0],)
    assert not shared.together(names[0], names[1])
    for name in names:
        shared.expect(name)
    shared.part((names[0],))
    assert shared.covering((names[0],)) == (names[0],)
    assert shared.covering((names[1],)) == tuple(names)


def test_a_task_that_is_added_wakes_a_worker_not_the_one_who_waits_for_all() -> None:
    workers, taken = Workers(2), [threading.Event(), threading.Event()]
    seen: list[bool] = []

    def busy() -> None:
        for event in taken:
            time.sleep(0.2)  # the other worker, and who waits for all, are asleep by now
            workers.add(event.set)
            seen.append(event.wait(60))

    workers.add(busy)
    workers.run()
    assert seen == [True, True]


def test_threads_that_cannot_all_be_had_end_what_was_begun() -> None:
    script = """
import resource, threading
from oci.workers import Workers

threading.stack_size(1 << 28)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 5 * (1 << 27), resource.RLIM_INFINITY))
workers = Workers(16)
workers.add(lambda: None)
try:
    workers.run()
except RuntimeError:
    print("refused", threading.active_count())
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.stdout == "refused 1\n", ended.stderr
