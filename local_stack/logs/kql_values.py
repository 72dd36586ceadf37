"""What an expression is worth in a row. Values are Python's: datetime, str, int, float, bool; None where null."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from local_stack.logs.errors import semantic_error
from local_stack.logs.kql_expressions import CONDITIONS, Call, Column, Compare, Logic, Path

Row = dict[str, Any]
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_TYPES = {
    "tostring": "string",
    "tobool": "bool",
    "tolong": "long",
    "todouble": "real",
    "datetime_diff": "long",
}
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
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
        value = self.value(expression, row)
        return _of_type(value, bool, "a condition is a bool") if value is not None else False

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
            return self._now - _of_type(values[0], timedelta, "ago() takes a timespan")
        if call.name in CONDITIONS and call.name != "tobool":
            empty = values[0] in (None, "") if "empty" in call.name else values[0] is None
            return empty is (call.name in ("isempty", "isnull"))
        if call.name in _FUNCTIONS:
            return _FUNCTIONS[call.name](*values)
        try:
            return values[0] + values[1] if call.name == "plus" else values[0] - values[1]
        except (TypeError, OverflowError):
            raise semantic_error("These two values can be neither added nor subtracted.") from None

    def _compared(self, compare: Compare, row: Row) -> bool:
        left, name = self.value(compare.left, row), compare.operator
        if name in ("in", "!in"):
            found = any(_equal(left, self.value(item, row)) for item in compare.right)
            return found if name == "in" else not found
        if name == "between":
            low, high = (self.value(item, row) for item in compare.right)
            return _relation(">=", left, low) and _relation("<=", left, high)
        right = self.value(compare.right, row)
        if name in ("==", "!="):
            return _equal(left, right) is (name == "==")
        return _relation(name, left, right) if name in _ORDERED else _text_match(name, left, right)


def type_of(part: Any, columns: Mapping[str, str]) -> str:
    """Return the type of the column that an expression makes."""
    if isinstance(part, Column):
        return columns[part.name]
    if isinstance(part, Path):
        return "dynamic"
    if not isinstance(part, Call):
        return {bool: "bool", int: "long", float: "real", datetime: "datetime", timedelta: "timespan"}.get(
            type(part), "bool" if isinstance(part, (Compare, Logic)) else "string"
        )
    if part.name in _TYPES or part.name in CONDITIONS:
        return _TYPES.get(part.name, "bool")
    if part.name in ("ago", "now"):
        return "datetime"
    kinds = [type_of(argument, columns) for argument in part.arguments]
    if part.name == "minus" and kinds == ["datetime", "datetime"]:
        return "timespan"
    return kinds[1] if part.name == "iff" else kinds[0]


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
    try:
        return value - (value - (_EPOCH if isinstance(value, datetime) else 0)) % size
    except (TypeError, ZeroDivisionError):
        raise semantic_error("bin(): a time takes a timespan, a number takes a number.") from None


def _difference(unit: Any, later: Any, earlier: Any) -> int | None:
    if unit not in _UNITS:
        raise semantic_error(f"datetime_diff() answers {', '.join(_UNITS)} here, not '{unit}'.")
    if later is None or earlier is None:
        return None
    times = [_of_type(at, datetime, "datetime_diff() takes times") for at in (later, earlier)]
    starts = [int((at - _EPOCH).total_seconds() // _UNITS[unit]) for at in times]
    return starts[0] - starts[1]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "tostring": _text,
    "tobool": _bool,
    "tolong": _number(int),
    "todouble": _number(float),
    "bin": _bin,
    "datetime_diff": _difference,
}


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
    elif plain == "endswith":
        found = left.endswith(right)
    else:
        found = right in left if plain == "contains" else left.startswith(right)
    return not found if name.startswith("!") else found


def _of_type(value: Any, kind: type, message: str) -> Any:
    if not isinstance(value, kind):
        raise semantic_error(f"{message}, not {type(value).__name__}.")
    return value
