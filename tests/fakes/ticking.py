"""A clock that only sleeping, and who says so, moves; in monotonic seconds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

BEGAN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)


class Ticking:
    """`now` is monotonic seconds; `slept` keeps each pause."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> datetime:
        return BEGAN + timedelta(seconds=self.now)
