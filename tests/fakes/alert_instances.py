"""AlertInstances and Watermarks in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from vibedata.alerts.reconciling import AlertInstance, instance_of


class FakeAlertInstances:
    """What Azure keeps, as its list shows it; `asked` is from when each listing was."""

    def __init__(self, *listed: dict[str, Any]) -> None:
        self.listed = list(listed)
        self.asked: list[datetime] = []

    def changed(self, since: datetime) -> Iterator[AlertInstance]:
        self.asked.append(since)
        found = [one for item in self.listed if (one := instance_of(item))]
        yield from sorted((one for one in found if one.changed_at >= since), key=lambda one: one.alert_id)


class FakeWatermarks:
    def __init__(self) -> None:
        self.moments: dict[str, datetime] = {}
        self.writes = 0

    def read(self, name: str) -> datetime | None:
        return self.moments.get(name)

    def advance(self, name: str, moment: datetime) -> bool:
        kept = self.moments.get(name)
        if kept is not None and kept >= moment:
            return False
        self.moments[name] = moment
        self.writes += 1
        return True
