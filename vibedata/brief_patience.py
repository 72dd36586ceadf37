"""The patience of one invocation of a function, which the host ends, and its worker with it, when it takes too long.

Each call is made again as the registry's policy says, but all of them share one deadline, and who is asked to wait for
long gives up at once: its message comes back, or is put off, and holds up no thread meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vibedata.errors import Transient
from vibedata.retry import ATTEMPTS, DELAY_SECONDS

T = TypeVar("T")

SECONDS = 120.0  # of an invocation, after which no call begins; with the last one far below `functionTimeout`
MAX_ASKED_SECONDS = 5.0  # of what the other side asks to wait; for longer, the message waits on its queue


class BriefPatience:
    """How the flow of one invocation calls its ports: until a moment, and never with long pauses."""

    def __init__(
        self,
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
        *,
        seconds: float = SECONDS,
    ) -> None:
        self._sleep, self._monotonic = sleep, monotonic
        self._end = monotonic() + seconds
        self._attempts, self._delay = ATTEMPTS, DELAY_SECONDS

    def told(self, attempts: int, delay_seconds: float) -> None:
        """Go on with the numbers of the registry."""
        self._attempts, self._delay = attempts, delay_seconds

    def call(self, fn: Callable[[], T]) -> T:
        """Call `fn` until it answers. Raises Transient (its own; alert-took-too-long) and whatever else it raises."""
        self.check()
        return self.finish(fn)

    def finish(self, fn: Callable[[], T]) -> T:
        """Call `fn` as `call` does, and once however late it is: it spares the next invocation what this one did."""
        tries = 0
        while True:
            try:
                return fn()
            except Transient as error:
                tries += 1
                asked = error.retry_after or 0.0
                pause = max(self._delay, asked)
                if tries > self._attempts or asked > MAX_ASKED_SECONDS or self._is_late(pause):
                    raise
            self._sleep(pause)

    def sleep(self, seconds: float) -> None:
        """Pause. Raises Transient (alert-took-too-long) where that would end too late."""
        self.check(seconds)
        self._sleep(seconds)

    def check(self, ahead: float = 0.0) -> None:
        """Raise Transient (alert-took-too-long) when nothing may begin any more in so many seconds, or ago."""
        if self._is_late(ahead):
            raise Transient(
                "alert-took-too-long",
                "Processing the alert has taken too long, because the tables or the log answer slowly.",
                hint="Nothing to do: the alert stays on the queue, and is processed again from where it was.",
            )

    def _is_late(self, ahead: float) -> bool:
        return self._monotonic() + ahead >= self._end
