"""Processors that take turns: each stops before every call of a port, until it is let go on, or dies there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.fakes.alert_processing import Killed


class Actor(threading.Thread):
    """Runs a task up to its next stop whenever it is told to. What it raises is kept in `trouble`."""

    def __init__(self, task: Callable[[Actor], Any]) -> None:
        super().__init__(daemon=True)
        self._task = task
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._is_doomed = False
        self.is_done = self.is_killed = False
        self.trouble: BaseException | None = None
        self.start()

    def run(self) -> None:
        self._go.acquire()
        try:
            self._task(self)
        except Killed:
            self.is_killed = True
        except BaseException as error:
            self.trouble = error
        self.is_done = True
        self._back.release()

    def stop_here(self) -> None:
        """Wait for the next turn, in the task's own thread."""
        self._back.release()
        self._go.acquire()
        if self._is_doomed:
            raise Killed

    def go_on(self, *, dies: bool = False) -> None:
        """Give it a turn, and wait until it stops again or is done."""
        self._is_doomed = dies
        self._go.release()
        self._back.acquire()


class Stopping:
    """A port whose every call is a stop."""

    def __init__(self, port: Any, actor: Actor) -> None:
        self._port, self._actor = port, actor

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)

        def stopping(*given: Any, **named: Any) -> Any:
            self._actor.stop_here()
            return call(*given, **named)

        return stopping
