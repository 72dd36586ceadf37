"""Resource Manager's expressions, read and evaluated: what a compiled template's `[...]` strings come to.

Small on purpose: the language of the expressions whole, and in functions.py the functions that our template uses. A
function that is not there is an error, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

Node = tuple[Any, ...]

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(-?\d+)|([A-Za-z_]\w*)|([()\[\],.]))")


class ExpressionError(Exception):
    """An expression that Resource Manager would refuse, or that this evaluator does not know."""


class Scope(Protocol):
    """Where an expression stands: what its names mean there."""

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Return what a function gives, of those that have no grammar of their own; its name is in small letters."""


class Lazy(Protocol):
    """A value whose members are found only when they are asked for."""

    def member(self, name: str) -> Any:
        """Return a member."""


@dataclass(frozen=True)
class Function:
    """A lambda with the values around it."""

    names: tuple[str, ...]
    body: Node
    scope: Scope
    bound: Mapping[str, Any]

    def __call__(self, *values: Any) -> Any:
        """Apply it to as many values as it has names for."""
        return run(self.body, self.scope, {**self.bound, **dict(zip(self.names, values, strict=True))})


def is_expression(text: str) -> bool:
    """Tell whether a string of a template is one."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def evaluate(text: str, scope: Scope) -> Any:
    """Return what an expression, with its brackets, comes to. Raises ExpressionError."""
    return run(parse(text), scope, {})


@lru_cache(maxsize=8192)
def parse(text: str) -> Node:
    """Read an expression with its brackets. Raises ExpressionError."""
    reader = _Reader(text[1:-1])
    node = reader.expression()
    if reader.peek() is not None:
        raise ExpressionError(f"{text}: more than one expression")
    return node


def run(node: Node, scope: Scope, bound: Mapping[str, Any]) -> Any:
    """Evaluate what was read."""
    kind = node[0]
    if kind == "literal":
        return node[1]
    if kind == "member":
        return member(run(node[1], scope, bound), run(node[2], scope, bound))
    return _call(node[1], node[2], scope, bound)


def member(value: Any, key: Any) -> Any:
    """Return a property or an element; names are found whatever their case. Raises ExpressionError."""
    if hasattr(value, "member"):
        return value.member(key)
    if isinstance(value, Mapping) and isinstance(key, str):
        for name in value:
            if name.lower() == key.lower():
                return value[name]
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    raise ExpressionError(f"there is no {key!r} in {str(value)[:120]}")


def _call(name: str, arguments: tuple[Node, ...], scope: Scope, bound: Mapping[str, Any]) -> Any:
    known = name.lower()
    if known == "lambdavariables":
        return bound[arguments[0][1]]
    if known == "lambda":
        *names, body = arguments
        return Function(tuple(each[1] for each in names), body, scope, bound)
    if known == "if":
        condition = run(arguments[0], scope, bound)
        return run(arguments[1] if condition else arguments[2], scope, bound)
    if known in ("and", "or"):
        values = (run(each, scope, bound) for each in arguments)
        return all(values) if known == "and" else any(values)
    return scope.call(known, [run(each, scope, bound) for each in arguments])


class _Reader:
    """The words of an expression, one at a time."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def peek(self) -> re.Match[str] | None:
        found = _TOKEN.match(self.text, self.at)
        if found is None and self.text[self.at :].strip():
            raise ExpressionError(f"{self.text}: cannot be read at {self.at}")
        return found

    def take(self, wanted: str = "") -> re.Match[str]:
        found = self.peek()
        if found is None or (wanted and found[4] != wanted):
            raise ExpressionError(f"{self.text}: {wanted or 'a word'} is missing at {self.at}")
        self.at = found.end()
        return found

    def next_is(self, sign: str) -> bool:
        found = self.peek()
        return found is not None and found[4] == sign

    def expression(self) -> Node:
        node = self._first()
        while True:
            if self.next_is("."):
                self.take()
                node = ("member", node, ("literal", self.take()[3]))
            elif self.next_is("["):
                self.take()
                node = ("member", node, self.expression())
                self.take("]")
            else:
                return node

    def _first(self) -> Node:
        found = self.take()
        if found[1] is not None:
            return ("literal", found[1][1:-1].replace("''", "'"))
        if found[2] is not None:
            return ("literal", int(found[2]))
        if found[3] is None:
            raise ExpressionError(f"{self.text}: {found[0]!r} begins nothing")
        self.take("(")
        arguments = []
        while not self.next_is(")"):
            arguments.append(self.expression())
            if not self.next_is(")"):
                self.take(",")
        self.take(")")
        return ("call", found[3], tuple(arguments))
