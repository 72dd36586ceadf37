"""What an expression is worth in a row. Values are Python's: datetime, str, int, float, bool; None where null."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from local_stack.logs.errors import semantic_error
from local_stack.logs.kql_expressions import CONDITIONS, Call, Column, Compare, Logic, Path
from local_stack.logs.kql_types import UNITS
from local_stack.logs.times import parse_time

Row = dict[str, Any]
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Values:
    """The values of expressions at one moment."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def truth(self, expression: Any, row: Row) -> bool:
        """Say whether a condition holds."""
        if isinstance(expression, Logic):
            parts = (self.truth(part, row) for part in expression.parts)
            if expression.operator == "not":
                return not next(parts)
            return all(parts) if expression.operator == "and" else any(parts)
        if isinstance(expression, Compare):
            return self._compared(expression, row)
        return self.value(expression, row) is True

    def value(self, part: Any, row: Row) -> Any:
        """Return what an expression is worth."""
        if isinstance(part, Column):
            return row[part.name]
        if isinstance(part, Path):
            return _within(row[part.column], part.names)
        if isinstance(part, (Logic, Compare)):
            return self.truth(part, row)
        return self._called(part, row) if isinstance(part, Call) else part

    def _called(self, call: Call, row: Row) -> Any:
        if call.name == "now":
            return self._now
        if call.name == "iff":
            condition, yes, no = call.arguments
            return self.value(yes if self.truth(condition, row) else no, row)
        values = [self.value(argument, row) for argument in call.arguments]
        if call.name == "ago":
            return self._now - values[0] if values[0] is not None else None
        if call.name in CONDITIONS and call.name != "tobool":
            empty = values[0] in (None, "") if "empty" in call.name else values[0] is None
            return empty is (call.name in ("isempty", "isnull"))
        if call.name in _FUNCTIONS:
            return _FUNCTIONS[call.name](*values)
        if None in values:
            return None
        try:
            return values[0] + values[1] if call.name == "plus" else values[0] - values[1]
        except (TypeError, OverflowError):
            raise semantic_error("These two values can be neither added nor subtracted.") from None

    def _compared(self, compare: Compare, row: Row) -> bool:
        left, name = self.value(compare.left, row), compare.operator
        if name in ("in", "!in"):
            found = any(bool(left == self.value(item, row)) for item in compare.right)
            return found if name == "in" else not found
        if name == "between":
            low, high = (self.value(item, row) for item in compare.right)
            return _relation(">=", left, low) and _relation("<=", left, high)
        right = self.value(compare.right, row)
        if name in ("==", "!="):
            return bool(left == right) is (name == "==")
        return _relation(name, left, right) if name in _ORDERED else _text_match(name, left, right)


def columns_of(part: Any) -> list[str]:
    """Return the columns that an expression names."""
    if isinstance(part, Column):
        return [part.name]
    if isinstance(part, Path):
        return [part.column]
    if isinstance(part, Compare):
        return columns_of(part.left) + columns_of(part.right)
    if isinstance(part, (Logic, Call)):
        return columns_of(part.parts if isinstance(part, Logic) else part.arguments)
    return [name for item in part for name in columns_of(item)] if isinstance(part, tuple) else []


def _within(text: Any, names: tuple[str, ...]) -> Any:
    """Return what lies within a dynamic value, None where there is no such thing."""
    try:
        value = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return None
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"), default=str)


def _bool(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return bool(value) if isinstance(value, (bool, int, float)) else None


def _datetime(value: Any) -> datetime | None:
    return parse_time(value) if isinstance(value, str) else value if isinstance(value, datetime) else None


def _number(kind: type[int] | type[float]) -> Callable[[Any], int | float | None]:
    def convert(value: Any) -> int | float | None:
        try:
            return kind(value) if isinstance(value, (str, bool, int, float)) else None
        except (ValueError, OverflowError):
            return None

    return convert


def _bin(value: Any, size: Any) -> Any:
    """Return the start of the interval that a time or a number is in."""
    if value is None:
        return None
    start = _EPOCH if isinstance(value, datetime) else type(value)(0)
    return value - (value - start) % size if size else None


def _difference(unit: Any, later: Any, earlier: Any) -> int | None:
    if later is None or earlier is None:
        return None
    starts = [int((at - _EPOCH).total_seconds() // UNITS[unit]) for at in (later, earlier)]
    return starts[0] - starts[1]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "tostring": _text,
    "tobool": _bool,
    "tolong": _number(int),
    "todouble": _number(float),
    "todatetime": _datetime,
    "bin": _bin,
    "datetime_diff": _difference,
}


def _relation(name: str, left: Any, right: Any) -> bool:
    if left is None or right is None:
        return False
    try:
        return _ORDERED[name](left, right)
    except TypeError:
        return False  # what lies within a dynamic value may be anything


def _text_match(name: str, left: Any, right: Any) -> bool:
    left, right = _text(left).lower(), _text(right).lower()
    plain = name.lstrip("!")
    if plain in ("=~", "~"):
        found = left == right
    elif plain == "has":
        found = re.search(rf"(?<![a-z0-9]){re.escape(right)}(?![a-z0-9])", left) is not None
    elif plain == "endswith":
        found = left.endswith(right)
    else:
        found = right in left if plain == "contains" else left.startswith(right)
    return not found if name.startswith("!") else found
