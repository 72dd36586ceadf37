"""Reads the expressions of a query: comparisons, arithmetic, the functions that are answered here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_stack.logs.errors import syntax_error
from local_stack.logs.kql_tokens import moment, span, tokens, unquoted

COMPARISONS = (
    *("==", "!=", "=~", "!~", ">=", "<=", ">", "<", "in", "!in", "has", "!has"),
    *("contains", "!contains", "startswith", "!startswith", "endswith", "between"),
)
CASTS = ("tostring", "tobool", "tolong", "todouble", "todatetime")
CONDITIONS = ("isempty", "isnotempty", "isnull", "isnotnull", "tobool")
# Each function with the number of its arguments.
FUNCTIONS = {
    **dict.fromkeys(("ago", *CASTS, *CONDITIONS), 1),
    "now": 0,
    "bin": 2,
    "iff": 3,
    "datetime_diff": 3,
}


@dataclass(frozen=True)
class Column:
    name: str


@dataclass(frozen=True)
class Path:
    """`Details.incident.key`: what lies within a dynamic column."""

    column: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """`ago(1h)`, `now()`, `isempty(Column)` and kin."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Compare:
    left: Any
    operator: str
    right: Any


@dataclass(frozen=True)
class Logic:
    """`and`, `or` over several, `not` over one."""

    operator: str
    parts: tuple[Any, ...]


class Expressions:
    """The words of a query, read from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0

    def _or(self) -> Any:
        parts = [self._and()]
        while self._take_word("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Logic("or", tuple(parts))

    def _and(self) -> Any:
        parts = [self._unary()]
        while self._take_word("and"):
            parts.append(self._unary())
        return parts[0] if len(parts) == 1 else Logic("and", tuple(parts))

    def _unary(self) -> Any:
        if self._take_word("not"):
            self._mark("(")
            inner = self._or()
            self._mark(")")
            return Logic("not", (inner,))
        if self._take("mark", "("):
            inner = self._or()
            self._mark(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Any:
        left = self._operand()
        text = self._peek()[1]
        if text not in COMPARISONS:
            if isinstance(left, Call) and left.name in CONDITIONS:
                return left
            raise syntax_error(f"Query could not be parsed at '{text}': a comparison was expected.")
        self._at += 1
        if text in ("in", "!in"):
            self._mark("(")
            right: Any = tuple(self._listed(self._operand))
            self._mark(")")
        elif text == "between":
            self._mark("(")
            low = self._operand()
            self._mark("..")
            right = (low, self._operand())
            self._mark(")")
        else:
            right = self._operand()
        return Compare(left, text, right)

    def _operand(self) -> Any:
        value = self._simple()
        while self._peek() in (("mark", "+"), ("mark", "-")):
            sign = self._next()[1]
            value = Call("plus" if sign == "+" else "minus", (value, self._simple()))
        return value

    def _simple(self) -> Any:
        kind, text = self._next()
        if kind == "string":
            return unquoted(text)
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "span":
            return span(text)
        if kind == "datetime":
            return moment(text)
        if kind != "word" or text.startswith("!"):
            raise syntax_error(f"Query could not be parsed at '{text}'.")
        if text in ("true", "false"):
            return text == "true"
        if self._take("mark", "("):
            return self._call(text)
        names = []
        while self._take("mark", "."):
            names.append(self._word("a property"))
        return Path(text, tuple(names)) if names else Column(text)

    def _call(self, name: str) -> Call:
        if name not in FUNCTIONS:
            raise syntax_error(f"The function '{name}' is not answered by the local stack.")
        argument = self._or_operand if name == "iff" else self._operand
        arguments = () if self._peek() == ("mark", ")") else tuple(self._listed(argument))
        self._mark(")")
        if len(arguments) != FUNCTIONS[name]:
            raise syntax_error(f"{name}(): wrong number of arguments.")
        return Call(name, arguments)

    def _or_operand(self) -> Any:
        """A condition, or a plain value: what stands within iff()."""
        if self._peek() in (("mark", "("), ("word", "not")):
            return self._or()
        start = self._at
        value = self._operand()
        if self._peek()[1] in COMPARISONS or self._peek()[1] in ("and", "or"):
            self._at = start
            return self._or()
        return value

    def _listed(self, one: Callable[[], Any]) -> list[Any]:
        items = [one()]
        while self._take("mark", ","):
            items.append(one())
        return items

    def _number(self) -> int:
        kind, text = self._next()
        if kind != "number" or "." in text:
            raise syntax_error(f"Query could not be parsed at '{text}': a whole number was expected.")
        return int(text)

    def _word(self, what: str) -> str:
        kind, text = self._next()
        if kind != "word" or text.startswith("!"):
            raise syntax_error(f"Query could not be parsed at '{text}': {what} was expected.")
        return text

    def _mark(self, text: str) -> None:
        if self._next() != ("mark", text):
            found = self._tokens[self._at - 1][1]
            raise syntax_error(f"Query could not be parsed at '{found}': '{text}' was expected.")

    def _take(self, kind: str, text: str) -> bool:
        if self._peek() == (kind, text):
            self._at += 1
            return True
        return False

    def _take_word(self, text: str) -> bool:
        return self._take("word", text)

    def _done(self) -> bool:
        return self._at >= len(self._tokens)

    def _peek(self) -> tuple[str, str]:
        return ("end", "the end") if self._done() else self._tokens[self._at]

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        if token[0] == "end":
            raise syntax_error("Query could not be parsed: it ends too early.")
        self._at += 1
        return token
