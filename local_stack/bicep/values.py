"""Whether a known value is one that a parameter takes."""

from __future__ import annotations

from typing import Any

from local_stack.bicep.shape import bare, escaped
from local_stack.bicep.syntax import Array, Boolean, Expression, Integer, Param, String, Unary

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "int": int,
    "bool": bool,
    "object": dict,
    "array": list,
}

Problem = tuple[str, str]


def fits(value: Any, param: Param) -> Problem | None:
    """Return code and message where a value does not fit a parameter; None where it does."""
    if value is None:
        return None
    wanted = param.type.name
    expected = _TYPES.get(wanted)
    if expected and (not isinstance(value, expected) or (wanted == "int" and isinstance(value, bool))):
        return "BCP033", (
            f'Expected a value of type "{wanted}" but the provided value is of type "{_name(value)}".'
        )
    return _allowed(value, param) or _length(value, param) or _range(value, param)


def _allowed(value: Any, param: Param) -> Problem | None:
    decorator = param.decorator("allowed")
    listed = bare(decorator.arguments[0]) if decorator and decorator.arguments else None
    if not isinstance(listed, Array) or isinstance(value, (list, dict)):
        return None
    values = [_constant(each) for each in listed.items]  # type: ignore[arg-type]
    if value in values:
        return None
    kinds = " | ".join(sorted(_name(each) for each in values))
    return "BCP033", f'Expected a value of type "{kinds}" but the provided value is of type "{_name(value)}".'


def _length(value: Any, param: Param) -> Problem | None:
    if not isinstance(value, (str, list)):
        return None
    length = len(value)
    least, most = _limit(param, "minLength"), _limit(param, "maxLength")
    if least is not None and length < least:
        return "BCP333", (
            f"The provided value (whose length will always be less than or equal to {length}) is "
            "too short to assign to a "
            f"target for which the minimum allowable length is {least}."
        )
    if most is not None and length > most:
        return "BCP332", (
            f"The provided value (whose length will always be greater than or equal to {length}) "
            "is too long to assign to a "
            f"target for which the maximum allowable length is {most}."
        )
    return None


def _range(value: Any, param: Param) -> Problem | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    least, most = _limit(param, "minValue"), _limit(param, "maxValue")
    if least is not None and value < least:
        return "BCP328", (
            f"The provided value (which will always be less than or equal to {value}) is too small "
            "to assign to a target "
            f"for which the minimum allowable value is {least}."
        )
    if most is not None and value > most:
        return "BCP327", (
            f"The provided value (which will always be greater than or equal to {value}) is too "
            "large to assign to a target "
            f"for which the maximum allowable value is {most}."
        )
    return None


def _limit(param: Param, name: str) -> int | None:
    decorator = param.decorator(name)
    found = _constant(decorator.arguments[0]) if decorator and decorator.arguments else None
    return found if isinstance(found, int) else None


def _constant(node: Expression) -> Any:
    inner = bare(node)
    if isinstance(inner, String):
        return inner.literal
    if isinstance(inner, (Integer, Boolean)):
        return inner.value
    negative = isinstance(inner, Unary) and inner.operator == "-" and isinstance(inner.operand, Integer)
    return -inner.operand.value if negative else None  # type: ignore[attr-defined]


def _name(value: Any) -> str:
    if isinstance(value, str):
        return f"'{escaped(value)}'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    return "object" if isinstance(value, dict) else "array"
