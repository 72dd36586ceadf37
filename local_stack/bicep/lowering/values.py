"""What a loaded file holds, as it stands in a template."""

from __future__ import annotations

from typing import Any

from local_stack.bicep.lowering.arm import Arm, call, integer, template_key, template_value


def json_value(value: Any) -> Any:
    """Return a loaded value for a JSON position: strings that look like expressions are escaped."""
    if isinstance(value, str):
        return template_value(value)
    if isinstance(value, dict):
        return {template_key(key): json_value(each) for key, each in value.items()}
    if isinstance(value, list):
        return [json_value(each) for each in value]
    return template_value(json_arm(value)) if isinstance(value, float) else value


def json_arm(value: Any) -> Arm:
    """Return a loaded value as an expression."""
    if isinstance(value, bool):
        return call("true" if value else "false")
    if value is None:
        return call("null")
    if isinstance(value, int):
        return integer(value)
    if isinstance(value, float):
        return call("json", str(int(value)) if value.is_integer() else repr(value))
    if isinstance(value, dict):
        flat: list[Arm] = []
        for key, each in value.items():
            flat += [key, json_arm(each)]
        return call("createObject", *flat)
    if isinstance(value, list):
        return call("createArray", *(json_arm(each) for each in value))
    return str(value)
