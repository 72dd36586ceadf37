"""What is fired in which order: new alerts mixed with what follows of earlier ones, some of it out of order."""

from __future__ import annotations

import copy
import heapq
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from tests.soak.ledger import identity
from tests.soak.samples import Document, Samples, essentials, marked, recased, timed

RESOLVED_FIRST = 0.2
FIRED_AGAIN = 0.1
SAME_MOMENT = 0.05  # of the activity log's: another event of the same alert at the same time
TWICE = 0.25  # and of these again, and so on: more than can be in flight at the kills, or nothing is proved
AT_ONCE = 0.3  # of the repetitions: right behind, as when a relay's batch is tried again
SPREAD = 400  # deliveries between what belongs together, at most
OLDEST, YOUNGEST = timedelta(minutes=25), timedelta(minutes=12)


@dataclass(frozen=True)
class Delivery:
    """One document to fire, and the logical event that it tells of."""

    number: int
    event: tuple[str, ...]
    body: bytes


class Plan:
    """An endless order of deliveries, the same for the same seed but for the times."""

    def __init__(self, samples: Samples, seed: int, twice: float = TWICE) -> None:
        self._samples = samples
        self._rng = random.Random(seed)
        self._twice = twice
        self._numbers = itertools.count()
        self._ties = itertools.count()
        self._waiting: list[tuple[int, int, Delivery]] = []

    def deliveries(self, count: int) -> Iterator[Delivery]:
        """Yield so many, and a few more where that ends what the last alerts have to tell."""
        position = 0
        while position < count or self._waiting:
            is_due = bool(self._waiting) and self._waiting[0][0] <= position
            if not is_due and position + len(self._waiting) < count:
                self._begin(position)
            yield heapq.heappop(self._waiting)[2]
            position += 1

    def _begin(self, position: int) -> None:
        """Line up everything that one more alert will tell, its first delivery now."""
        offset = 0
        for document in self._documents():
            self._line_up(document, position + offset)
            offset += self._rng.randint(1, SPREAD)

    def _documents(self) -> list[Document]:
        rng, now = self._rng, datetime.now(timezone.utc)
        story = self._samples.story(rng, next(self._numbers))
        fired = now - YOUNGEST - (OLDEST - YOUNGEST) * rng.random()
        found = [timed(story.fired, fired)]
        if story.resolved:
            resolved = fired + timedelta(minutes=1 + 5 * rng.random())
            found.append(timed(story.resolved, fired, resolved))
            if rng.random() < RESOLVED_FIRST:
                found.reverse()
            if rng.random() < FIRED_AGAIN:
                again = resolved + timedelta(minutes=1 + 3 * rng.random())
                found.append(timed(copy.deepcopy(story.fired), again))
        context = story.fired.get("data", {}).get("alertContext") if essentials(story.fired) else None
        if isinstance(context, dict) and context.get("eventDataId") and rng.random() < SAME_MOMENT:
            other = copy.deepcopy(story.fired)
            other["data"]["alertContext"]["eventDataId"] += "-b"
            found.append(other)
        return found

    def _line_up(self, document: Document, position: int) -> None:
        number = next(self._numbers)
        told = marked(document, number)
        event = identity(told)
        self._put(position, Delivery(number, event, _bytes(told)))
        while self._rng.random() < self._twice:
            position += 1 if self._rng.random() < AT_ONCE else self._rng.randint(1, SPREAD)
            again = recased(told) if event[0] != "legacy" else told
            assert identity(again) == event
            self._put(position, Delivery(number, event, _bytes(again)))

    def _put(self, position: int, delivery: Delivery) -> None:
        heapq.heappush(self._waiting, (position, next(self._ties), delivery))


def _bytes(document: Document) -> bytes:
    return json.dumps(document).encode()
