"""The type of an expression, as Kusto finds it before it looks at any row; what it would refuse is refused.

Stricter than Kusto in three things: a dynamic value is cast before it is added or put into a bin, the two values of
iff() are of one type, and what is compared for equality too (Kusto's service refuses that, its analyser does not).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from local_stack.logs.errors import QueryError, semantic_error
from local_stack.logs.kql_expressions import CONDITIONS, Call, Column, Compare, Logic, Path

Columns = Mapping[str, str]

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_CASTS = {
    "tostring": "string",
    "tobool": "bool",
    "tolong": "long",
    "todouble": "real",
    "todatetime": "datetime",
}
_LITERALS = {bool: "bool", int: "long", float: "real", datetime: "datetime", timedelta: "timespan"}
_NUMBERS = ("int", "long", "real")
_ORDERED = ("datetime", "timespan", "bool")
_SUMS = {
    ("plus", "datetime", "timespan"): "datetime",
    ("plus", "timespan", "datetime"): "datetime",
    ("plus", "timespan", "timespan"): "timespan",
    ("minus", "datetime", "datetime"): "timespan",
    ("minus", "datetime", "timespan"): "datetime",
    ("minus", "timespan", "timespan"): "timespan",
}
_BINS = {("datetime", "timespan"): "datetime", ("timespan", "timespan"): "timespan"}


def type_of(part: Any, columns: Columns) -> str:
    """Return the type of the column that an expression makes. Raises QueryError (SemanticError)."""
    if isinstance(part, Column):
        return columns[part.name]
    if isinstance(part, Path):
        if columns[part.column] != "dynamic":
            raise semantic_error(f"'{part.column}' is no dynamic value: nothing lies within it.")
        return "dynamic"
    if isinstance(part, Logic):
        for inner in part.parts:
            require_bool(inner, columns)
        return "bool"
    if isinstance(part, Compare):
        return _compared(part, columns)
    return _called(part, columns) if isinstance(part, Call) else _LITERALS.get(type(part), "string")


def require_bool(part: Any, columns: Columns) -> None:
    """Refuse what is no condition."""
    kind = type_of(part, columns)
    if kind != "bool":
        raise semantic_error(f"The expression must have the type bool, not {kind}.")


def _compared(part: Compare, columns: Columns) -> str:
    left = type_of(part.left, columns)
    several = part.right if isinstance(part.right, tuple) else (part.right,)
    kinds = [type_of(item, columns) for item in several]
    for right in kinds:
        if part.operator in ("==", "!=", "in", "!in"):
            if not _same(left, right) and "dynamic" not in (left, right):
                raise semantic_error(
                    f"Cannot compare values of types {left} and {right}. Try adding explicit casts."
                )
        elif not _comparable(part.operator, left, right):
            told = " and ".join(dict.fromkeys((left, *kinds)))
            raise semantic_error(f"The operator '{part.operator}' is not defined for {told}.")
    return "bool"


def _comparable(name: str, left: str, right: str) -> bool:
    if name == "between":
        return _same(left, right) and (left in _NUMBERS or left in ("datetime", "timespan"))
    if name in ("<", "<=", ">", ">="):
        numbers = {left, right} <= {*_NUMBERS, "dynamic"}
        return numbers or (left == right and left in _ORDERED)
    return {left, right} <= {"string", "dynamic"}


def _same(left: str, right: str) -> bool:
    return left == right or (left in _NUMBERS and right in _NUMBERS)


def _called(call: Call, columns: Columns) -> str:
    kinds = [type_of(argument, columns) for argument in call.arguments]
    if call.name in _CASTS:
        return _CASTS[call.name]
    if call.name in CONDITIONS:
        return "bool"
    if call.name in ("ago", "now"):
        _require(call.name, kinds, ["timespan"] * len(kinds))
        return "datetime"
    return _OTHERS[call.name](call, kinds)


def _difference(call: Call, kinds: Sequence[str]) -> str:
    unit = call.arguments[0]
    if unit not in UNITS:
        raise semantic_error(f"datetime_diff() answers {', '.join(UNITS)} here, not '{unit}'.")
    _require(call.name, kinds[1:], ["datetime", "datetime"])
    return "long"


def _chosen(call: Call, kinds: Sequence[str]) -> str:
    condition, yes, no = kinds
    _require(call.name, [condition], ["bool"])
    if not _same(yes, no):
        raise _incompatible(call.name, kinds)
    return yes if yes == no else _wider(yes, no)


def _sum(call: Call, kinds: Sequence[str]) -> str:
    if all(kind in _NUMBERS for kind in kinds):
        return _wider(*kinds)
    found = _SUMS.get((call.name, kinds[0], kinds[1]))
    if found is None:
        raise _incompatible("+" if call.name == "plus" else "-", kinds)
    return found


def _bin(call: Call, kinds: Sequence[str]) -> str:
    if all(kind in _NUMBERS for kind in kinds):
        return _wider(*kinds)
    found = _BINS.get((kinds[0], kinds[1]))
    if found is None:
        raise _incompatible(call.name, kinds)
    return found


def _wider(left: str, right: str) -> str:
    return "real" if "real" in (left, right) else "long"


def _require(name: str, kinds: Sequence[str], wanted: Sequence[str]) -> None:
    if list(kinds) != list(wanted):
        raise _incompatible(name, kinds)


def _incompatible(name: str, kinds: Sequence[str]) -> QueryError:
    return semantic_error(f"The function '{name}' is not compatible with arguments ({', '.join(kinds)}).")


_OTHERS: dict[str, Callable[[Call, Sequence[str]], str]] = {
    "datetime_diff": _difference,
    "iff": _chosen,
    "plus": _sum,
    "minus": _sum,
    "bin": _bin,
}
