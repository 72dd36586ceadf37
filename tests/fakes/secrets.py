"""Secrets in memory."""

from __future__ import annotations

from collections.abc import Mapping

from vibedata import redact
from vibedata.errors import Blocked


class FakeSecrets:
    """A Secrets port over a dict; `refused` names behave as if the role were missing."""

    def __init__(self, values: Mapping[str, str], *, refused: frozenset[str] = frozenset()) -> None:
        self.values = dict(values)
        self._refused = refused

    def get(self, name: str) -> str:
        if name in self._refused:
            raise Blocked("role-missing", f"No role for {name}.", hint="Assign it.")
        if not self.values.get(name):
            raise Blocked("secret-missing", f"No secret {name}.", hint="Set it.", detail={"secret": name})
        redact.register(self.values[name])
        return self.values[name]
