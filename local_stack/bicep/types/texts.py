"""Interpolated strings: worked out where every part is known, else with the lengths they can have."""

from __future__ import annotations

from collections.abc import Sequence

from local_stack.bicep.types.model import (
    ERROR,
    ArrayType,
    BoolLiteral,
    BoolType,
    ErrorType,
    IntLiteral,
    IntType,
    ObjectType,
    StringLiteral,
    StringType,
    Type,
    UnionType,
)

_LONGEST_TEXT = 100_000
_LOW, _HIGH = -(2**63), 2**63 - 1


def interpolated(segments: Sequence[str], parts: Sequence[Type]) -> Type:
    """Return the type of a string with these holes."""
    if any(isinstance(each, ErrorType) for each in parts):
        return ERROR
    known = [literal_text(each) for each in parts]
    if sum(len(each or "") for each in known) > _LONGEST_TEXT:
        return StringType()
    if all(each is not None for each in known):
        return StringLiteral(
            segments[0] + "".join(f"{text}{after}" for text, after in zip(known, segments[1:], strict=True))
        )
    shortest = sum(map(len, segments))
    longest: int | None = shortest
    for part in parts:
        least, most = lengths(part)
        shortest += least
        longest = None if longest is None or most is None else longest + most
    return StringType(shortest or None, longest)


def literal_text(kind: Type) -> str | None:
    """Return the text that a literal becomes inside a string."""
    if isinstance(kind, StringLiteral):
        return kind.value
    if isinstance(kind, IntLiteral):
        return str(kind.value)
    return ("True" if kind.value else "False") if isinstance(kind, BoolLiteral) else None


def lengths(kind: Type) -> tuple[int, int | None]:
    """Return how short and how long a value can be as text; None is any length."""
    text = literal_text(kind)
    if text is not None:
        return len(text), len(text)
    if isinstance(kind, UnionType):
        all_ = [lengths(each) for each in kind.members]
        longest = [most for _, most in all_]
        return min(least for least, _ in all_), None if None in longest else max(
            each or 0 for each in longest
        )
    if isinstance(kind, StringType):
        return kind.shortest or 0, kind.longest
    if isinstance(kind, IntType):
        return _digits(_LOW if kind.low is None else kind.low, _HIGH if kind.high is None else kind.high)
    if isinstance(kind, BoolType):
        return 4, 5
    return (2, None) if isinstance(kind, (ArrayType, ObjectType)) else (0, None)


def _digits(low: int, high: int) -> tuple[int, int]:
    ends = (len(str(low)), len(str(high)))
    return (1 if low < 0 <= high else min(ends)), max(ends)
