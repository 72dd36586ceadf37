"""What a call gives, as far as its arguments tell more than the table of signatures: lengths, items, ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from local_stack.bicep.types.model import (
    ANY,
    ARRAY,
    INT,
    NULL,
    STRING,
    ArrayType,
    Flag,
    IntLiteral,
    IntType,
    LambdaType,
    ObjectType,
    Property,
    StringLiteral,
    StringType,
    TupleType,
    Type,
    union,
)
from local_stack.bicep.types.texts import lengths

if TYPE_CHECKING:
    from local_stack.bicep.types.functions import Overload

_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_FIXED = {"uniqueString": 13, "guid": 36, "newGuid": 36}
_PARTS = ("take", "skip", "substring", "padLeft")


def result(overload: Overload, arguments: Sequence[Type]) -> Type:
    """Return what the call gives."""
    name, first = overload.name, arguments[0] if arguments else ANY
    if name in _FIXED:
        return StringType(_FIXED[name], _FIXED[name])
    if name in ("toLower", "toUpper", "trim") and isinstance(first, StringType):
        return StringType(None if name == "trim" else first.shortest, first.longest, None, first.severity)
    if name == "range":
        return _range(arguments[0], arguments[1])
    if name == "split":
        return ArrayType(STRING, 1)
    if isinstance(first, ArrayType):
        return _of_array(overload, first, arguments)
    if name in _PARTS and isinstance(first, (StringType, StringLiteral)):
        return _part(name, first, arguments)
    if name == "items":
        pair = {
            "key": Property("key", STRING, Flag.REQUIRED),
            "value": Property("value", _values(first), Flag.REQUIRED),
        }
        return ArrayType(ObjectType("object", pair))
    return overload.result


def _part(name: str, first: StringType | StringLiteral, arguments: Sequence[Type]) -> Type:
    shortest, longest = lengths(first)
    severity = first.severity
    if name == "substring":
        low, high = _span(arguments[2]) if len(arguments) > 2 else (_LOWEST, _HIGHEST)
        return StringType(low if low > 0 else None, None if high == _HIGHEST else high, None, severity)
    low, high = _span(arguments[1])
    if name == "padLeft":
        known = isinstance(arguments[1], IntLiteral)
        most = None if longest is None or not known else max(longest, high)
        return StringType((max(shortest, low) if known else shortest) or None, most, None, severity)
    if name == "take":
        most = min(_HIGHEST if longest is None else longest, high)
        least = min(shortest, low) if low > 0 else 0
        return StringType(least or None, None if most == _HIGHEST else max(most, 0), None, severity)
    if high <= 0:
        return first
    return StringType(None, None if longest is None else max(longest - max(low, 0), 0), None, severity)


def _span(kind: Type) -> tuple[int, int]:
    if isinstance(kind, IntLiteral):
        return kind.value, kind.value
    if isinstance(kind, IntType):
        return _LOWEST if kind.low is None else kind.low, _HIGHEST if kind.high is None else kind.high
    return _LOWEST, _HIGHEST


def _of_array(overload: Overload, first: ArrayType, arguments: Sequence[Type]) -> Type:
    name = overload.name
    if name in ("first", "last"):
        if isinstance(first, TupleType):
            return first.items[0 if name == "first" else -1] if first.items else NULL
        return first.item if first.shortest else union([first.item, NULL])
    if name in ("filter", "sort", "take", "skip"):
        return ArrayType(first.item)
    if name == "map" and isinstance(arguments[-1], LambdaType):
        return ArrayType(arguments[-1].result, first.shortest, first.longest)
    if name == "concat":
        return _joined(arguments)
    if name == "flatten" and isinstance(first.item, ArrayType):
        return ArrayType(first.item.item)
    return overload.result


def _joined(arguments: Sequence[Type]) -> Type:
    arrays = [each for each in arguments if isinstance(each, ArrayType)]
    if len(arrays) != len(arguments):
        return ARRAY
    if all(isinstance(each, TupleType) for each in arrays):
        return TupleType([item for each in arrays if isinstance(each, TupleType) for item in each.items])
    return ArrayType(union(each.item for each in arrays), sum(each.shortest or 0 for each in arrays) or None)


def _range(start: Type, count: Type) -> Type:
    if not isinstance(start, IntLiteral):
        return ArrayType(INT)
    if not isinstance(count, IntLiteral):
        return ArrayType(IntType(start.value))
    return ArrayType(IntType(start.value, start.value + count.value - 1), count.value, count.value)


def _values(kind: Type) -> Type:
    if not isinstance(kind, ObjectType):
        return ANY
    held = [each.type for each in kind.properties.values()] + ([kind.extra.type] if kind.extra else [])
    return union(held) if held else ANY
