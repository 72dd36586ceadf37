"""Lambdas stand in calls only, and their parameters may not decide which resource is read."""

from __future__ import annotations

from local_stack.bicep.diagnostics import Diagnostics, quoted
from local_stack.bicep.model import Model
from local_stack.bicep.syntax import (
    Call,
    Index,
    Lambda,
    MethodCall,
    Nested,
    Node,
    Parenthesized,
    Variable,
    walk,
)


def check_lambdas(model: Model, diagnostics: Diagnostics) -> None:
    """Report lambdas out of place and what ARM cannot evaluate inside of them."""
    for declaration in model.program.declarations:
        for node in walk(declaration):
            if isinstance(node, Lambda):
                _check_place(model, node, diagnostics)
            elif isinstance(node, (Call, MethodCall)):
                _check_call(model, node, diagnostics)
            elif isinstance(node, Index) and isinstance(node.base, (Variable, Nested)):
                _check_index(model, node, diagnostics)


def _check_place(model: Model, node: Lambda, diagnostics: Diagnostics) -> None:
    around = model.enclosing.get(node)
    while isinstance(around, Parenthesized):
        around = model.enclosing.get(around)
    if not isinstance(around, (Call, MethodCall)):
        message = "Lambda functions may only be specified directly as function arguments."
        diagnostics.error(node, "BCP242", message)


def _lambda_names(model: Model, nodes: list[Node]) -> list[str]:
    found: dict[str, None] = {}
    for node in nodes:
        for each in walk(node):
            symbol = model.references.get(each)
            if symbol and symbol.kind == "lambda":
                found[symbol.name] = None
    return list(found)


def _check_call(model: Model, node: Call | MethodCall, diagnostics: Diagnostics) -> None:
    function = model.functions.get(node)
    runtime = function.runtime if function else node.name.name.startswith("list")
    if runtime and (used := _lambda_names(model, list(node.arguments))):
        message = (
            f'Using lambda variables inside the "{node.name.name}" function is not currently '
            "supported. "
            f"Found the following lambda variable(s) being accessed: {quoted(used)}."
        )
        diagnostics.error(node, "BCP248", message)


def _check_index(model: Model, node: Index, diagnostics: Diagnostics) -> None:
    symbol = model.references.get(node.base)
    if symbol and symbol.kind in ("resource", "module") and (used := _lambda_names(model, [node.index])):
        message = (
            "Using lambda variables inside resource or module array access is not currently "
            "supported. "
            f"Found the following lambda variable(s) being accessed: {quoted(used)}."
        )
        diagnostics.error(node.index, "BCP247", message)
