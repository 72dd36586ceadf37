"""What operators give, literals worked out, and which operands they refuse."""

from __future__ import annotations

from local_stack.bicep.types.assignable import assignable
from local_stack.bicep.types.model import (
    ANY,
    BOOL,
    INT,
    STRING,
    AnyType,
    BoolLiteral,
    IntLiteral,
    IntType,
    NullType,
    StringLiteral,
    Type,
    union,
    without_null,
)

_LARGEST = 2**63
_ARITHMETIC = ("+", "-", "*", "/", "%")
_ORDER = ("<", "<=", ">", ">=")


def unary(operator: str, operand: Type) -> Type | None:
    """Return what `!a` or `-a` is; None where the operand is of the wrong type."""
    if operator == "!":
        if not assignable(operand, BOOL):
            return None
        return BoolLiteral(not operand.value) if isinstance(operand, BoolLiteral) else BOOL
    if not assignable(operand, INT):
        return None
    if isinstance(operand, IntLiteral):
        return IntLiteral(-operand.value)
    if isinstance(operand, IntType):
        low, high = operand.low, operand.high
        return IntType(None if high is None else -high, None if low is None else -low)
    return INT


def binary(operator: str, left: Type, right: Type) -> Type | None:
    """Return what `a operator b` is; None where the operands are of the wrong types."""
    if operator in ("==", "!="):
        return _equality(operator == "==", left, right)
    if operator == "??":
        return _coalesced(left, right)
    if operator in ("&&", "||"):
        return _logic(operator, left, right) if _both(left, right, BOOL) else None
    if operator in ("=~", "!~"):
        return BOOL if _both(left, right, STRING) else None
    if operator in _ORDER:
        return BOOL if _both(left, right, INT) or _both(left, right, STRING) else None
    if operator in _ARITHMETIC and _both(left, right, INT):
        return _sum(operator, left, right)
    return None


def _both(left: Type, right: Type, wanted: Type) -> bool:
    return assignable(left, wanted) and assignable(right, wanted)


def _equality(positive: bool, left: Type, right: Type) -> Type:
    literals = (BoolLiteral, IntLiteral, StringLiteral)
    if isinstance(left, literals) and isinstance(right, literals):
        return BoolLiteral((type(left) is type(right) and left.value == right.value) is positive)
    return BOOL


def _logic(operator: str, left: Type, right: Type) -> Type:
    decisive = operator == "||"
    known = [each.value for each in (left, right) if isinstance(each, BoolLiteral)]
    if decisive in known:
        return BoolLiteral(decisive)
    return BoolLiteral(not decisive) if len(known) == 2 else BOOL


def _coalesced(left: Type, right: Type) -> Type:
    if isinstance(left, NullType):
        return right
    if isinstance(left, AnyType):
        return ANY
    rest = without_null(left)
    return union([rest, right]) if rest is not None else left


def _sum(operator: str, left: Type, right: Type) -> Type:
    if isinstance(left, IntLiteral) and isinstance(right, IntLiteral):
        if operator in ("/", "%") and right.value == 0:
            return INT
        known = _calculated(operator, left.value, right.value)
        return IntLiteral(known) if abs(known) < _LARGEST else INT
    ends = (_ends(left), _ends(right))
    if operator == "+":
        return IntType(_plus(ends[0][0], ends[1][0]), _plus(ends[0][1], ends[1][1]))
    if operator == "-":
        return IntType(_minus(ends[0][0], ends[1][1]), _minus(ends[0][1], ends[1][0]))
    return INT


def _calculated(operator: str, left: int, right: int) -> int:
    if operator in ("+", "-", "*"):
        return {"+": left + right, "-": left - right, "*": left * right}[operator]
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return quotient if operator == "/" else left - quotient * right


def _ends(kind: Type) -> tuple[int | None, int | None]:
    if isinstance(kind, IntLiteral):
        return kind.value, kind.value
    return (kind.low, kind.high) if isinstance(kind, IntType) else (None, None)


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _minus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one - other
