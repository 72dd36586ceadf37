"""Where a function may be called, and with how many arguments."""

from __future__ import annotations

from typing import Literal

from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.functions import Function, expected_arguments, fewest_arguments
from local_stack.bicep.syntax import Call, Declaration, MethodCall, Module, Output, Param, Resource, Span, Var

Place = Literal["anywhere", "default", "runtime"]


def place_of(declaration: Declaration) -> Place:
    """Return which functions a statement's value may call beyond the ordinary ones."""
    if isinstance(declaration, Param):
        return "default"
    return "runtime" if isinstance(declaration, (Resource, Module, Var, Output)) else "anywhere"


def check_call(
    diagnostics: Diagnostics, node: Call | MethodCall, function: Function, place: Place, target_scope: str
) -> None:
    """Report a call that may not stand here or has the wrong number of arguments."""
    name = node.name
    if function.refused:
        diagnostics.refuse(name, f"The function '{function.name}' is")
    elif function.default_only and place != "default":
        diagnostics.error(
            name,
            "BCP065",
            f'Function "{function.name}" is not valid at this location. '
            "It can only be used as a parameter default value.",
        )
    elif function.runtime and place != "runtime":
        diagnostics.error(
            name,
            "BCP066",
            f'Function "{function.name}" is not valid at this location. '
            "It can only be used in resource declarations.",
        )
    count = len(node.arguments)
    least = fewest_arguments(function, target_scope)
    if not least <= count <= function.most:
        wanted = expected_arguments(least, function.most)
        parenthesis = Span(name.span.end, node.span.end, name.span.line, name.span.column + len(name.name))
        diagnostics.error(parenthesis, "BCP071", f"Expected {wanted}, but got {count}.")
