"""A body of an alert that is kept as a blob, and what intake noted about one that was no alert."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vibedata.errors import BadInput

CONTAINERS = ("alerts-claims", "alerts-rejected")
REJECTED = "alerts-rejected/sha256/"  # what intake takes for no alert


@dataclass(frozen=True)
class KeptBody:
    """One that is kept: its container and blob, size, since when; of one that was rejected, why and how it came."""

    path: str
    size: int
    at: datetime | None = None
    code: str = ""
    reason: str = ""
    origin: str = ""


def as_dict(one: KeptBody) -> dict[str, Any]:
    """Return what is known of one as plain data."""
    return {
        "name": one.path,
        "at": one.at.isoformat() if one.at else None,
        "code": one.code,
        "reason": one.reason,
        "origin": one.origin,
        "bytes": one.size,
    }


def unknown(path: str) -> BadInput:
    """Return the error for a name under which nothing is kept."""
    return BadInput(
        "alert-body-unknown",
        f"{path[:200]!r} is neither a file nor the name of a kept body.",
        hint=f"Name a file, or a blob as {' or '.join(f'{one}/…' for one in CONTAINERS)}; "
        "`vibedata alerts poison list --rejected` shows what intake took for no alert.",
    )


def ambiguous(path: str) -> BadInput:
    """Return the error for letters that begin the names of several."""
    return BadInput(
        "alert-body-ambiguous",
        f"{path[:200]!r} begins the names of several kept bodies.",
        hint="Give more letters.",
    )
