"""What decorators add to parameters, outputs, resources and modules."""

from __future__ import annotations

import re
from typing import Any

from local_stack.bicep.lowering.expressions import Expressions
from local_stack.bicep.syntax import Declaration, Decorator, Param, String

_SECURE = {"string": "securestring", "object": "secureObject"}
_LIMITS = ("minLength", "maxLength", "minValue", "maxValue")

Json = dict[str, Any]


class Decorated(Expressions):
    """Expressions and the decorators made of them."""

    def decorated(self, declaration: Declaration, found: Json) -> Json:
        """Return a parameter's or output's facts with those of its decorators."""
        allowed = declaration.decorator("allowed")
        if allowed and isinstance(declaration, Param):
            found["allowedValues"] = self.value(allowed.arguments[0])
        if declaration.decorator("secure") and found.get("type") in _SECURE:
            found["type"] = _SECURE[found["type"]]
        if declaration.decorator("sealed"):
            found["additionalProperties"] = False
        for name in ("metadata", *_LIMITS):
            decorator = declaration.decorator(name)
            if decorator:
                found[name] = self.value(decorator.arguments[0])
        description = declaration.decorator("description")
        if description:
            found.setdefault("metadata", {})["description"] = self.description(description)
        return found

    def description(self, decorator: Decorator) -> Any:
        """Return the text of `@description`, its later lines without the indentation they share."""
        text = self.context.strip(decorator.arguments[0])
        if isinstance(text, String) and text.literal is not None:
            return self.value(String(text.span, [_unindented(text.literal)], []))
        return self.value(text)


def _unindented(text: str) -> str:
    first, *rest = re.split(r"\r\n|\n|\r", text)
    filled = [line for line in rest if line]
    common = 0
    while filled and all(len(line) > common and line[common] in " \t" for line in filled):
        common += 1
    return "\n".join([first, *(line[common:] for line in rest)])
