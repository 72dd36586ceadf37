"""Reads the part of the Kusto query language that is answered here; anything else is refused by its name.

table | where … | summarize arg_max(c, *) by … | summarize count() by … | project … | order by … | take n
    | count
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local_stack.logs.errors import syntax_error
from local_stack.logs.kql_tokens import moment, span, tokens, unquoted

OPERATORS = ("where", "summarize", "project", "order", "sort", "take", "limit", "count")
COMPARISONS = (
    *("==", "!=", "=~", "!~", ">=", "<=", ">", "<", "in", "!in", "has", "!has"),
    *("contains", "!contains", "startswith", "between"),
)


@dataclass(frozen=True)
class Column:
    name: str


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


@dataclass(frozen=True)
class Step:
    """One operator of the pipe: what it does, and its parts."""

    name: str
    expression: Any = None
    columns: tuple[tuple[str, str], ...] = ()  # (name in the result, column); order by: (column, asc|desc)
    aggregate: str = ""
    count: int = 0


@dataclass(frozen=True)
class Query:
    table: str
    steps: tuple[Step, ...] = field(default=())


def parse(text: str) -> Query:
    """Return the query. Raises QueryError (SyntaxError)."""
    try:
        return _Parser(text).query()
    except RecursionError:
        raise syntax_error("Query could not be parsed: it is nested too deeply.") from None


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._at = 0

    def query(self) -> Query:
        table = self._word("a table's name")
        steps = []
        while not self._done():
            self._mark("|")
            steps.append(self._step())
        return Query(table, tuple(steps))

    def _step(self) -> Step:
        name = self._word("an operator")
        while self._take("mark", "-"):
            name += f"-{self._word('an operator')}"
        parsers: dict[str, Callable[[], Step]] = {
            "where": lambda: Step("where", expression=self._or()),
            "summarize": self._summarize,
            "project": lambda: Step("project", columns=tuple(self._listed(self._projected))),
            "order": self._order,
            "sort": self._order,
            "take": lambda: Step("take", count=self._number()),
            "limit": lambda: Step("take", count=self._number()),
            "count": lambda: Step("count"),
        }
        if name not in parsers:
            known = ", ".join(OPERATORS)
            raise syntax_error(
                f"The operator '{name}' is not answered by the local stack; it answers {known}."
            )
        return parsers[name]()

    def _summarize(self) -> Step:
        function = self._word("an aggregate")
        self._mark("(")
        if function == "arg_max":
            by = self._word("a column")
            self._mark(",")
            self._mark("*")
        elif function == "count":
            by = ""
        else:
            raise syntax_error(
                f"The aggregate '{function}' is not answered by the local stack; arg_max and count are."
            )
        self._mark(")")
        columns = tuple(self._listed(self._plain)) if self._take_word("by") else ()
        return Step("summarize", aggregate=f"{function}:{by}", columns=columns)

    def _order(self) -> Step:
        if not self._take_word("by"):
            raise syntax_error("'order' and 'sort' need 'by'.")
        return Step("order", columns=tuple(self._listed(self._ordered)))

    def _ordered(self) -> tuple[str, str]:
        column = self._word("a column")
        if self._take_word("asc"):
            return column, "asc"
        self._take_word("desc")  # the default
        return column, "desc"

    def _projected(self) -> tuple[str, str]:
        name = self._word("a column")
        return (name, self._word("a column")) if self._take("mark", "=") else (name, name)

    def _plain(self) -> tuple[str, str]:
        name = self._word("a column")
        return name, name

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
            if isinstance(left, Call) and left.name in ("isempty", "isnotempty"):
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
        return self._call(text) if self._take("mark", "(") else Column(text)

    def _call(self, name: str) -> Call:
        if name not in ("ago", "now", "isempty", "isnotempty"):
            raise syntax_error(f"The function '{name}' is not answered by the local stack.")
        arguments = () if self._peek() == ("mark", ")") else tuple(self._listed(self._operand))
        self._mark(")")
        if len(arguments) != (0 if name == "now" else 1):
            raise syntax_error(f"{name}(): wrong number of arguments.")
        return Call(name, arguments)

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
