"""What reconciliation has enqueued lately, so that it does not do so in each run while nothing comes of it.

A message stays on its queue until somebody takes it, so one is enough while processing stands still; but one may be
lost (somebody cleared the queue). So a key is remembered for a little less than an event is looked at: the last look,
an hour after the first, enqueues what has still not come once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from vibedata.alerts import times
from vibedata.alerts.reconciling import OVERLAP

REMEMBERED = OVERLAP - timedelta(minutes=10)
FORGOTTEN = 2 * OVERLAP  # until then it is known that it had been enqueued
MAX_KEYS = 8000  # the newest; of more, each run enqueues the rest again
KEY_CHARS = 16  # of a delivery key, which is a digest


@dataclass(frozen=True)
class EnqueuedLately:
    """When delivery keys, by their first digits, were enqueued last."""

    at: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> EnqueuedLately:
        """Return what `as_text` wrote; a line that cannot be read is left out."""
        at: dict[str, datetime] = {}
        for line in text.splitlines():
            told, _, keys = line.partition(" ")
            if moment := times.parse(told):
                at |= dict.fromkeys(keys.split(), moment)
        return cls(at)

    def as_text(self) -> str:
        """Return a line for each moment: the time in UTC, and the keys."""
        lines: dict[datetime, list[str]] = {}
        for key, moment in self.at.items():
            lines.setdefault(moment, []).append(key)
        return "\n".join(f"{_iso(moment)} {' '.join(keys)}" for moment, keys in lines.items())

    def knows(self, key: str) -> bool:
        """Say whether a delivery key has been enqueued, though it may be time to do so again."""
        return key[:KEY_CHARS] in self.at

    def has(self, key: str, now: datetime) -> bool:
        """Say whether a delivery key has been enqueued so lately that once is enough."""
        moment = self.at.get(key[:KEY_CHARS])
        return moment is not None and now - moment < REMEMBERED

    def plus(self, keys: Iterable[str], now: datetime) -> EnqueuedLately:
        """Return it with these keys, enqueued now; without what is old, and the oldest of too many."""
        young = {key: moment for key, moment in self.at.items() if now - moment < FORGOTTEN}
        newest = sorted(
            (young | {key[:KEY_CHARS]: now for key in keys}).items(), key=lambda one: one[1], reverse=True
        )
        return EnqueuedLately(dict(newest[:MAX_KEYS]))


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat()
