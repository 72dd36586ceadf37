"""Role assignments, decided as Azure does: any assignment at the scope or above whose role allows the action."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any

from local_stack.core.arm_ids import is_under
from local_stack.core.clock import Clock
from local_stack.core.errors import Forbidden
from local_stack.core.principals import Principal
from local_stack.core.store import Store

PROPAGATION = "roles.propagation_seconds"


class Roles:
    """Built-in role definitions (core/roles.json), and the assignments kept in the store."""

    def __init__(self, store: Store, clock: Clock, setting: Callable[[str, float], float]) -> None:
        self.definitions: dict[str, dict[str, Any]] = {
            role["id"]: role
            for role in json.loads(files("local_stack.core").joinpath("roles.json").read_text("utf-8"))
        }
        self._kept = store.collection("arm", "role_assignments")
        self._clock = clock
        self._setting = setting
        self._by_principal: dict[str, list[dict[str, Any]]] | None = None
        self.exercised: set[tuple[str, str, bool]] = (
            set()
        )  # what who was allowed since the start: is it data?

    def find(self, name_or_id: str) -> dict[str, Any] | None:
        """Return the role with this name or GUID (or an id that ends in it)."""
        wanted = name_or_id.rsplit("/", 1)[-1].lower()
        return next((r for r in self.definitions.values() if wanted in (r["id"], r["name"].lower())), None)

    def assignments(self) -> dict[str, dict[str, Any]]:
        """Return every assignment by its lower-case id."""
        return dict(self._kept)

    def assign(
        self, assignment_id: str, principal_id: str, role: str, scope: str, **more: Any
    ) -> dict[str, Any]:
        """Keep an assignment; it counts once the fault setting `roles.propagation_seconds` has passed."""
        definition = self.find(role)
        if definition is None:
            raise KeyError(role)
        kept = {
            "id": assignment_id,
            "principalId": principal_id,
            "role": definition["id"],
            "scope": scope,
            "effective": self._clock.now().timestamp() + self._setting(PROPAGATION, 0.0),
            **more,
        }
        self._kept[assignment_id.lower()] = kept
        self._by_principal = None
        return kept

    def remove(self, assignment_id: str) -> dict[str, Any] | None:
        """Remove an assignment and return it; None when there is none."""
        self._by_principal = None
        removed: dict[str, Any] | None = self._kept.pop(assignment_id.lower(), None)
        return removed

    def allows(self, principal: Principal, action: str, scope: str, data: bool = False) -> bool:
        """Say whether one of the principal's roles at or above `scope` allows the (data) action."""
        now = self._clock.now().timestamp()
        allowed = any(
            kept["effective"] <= now
            and is_under(scope, kept["scope"])
            and permits(self.definitions[kept["role"]], action, data)
            for kept in self._of(principal.oid)
        )
        if allowed:
            self.exercised.add((principal.oid, action, data))
        return allowed

    def require(self, principal: Principal, action: str, scope: str, data: bool = False) -> None:
        """Raise Forbidden unless the principal may do this there."""
        if not self.allows(principal, action, scope, data):
            raise Forbidden(principal.app_id, principal.oid, action, scope)

    def _of(self, oid: str) -> list[dict[str, Any]]:
        if self._by_principal is None:
            index: dict[str, list[dict[str, Any]]] = {}
            for kept in self._kept.values():
                index.setdefault(kept["principalId"], []).append(kept)
            self._by_principal = index
        return self._by_principal.get(oid, [])


def permits(role: dict[str, Any], action: str, data: bool) -> bool:
    """Say whether a role definition allows the action: listed, and not taken out again."""
    allowed, refused = ("dataActions", "notDataActions") if data else ("actions", "notActions")
    return _matches(role[allowed], action) and not _matches(role[refused], action)


def _matches(patterns: list[str], action: str) -> bool:
    return any(_compiled(pattern).fullmatch(action) for pattern in patterns)


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.IGNORECASE)
