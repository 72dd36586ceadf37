"""What the managed application's plan must allow its own identities: the union of rbac.json's rows.

A deny assignment of a managed application hits managed identities too, so a plan carries two lists of what is still
allowed, control actions and data actions, on top of `*/read` (docs/unproven.md says what nobody has seen of it yet).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from vibedata import contracts

ALWAYS = "*/read"  # what a plan allows without a word
SEPARATOR = ";"  # Partner Center's


@dataclass(frozen=True)
class AllowedActions:
    """The two lists, sorted, each action once."""

    actions: tuple[str, ...]
    data_actions: tuple[str, ...]


def allowed(rows: Sequence[dict[str, Any]] | None = None) -> AllowedActions:
    """Return the plan's lists; `rows` are those of rbac.json unless given."""
    given = contracts.load("rbac.json")["assignments"] if rows is None else rows
    control = {action for row in given for action in row["actions"] if not fnmatchcase(action, ALWAYS)}
    data = {action for row in given for action in row["dataActions"]}
    return AllowedActions(tuple(sorted(control)), tuple(sorted(data)))


def covers(action: str, *, data: bool) -> bool:
    """Say whether a row of rbac.json names this action, in whatever case Azure writes it."""
    rows = contracts.load("rbac.json")["assignments"]
    named = [pattern for row in rows for pattern in row["dataActions" if data else "actions"]]
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in named)
