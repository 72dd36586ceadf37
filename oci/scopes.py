"""Which scopes share a token: those of neighbours in one run, so that many repositories need few tokens."""

from __future__ import annotations

import threading

_TOGETHER = 10  # a token grows by each scope, and is sent with each request


class SharedScopes:
    """Groups of scopes in the order in which they were announced; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._group_of: dict[str, list[str]] = {}
        self._open: dict[str, list[str]] = {}

    def expect(self, scope: str) -> None:
        """Put a scope into a group of its kind (reading, writing) that no token was asked for yet."""
        kind = scope.rpartition(":")[2]
        with self._lock:
            if scope in self._group_of:
                return
            if len(self._open.get(kind, ())) in (0, _TOGETHER):
                self._open[kind] = []
            self._open[kind].append(scope)
            self._group_of[scope] = self._open[kind]

    def covering(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """Return the group that holds all of these; themselves, when there is none."""
        with self._lock:
            group = tuple(self._group(scopes[0]))
            if not all(self._group(scope) == list(group) for scope in scopes):
                return scopes
            self._open.clear()
            return group or scopes

    def together(self, one: str, other: str) -> bool:
        """Tell whether one token holds both scopes."""
        with self._lock:
            return bool(self._group(one)) and self._group(one) is self._group(other)

    def _group(self, scope: str) -> list[str]:
        """Return the group of a scope; who may write may read."""
        writing = scope + ",push" if scope.endswith(":pull") else scope
        return self._group_of.get(writing) or self._group_of.get(scope) or []

    def part(self, scopes: tuple[str, ...]) -> None:
        """Take these out of their groups: a token for the group was refused for them."""
        with self._lock:
            for scope in scopes:
                for form in (scope, scope + ",push"):
                    self._group_of.pop(form, None)
