"""Reads the part of the Kusto query language that is answered here; anything else is refused by its name.

table | where … | extend a = … | summarize arg_max(c, *) by … | summarize n = count(), … by … | project …
    | summarize n = dcountif(…), arg_max(c, a, b) by … | distinct … | order by … | top n by … | take n | count
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local_stack.logs.errors import syntax_error
from local_stack.logs.kql_expressions import Call, Column, Compare, Expressions, Logic, Path

__all__ = ["Aggregate", "Call", "Column", "Compare", "Logic", "Path", "Query", "Step", "parse"]

OPERATORS = (
    *(
        "where",
        "extend",
        "summarize",
        "project",
        "distinct",
        "order",
        "sort",
        "top",
        "take",
        "limit",
        "count",
    ),
)
# Each aggregate with the kind of what it takes: nothing, a condition, a value, a value and a condition.
AGGREGATES = {
    "count": "",
    "countif": "condition",
    **dict.fromkeys(("dcountif", "maxif", "minif"), "both"),
    **dict.fromkeys(("avg", "dcount", "min", "max", "make_set"), "value"),
}

PREFIXES = {"make_set": "set"}  # what a column without a name begins with, where it is not the function's

Named = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Aggregate:
    """`Alerts = count()`: the column's name, the function, and what it takes."""

    name: str
    function: str
    argument: Any = None
    condition: Any = None  # dcountif, maxif, minif: which rows count
    beside: tuple[str, ...] = ()  # arg_max(argument, these): what else it answers of that row


@dataclass(frozen=True)
class Step:
    """One operator of the pipe: what it does, and its parts."""

    name: str
    expression: Any = None
    named: Named = ()  # project, extend, summarize's by, distinct: (name in the result, expression)
    columns: tuple[tuple[str, str], ...] = ()  # order by: (column, asc|desc)
    aggregates: tuple[Aggregate, ...] = ()
    newest_by: str = ""  # summarize arg_max(this, *)
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


class _Parser(Expressions):
    def query(self) -> Query:
        table = self._word("a table's name")
        steps: list[Step] = []
        while not self._done():
            self._mark("|")
            steps += self._step()
        return Query(table, tuple(steps))

    def _step(self) -> list[Step]:
        name = self._word("an operator")
        while self._take("mark", "-"):
            name += f"-{self._word('an operator')}"
        parsers: dict[str, Callable[[], Step | list[Step]]] = {
            "where": lambda: Step("where", expression=self._or()),
            "extend": lambda: Step("extend", named=tuple(self._listed(self._assigned))),
            "summarize": self._summarize,
            "project": lambda: Step("project", named=tuple(self._listed(self._projected))),
            "distinct": lambda: Step("summarize", named=tuple(self._listed(self._projected))),
            "order": self._order,
            "sort": self._order,
            "top": self._top,
            "take": lambda: Step("take", count=self._number()),
            "limit": lambda: Step("take", count=self._number()),
            "count": lambda: Step("count"),
        }
        if name not in parsers:
            known = ", ".join(OPERATORS)
            raise syntax_error(
                f"The operator '{name}' is not answered by the local stack; it answers {known}."
            )
        step = parsers[name]()
        return step if isinstance(step, list) else [step]

    def _summarize(self) -> Step:
        newest_by, aggregates = "", list[Aggregate]()
        if self._peek() != ("word", "by"):
            aggregates = self._listed(self._aggregate)
        if any("*" in one.beside for one in aggregates):
            newest_by = self._alone(aggregates)
            aggregates = []
        by = tuple(self._listed(self._projected)) if self._take_word("by") else ()
        return Step("summarize", named=by, aggregates=tuple(aggregates), newest_by=newest_by)

    def _newest(self) -> Aggregate:
        """Read what follows `arg_max(`: a column, and `*` or the columns that are wanted of that row."""
        by = self._word("a column")
        self._mark(",")
        beside = ["*"] if self._take("mark", "*") else self._listed(lambda: self._word("a column"))
        self._mark(")")
        return Aggregate(by, "arg_max", Column(by), beside=tuple(beside))

    def _alone(self, aggregates: list[Aggregate]) -> str:
        if len(aggregates) > 1:
            raise syntax_error(
                "The local stack answers arg_max(…, *) only where it stands alone; "
                "beside other aggregates name the columns, as in arg_max(EventTime, Status)."
            )
        return aggregates[0].name

    def _aggregate(self) -> Aggregate:
        name, function = "", self._word("an aggregate")
        if self._take("mark", "="):
            name, function = function, self._word("an aggregate")
            if function == "arg_max":
                raise syntax_error("The local stack answers arg_max only without a name of its own.")
        if function not in ("arg_max", *AGGREGATES):
            known = ", ".join(("arg_max", *AGGREGATES))
            raise syntax_error(f"The aggregate '{function}' is not answered by the local stack; {known} are.")
        self._mark("(")
        if function == "arg_max":
            return self._newest()
        takes, condition = AGGREGATES[function], None
        argument = self._or() if takes == "condition" else self._operand() if takes else None
        if takes == "both":
            self._mark(",")
            condition = self._or()
        self._mark(")")
        if not name and (condition or isinstance(argument, (Call, Path))):
            raise syntax_error("Query could not be parsed: this aggregate needs a name here.")
        of = argument.name if isinstance(argument, Column) else ""
        return Aggregate(name or f"{PREFIXES.get(function, function)}_{of}", function, argument, condition)

    def _order(self) -> Step:
        if not self._take_word("by"):
            raise syntax_error("'order' and 'sort' need 'by'.")
        return Step("order", columns=tuple(self._listed(self._ordered)))

    def _top(self) -> list[Step]:
        count = self._number()
        if not self._take_word("by"):
            raise syntax_error("'top' needs 'by'.")
        return [Step("order", columns=(self._ordered(),)), Step("take", count=count)]

    def _ordered(self) -> tuple[str, str]:
        column = self._word("a column")
        if self._take_word("asc"):
            return column, "asc"
        self._take_word("desc")  # the default
        return column, "desc"

    def _assigned(self) -> tuple[str, Any]:
        name = self._word("a column")
        self._mark("=")
        return name, self._or_operand()

    def _projected(self) -> tuple[str, Any]:
        """`a`, `a = expression`, `bin(a, 1h)`, which stays `a`."""
        start = self._at
        if self._peek()[0] == "word":
            name = self._word("a column")
            if self._take("mark", "="):
                return name, self._or_operand()
        self._at = start
        value = self._operand()
        named = value.arguments[0] if isinstance(value, Call) and value.name == "bin" else value
        if not isinstance(named, Column):
            raise syntax_error("Query could not be parsed: this expression needs a name here.")
        return named.name, value
