"""ARM's own expression language: calls, literals and what is read off a call's result."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_INT32 = 2**31


@dataclass(frozen=True)
class ArmCall:
    """`name(arguments)` and what follows it: `.property`, `[0]`, `[expression]`."""

    name: str
    arguments: tuple[Arm, ...] = ()
    tail: tuple[Arm, ...] = ()


Arm: TypeAlias = ArmCall | str | int


def call(name: str, *arguments: Arm) -> ArmCall:
    """Return a call."""
    return ArmCall(name, arguments)


def integer(value: int) -> Arm:
    """Return an integer; ARM's parser reads 32 bits only."""
    return value if -_INT32 <= value < _INT32 else call("json", str(value))


def as_call(value: Arm) -> ArmCall:
    """Return something that properties can be read off."""
    if isinstance(value, ArmCall):
        return value
    return call("string" if isinstance(value, str) else "int", value)


def access(base: Arm, *steps: Arm) -> ArmCall:
    """Read properties or items off a value."""
    start = as_call(base)
    return ArmCall(start.name, start.arguments, start.tail + steps)


def template_value(value: Arm) -> str | int:
    """Return the value as it stands in a template: a plain one, or an expression in brackets."""
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return f"[{value}" if value.startswith("[") and value.endswith("]") else value
    return f"[{_text(value)}]"


def template_key(name: Arm) -> str:
    """Return a property's name as it stands in a template; `copy` is escaped, for ARM would take it for a loop."""
    text = str(template_value(name))
    return f"[string('{text}')]" if text.lower() == "copy" else text


def _text(value: Arm) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    arguments = ", ".join(_text(each) for each in value.arguments)
    return f"{value.name}({arguments}){''.join(_step(each) for each in value.tail)}"


def _step(step: Arm) -> str:
    if isinstance(step, str) and _NAME.match(step):
        return f".{step}"
    return f"[{_text(step)}]"
