"""Answers a parsed query over rows. Values are Python's: datetime, str, int, float, bool; None where null."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local_stack.logs.errors import semantic_error
from local_stack.logs.kql import Call, Column, Compare, Logic, Query, Step

Row = dict[str, Any]
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True)
class Table:
    """Rows with their columns (name → type), in order."""

    columns: Mapping[str, str]
    rows: list[Row]


def run(query: Query, table: Table, now: datetime) -> Table:
    """Return what the query's pipe makes of the table. Raises QueryError (SemanticError)."""
    runner = _Runner(now)
    for step in query.steps:
        table = runner.step(step, table)
    return table


class _Runner:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def step(self, step: Step, table: Table) -> Table:
        if step.name == "where":
            _known(_columns_of(step.expression), table, "where")
            return Table(table.columns, [row for row in table.rows if self._truth(step.expression, row)])
        if step.name == "take":
            return Table(table.columns, table.rows[: step.count])
        if step.name == "count":
            return Table({"Count": "long"}, [{"Count": len(table.rows)}])
        if step.name == "order":
            return _ordered(step, table)
        return _projected(step, table) if step.name == "project" else _summarized(step, table)

    def _truth(self, expression: Any, row: Row) -> bool:
        if isinstance(expression, Logic):
            parts = (self._truth(part, row) for part in expression.parts)
            if expression.operator == "not":
                return not next(parts)
            return all(parts) if expression.operator == "and" else any(parts)
        if isinstance(expression, Call):
            empty = self._value(expression.arguments[0], row) in (None, "")
            return empty if expression.name == "isempty" else not empty
        return self._compared(expression, row)

    def _compared(self, compare: Compare, row: Row) -> bool:
        left, name = self._value(compare.left, row), compare.operator
        if name in ("in", "!in"):
            found = any(_equal(left, self._value(item, row)) for item in compare.right)
            return found if name == "in" else not found
        if name == "between":
            low, high = (self._value(item, row) for item in compare.right)
            return _relation(">=", left, low) and _relation("<=", left, high)
        right = self._value(compare.right, row)
        if name in ("==", "!="):
            return _equal(left, right) is (name == "==")
        return _relation(name, left, right) if name in _ORDERED else _text_match(name, left, right)

    def _value(self, part: Any, row: Row) -> Any:
        if isinstance(part, Column):
            return row[part.name]
        if not isinstance(part, Call):
            return part
        if part.name == "now":
            return self._now
        values = [self._value(argument, row) for argument in part.arguments]
        if part.name == "ago":
            return self._now - _of_type(values[0], timedelta, "ago() takes a timespan")
        try:
            return values[0] + values[1] if part.name == "plus" else values[0] - values[1]
        except (TypeError, OverflowError):
            raise semantic_error("These two values can be neither added nor subtracted.") from None


def _relation(name: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return False
    try:
        return _ORDERED[name](left, right)
    except TypeError:
        kinds = f"{type(left).__name__} and {type(right).__name__}"
        raise semantic_error(f"Values of different types cannot be compared by '{name}': {kinds}.") from None


def _equal(left: Any, right: Any) -> bool:
    numbers = (int, float)
    comparable = (
        left is None
        or type(left) is type(right)
        or (isinstance(left, numbers) and isinstance(right, numbers))
    )
    if not comparable:
        kinds = f"{type(left).__name__} and {type(right).__name__}"
        raise semantic_error(f"Cannot compare values of types {kinds}. Try adding explicit casts.")
    return bool(left == right)


def _text_match(name: str, left: Any, right: Any) -> bool:
    left = _of_type(left, str, f"'{name}' compares text").lower()
    right = _of_type(right, str, f"'{name}' compares text").lower()
    plain = name.lstrip("!")
    if plain in ("=~", "~"):
        found = left == right
    elif plain == "has":
        found = re.search(rf"(?<![a-z0-9]){re.escape(right)}(?![a-z0-9])", left) is not None
    else:
        found = right in left if plain == "contains" else left.startswith(right)
    return not found if name.startswith("!") else found


def _of_type(value: Any, kind: type, message: str) -> Any:
    if not isinstance(value, kind):
        raise semantic_error(f"{message}, not {type(value).__name__}.")
    return value


def _ordered(step: Step, table: Table) -> Table:
    _known([name for name, _ in step.columns], table, "order")
    rows = list(table.rows)
    for name, direction in reversed(step.columns):
        rows.sort(key=_nulls_first(name), reverse=direction == "desc")
    return Table(table.columns, rows)


def _projected(step: Step, table: Table) -> Table:
    _known([column for _, column in step.columns], table, "project")
    columns = {name: table.columns[column] for name, column in step.columns}
    return Table(columns, [{name: row[column] for name, column in step.columns} for row in table.rows])


def _summarized(step: Step, table: Table) -> Table:
    keys = [name for name, _ in step.columns]
    function, _, by = step.aggregate.partition(":")
    _known([*keys, *([by] if by else [])], table, "summarize")
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in table.rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    if function == "count":
        counted = [{**dict(zip(keys, group)), "count_": len(rows)} for group, rows in groups.items()]  # noqa: B905
        if not keys:
            counted = counted or [{"count_": 0}]
        return Table({**{key: table.columns[key] for key in keys}, "count_": "long"}, counted)
    rest = [name for name in table.columns if name not in keys]
    columns = {name: table.columns[name] for name in [*keys, by, *(n for n in rest if n != by)]}
    return Table(columns, [_latest(rows, by, columns) for rows in groups.values()])


def _latest(rows: list[Row], by: str, columns: Mapping[str, str]) -> Row:
    newest = max(rows, key=_nulls_first(by))
    return {name: newest[name] for name in columns}


def _nulls_first(name: str) -> Callable[[Row], tuple[bool, Any]]:
    return lambda row: (row[name] is not None, row[name])


def _columns_of(part: Any) -> list[str]:
    if isinstance(part, Column):
        return [part.name]
    if isinstance(part, Compare):
        return _columns_of(part.left) + _columns_of(part.right)
    if isinstance(part, (Logic, Call)):
        return _columns_of(part.parts if isinstance(part, Logic) else part.arguments)
    return [name for item in part for name in _columns_of(item)] if isinstance(part, tuple) else []


def _known(names: list[str], table: Table, where: str) -> None:
    for name in names:
        if name not in table.columns:
            raise semantic_error(
                f"'{where}' operator: Failed to resolve column or scalar expression named '{name}'"
            )
