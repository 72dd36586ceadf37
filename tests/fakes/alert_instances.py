"""AlertInstances and Watermarks in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from vibedata.alerts.reconciling import AlertInstance, instance_of
from vibedata.errors import Failed


class FakeAlertInstances:
    """What Azure keeps, as its list shows it; `asked` is from when each listing was, `at_most` what one can read."""

    def __init__(self, *listed: dict[str, Any], at_most: int = 1_000_000) -> None:
        self.at_most = at_most
        self.listed = list(listed)
        self.asked: list[datetime] = []

    def changed(self, since: datetime) -> Iterator[AlertInstance]:
        self.asked.append(since)
        found = self._since(since)
        if len(found) > self.at_most:
            raise Failed("alert-instances-endless", "too many", hint="find the rule")
        yield from sorted(found, key=lambda one: one.alert_id)

    def changed_first(self, since: datetime, until: datetime) -> tuple[list[AlertInstance], datetime]:
        self.asked.append(since)
        found = sorted(self._since(since), key=lambda one: one.changed_at)
        first = found[: self.at_most]
        return first, first[-1].changed_at if len(found) > self.at_most else until

    def _since(self, since: datetime) -> list[AlertInstance]:
        found = [one for item in self.listed if (one := instance_of(item))]
        return [one for one in found if one.changed_at >= since]


class FakeWatermarks:
    def __init__(self) -> None:
        self.moments: dict[str, datetime] = {}
        self.notes: dict[str, str] = {}
        self.writes = 0

    def read(self, name: str) -> datetime | None:
        return self.moments.get(name)

    def noted(self, name: str) -> str:
        return self.notes.get(name, "")

    def note(self, name: str, text: str) -> None:
        self.notes[name] = text
        self.writes += 1

    def advance(self, name: str, moment: datetime) -> bool:
        kept = self.moments.get(name)
        if kept is not None and kept >= moment:
            return False
        self.moments[name] = moment
        self.writes += 1
        return True
