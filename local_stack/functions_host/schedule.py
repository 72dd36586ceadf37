"""NCRONTAB: six fields, seconds first; a day must fit both its day fields, unlike cron's. Times are UTC."""

from __future__ import annotations

import re
from datetime import datetime

from croniter import croniter
from croniter.croniter import CroniterError

from local_stack.functions_host.errors import HostError

_FIELD = re.compile(
    r"(\*|\d+|[A-Za-z]{3})(-(\d+|[A-Za-z]{3}))?(/\d+)?(,(\*|\d+|[A-Za-z]{3})(-(\d+|[A-Za-z]{3}))?(/\d+)?)*"
)
_FIVE, _SIX = 5, 6
_MINUTE = 60.0


class Schedule:
    """When a timer occurs."""

    def __init__(self, text: str, function: str) -> None:
        fields = text.split()
        if len(fields) == _FIVE:
            fields.insert(0, "0")
        if len(fields) != _SIX or not all(_FIELD.fullmatch(each) for each in fields) or "7" in fields[-1]:
            raise HostError(
                f"The schedule of {function} is {text!r}; it must be NCRONTAB's six fields, as '0 */15 * * * *'."
            )
        self._text = " ".join(fields)
        try:
            self.next(datetime.fromisoformat("2024-01-01T00:00:00+00:00"))
        except (CroniterError, ValueError) as error:
            raise HostError(
                f"The schedule of {function}, {text!r}, never occurs or is wrong: {error}."
            ) from error

    def next(self, after: datetime) -> datetime:
        """Return the first occurrence after a time."""
        found: datetime = croniter(self._text, after, second_at_beginning=True, day_or=False).get_next(
            datetime
        )
        return found

    def is_frequent(self, now: datetime) -> bool:
        """Tell whether it occurs more than once in a minute: then Azure keeps no status of it."""
        first = self.next(now)
        return (self.next(first) - first).total_seconds() < _MINUTE
