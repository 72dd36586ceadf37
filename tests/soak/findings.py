"""What a checker finds, and a row of the log as it reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.soak.samples import mark_of

MOST_SHOWN = 5


@dataclass
class Findings:
    """What was counted, and what is wrong, in words."""

    facts: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def expect(self, is_so: bool, otherwise: str, examples: Sequence[Any] = ()) -> None:
        """Note what is not as it must be."""
        if not is_so:
            shown = f": {', '.join(map(str, list(examples)[:MOST_SHOWN]))}" if examples else ""
            self.wrong.append(otherwise + shown)


@dataclass(frozen=True)
class LoggedRow:
    """A row of an alert as it arrived."""

    event_id: str
    time: str
    details: dict[str, Any]

    @property
    def number(self) -> int | None:
        """The logical event that it carries the mark of."""
        return mark_of(self.details)

    @property
    def is_reconciled(self) -> bool:
        """Whether reconciliation told of it and no delivery."""
        return bool(self.details.get("reconciled"))
