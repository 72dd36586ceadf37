"""Fencing: a holder that was silent for too long may wake up and write; what a newer one has written refuses it.

Every lease has a fence, a number that only grows. Whoever writes under a lease leaves its fence in the row, and
no row takes a write with a lower fence than its own.
"""

from __future__ import annotations

from vibedata.errors import Failed


def refuse_older(ours: int, found: int, what: str) -> None:
    """Refuse a write under the fence `ours` when `what` was written under a newer one. Raises Failed (lease-lost)."""
    if found > ours:
        raise Failed(
            "lease-lost",
            f"{what} was written under the lease's fence {found}; this run has {ours}, and is no longer its holder.",
            hint="Look at the other run with `vibedata logs`; run this one again when it has ended.",
            detail={"fence": ours, "newer": found},
        )
