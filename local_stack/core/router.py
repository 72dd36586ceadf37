"""Finds the route of a request: fixed segments in any case, as Azure's front doors match them; first fit wins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from local_stack.core.service import Route

_PARAMETER = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})+))?\}")


@dataclass(frozen=True)
class Match:
    """A route, the service that owns it, and the values in the path."""

    service: str
    route: Route
    values: dict[str, str]


class Router:
    """Routes of one listener, in the order in which they were added."""

    def __init__(self) -> None:
        self._by_method: dict[str, list[tuple[re.Pattern[str], str, Route]]] = {}

    def add(self, service: str, routes: list[Route]) -> None:
        """Add a service's routes."""
        for route in routes:
            methods = ("GET", "HEAD") if route.method == "GET" else (route.method,)
            for method in methods:
                self._by_method.setdefault(method, []).append((_pattern(route.path), service, route))

    def find(self, method: str, raw_path: str) -> Match | None:
        """Return the first route that fits the path (still percent-encoded), or None."""
        for pattern, service, route in (*self._by_method.get(method, ()), *self._by_method.get("*", ())):
            found = pattern.fullmatch(raw_path)
            if found:
                return Match(
                    service, route, {key: unquote(value) for key, value in found.groupdict().items()}
                )
        return None

    def methods(self, raw_path: str) -> list[str]:
        """Return the methods that would fit the path."""
        return [m for m, rows in self._by_method.items() if any(row[0].fullmatch(raw_path) for row in rows)]


def _pattern(path: str) -> re.Pattern[str]:
    pieces, position = [], 0
    for parameter in _PARAMETER.finditer(path):
        pieces.append(_fixed(path[position : parameter.start()]))
        pieces.append(f"(?P<{parameter[1]}>{parameter[2] or '[^/]+'})")
        position = parameter.end()
    pieces.append(_fixed(path[position:]))
    return re.compile("".join(pieces))


def _fixed(text: str) -> str:
    return f"(?i:{re.escape(text)})" if text else ""
