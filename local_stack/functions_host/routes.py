"""Routes of HTTP-triggered functions: ASP.NET's templates, found in any case, most literal first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from local_stack.functions_host.errors import HostError
from local_stack.functions_host.indexing import Function

_PARAMETER = re.compile(r"\{(\*{0,2})([A-Za-z_]\w*)(?::([^{}]*?))?(\?)?\}")
_CONSTRAINTS = {
    None: "[^/]+",
    "int": r"-?\d+",
    "long": r"-?\d+",
    "alpha": "[A-Za-z]+",
    "bool": "(?i:true|false)",
    "guid": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
}


@dataclass(frozen=True)
class Route:
    """A function's address, its methods (none: any) and who may call it."""

    function: Function
    pattern: re.Pattern[str]
    literal: int
    methods: tuple[str, ...]
    level: str


class Routes:
    """All addresses of an app."""

    def __init__(self, functions: list[Function], prefix: str) -> None:
        made = [_route(each, prefix) for each in functions if each.kind == "httpTrigger"]
        self._routes = sorted(made, key=lambda route: -route.literal)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route of a request and its parameters. A method it does not take is no route, as in Azure."""
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match and (not route.methods or method in route.methods):
                return route, {k: unquote(v) for k, v in match.groupdict().items() if v is not None}
        return None


def _route(function: Function, prefix: str) -> Route:
    template = str(function.binding.get("route") or function.name).strip("/")
    methods = tuple(str(method).upper() for method in function.binding.get("methods") or ())
    level = str(function.binding.get("authLevel") or "function").lower()
    whole = f"{prefix}/{template}" if prefix else template
    pattern, literal = _pattern(whole, function.name)
    return Route(function, re.compile(pattern, re.IGNORECASE), literal, methods, level)


def _pattern(template: str, name: str) -> tuple[str, int]:
    pattern, literal = "", 0
    for segment in template.split("/"):
        match = _PARAMETER.fullmatch(segment)
        if match is None:
            if "{" in segment or "}" in segment:
                raise HostError(f"The route of {name}: this host cannot take the segment {segment!r}.")
            pattern += "/" + re.escape(segment)
            literal += 1
            continue
        rest, parameter, constraint, optional = match.groups()
        if constraint not in _CONSTRAINTS:
            raise HostError(f"The route of {name}: this host does not know the constraint {constraint!r}.")
        one = f"(?P<{parameter}>{'.*' if rest else _CONSTRAINTS[constraint]})"
        pattern += f"(?:/{one})?" if optional or rest else f"/{one}"
    return pattern + "/?", literal
