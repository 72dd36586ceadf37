"""A few threads for tasks that bring forth tasks: the newest first, so that what was begun is finished early."""

from __future__ import annotations

import threading
from collections.abc import Callable

Task = Callable[[], None]


class Workers:
    """Runs tasks, which may add others but wait for none."""

    def __init__(self, count: int) -> None:
        self._count = max(1, count)
        lock = threading.Lock()
        self._changed = threading.Condition(lock)  # for who works
        self._over = threading.Condition(lock)  # for who waits for all: a new task is not to wake that one
        self._waiting: list[Task] = []
        self._running = 0
        self._failure: BaseException | None = None
        self._stopped = False

    def add(self, task: Task) -> None:
        """Have a task done before those that wait already."""
        with self._changed:
            self._waiting.append(task)
            self._changed.notify()

    def run(self) -> None:
        """Return when nothing waits or runs. The first thing that a task raised ends all, and is raised."""
        threads: list[threading.Thread] = []
        try:
            for _ in range(self._count):
                thread = threading.Thread(target=self._work, name="oci-copy")
                thread.start()
                threads.append(thread)
            with self._over:
                self._over.wait_for(self._is_over)
        finally:
            with self._changed:
                self._stopped = True
                self._changed.notify_all()
            for thread in threads:
                thread.join()
        if self._failure:
            raise self._failure

    def _is_over(self) -> bool:
        return self._failure is not None or not (self._waiting or self._running)

    def _work(self) -> None:
        while task := self._take():
            failure = None
            try:
                task()
            except BaseException as error:  # noqa: BLE001 - raised again by `run`
                failure = error
            with self._changed:
                self._running -= 1
                self._failure = self._failure or failure
                if self._is_over():
                    self._over.notify()

    def _take(self) -> Task | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._waiting)
            if self._stopped:
                return None
            self._running += 1
            return self._waiting.pop()
