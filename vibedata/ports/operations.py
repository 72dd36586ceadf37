"""What every verb has: how it ended, its log, and the right to change the instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Summary:
    """How a verb ended: what it wrote by kind, or would have (a dry run's `planned`), and facts for the caller."""

    verb: str
    written: Mapping[str, int]
    message: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    planned: Mapping[str, int] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        """How many things were written in all."""
        return sum(self.written.values())

    @property
    def status(self) -> str:
        """Say in words how it ended: done, planned (by a dry run), or nothing to do."""
        if self.changed:
            return "done"
        return "planned" if sum(self.planned.values()) else "nothing to do"


class OperationsLog(Protocol):
    """Where rows of `VibeData_Operations_CL` go. Delivery never fails the work: what cannot be sent is spooled."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Accept rows for delivery, in order; may buffer."""

    def flush(self) -> None:
        """Deliver the buffer, and what earlier processes left in the spool; what fails goes to the spool."""

    def check(self) -> None:
        """Deliver the buffer, and raise Blocked (role-missing) when Azure refuses rows for want of a role."""


class OperationsReader(Protocol):
    """Reads rows back."""

    def rows(self, *, since: datetime, operation_id: str | None = None) -> list[dict[str, Any]]:
        """Return the rows since then, folded by EventId (the newest TimeGenerated stands), oldest first."""


class Lease(Protocol):
    """The right to change an instance, held by one operation at a time."""

    fence: int

    def check(self) -> None:
        """Raise Failed (lease-lost) when another operation has taken over; renews when it is time."""

    def release(self) -> None:
        """Give the lease back; a lost one is left alone."""


class Leases(Protocol):
    """Who may change the instance now."""

    def acquire(self, name: str, *, owner: str) -> Lease:
        """Take the lease `name` for operation `owner`, which may hold it already; wait out a holder that died.

        Raises Blocked (lease-held).
        """
