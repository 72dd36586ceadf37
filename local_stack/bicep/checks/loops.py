"""Where loops may stand, and that what a loop declares is used one by one."""

from __future__ import annotations

from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.model import Model
from local_stack.bicep.syntax import (
    Access,
    Array,
    Declaration,
    For,
    If,
    Index,
    Module,
    Nested,
    Node,
    Object,
    Output,
    Parenthesized,
    Property,
    Resource,
    Span,
    Var,
    Variable,
    walk,
)

_PLACES = (
    "For-expressions are not supported in this context. For-expressions may be used as "
    "values of resource, module, "
    "variable, and output declarations, or values of resource and module properties."
)
_UNINDEXED = (
    "Directly referencing a resource or module collection is not currently supported "
    "here. {}Apply an array indexer to the expression."
)


def check_loops(model: Model, diagnostics: Diagnostics) -> None:
    """Report loops out of place and loops used as a whole."""
    for declaration in model.program.declarations:
        for node in walk(declaration):
            if isinstance(node, For):
                _check_place(model, node, diagnostics)
            elif isinstance(node, Property) and isinstance(node.value, For) and node.name is None:
                message = "For-expressions cannot be used with properties whose names are also expressions."
                diagnostics.error(node.key, "BCP143", message)
            elif isinstance(node, (Variable, Nested)):
                _check_whole(model, node, diagnostics)


def _keyword(text: str, node: For) -> Span:
    at = text.find("for", node.span.start)
    if "\n" in text[node.span.start : at]:
        return node.span
    return Span(at, at + 3, node.span.line, node.span.column + at - node.span.start)


def _check_place(model: Model, node: For, diagnostics: Diagnostics) -> None:
    around = model.enclosing.get(node)
    if isinstance(around, (Resource, Module, Var, Output)):
        return
    span = _keyword(model.program.text, node)
    outer = 0
    above = around
    allowed = isinstance(around, Property)
    while above is not None and not isinstance(above, Declaration):
        if isinstance(above, For):
            looped = model.enclosing.get(above)
            outer += not isinstance(looped, (Resource, Module))
        elif not isinstance(above, (Object, Property, Array, If)):
            allowed = False
        above = model.enclosing.get(above)
    if not allowed or not isinstance(above, (Resource, Module)):
        diagnostics.error(span, "BCP138", _PLACES)
    elif outer:
        diagnostics.error(span, "BCP142", "Property value for-expressions cannot be nested.")


def _check_whole(model: Model, node: Variable | Nested, diagnostics: Diagnostics) -> None:
    symbol = model.references.get(node)
    if symbol is None or symbol.kind not in ("resource", "module") or not symbol.loop:
        return
    around = model.enclosing.get(node)
    while isinstance(around, Parenthesized):
        around = model.enclosing.get(around)
    if isinstance(around, (Index, Access)) or _in_depends_on(model, node):
        return
    if _may_be_whole(model, node):
        diagnostics.refuse(node, f"'{symbol.name}' without an index (it needs languageVersion 2.0) is")
    else:
        diagnostics.error(node, "BCP144", _UNINDEXED.format(""))


def _in_depends_on(model: Model, node: Node) -> bool:
    above: Node | None = node
    while above is not None:
        if isinstance(above, Property) and above.name == "dependsOn" and _is_top(model, above):
            return True
        above = model.enclosing.get(above)
    return False


def _may_be_whole(model: Model, node: Node) -> bool:
    """The compiler takes a whole loop in outputs, variables, `properties` and `params`, outside of other loops."""
    above: Node | None = node
    inside = False
    while above is not None:
        if isinstance(above, For):
            return False
        if isinstance(above, Property) and above.name in ("properties", "params") and _is_top(model, above):
            inside = True
        if isinstance(above, (Resource, Module)):
            return inside
        if isinstance(above, (Output, Var)):
            return True
        above = model.enclosing.get(above)
    return False


def _is_top(model: Model, node: Property) -> bool:
    """Whether it is a property of a resource's or module's own body."""
    above: Node | None = model.enclosing.get(model.enclosing[node])
    while isinstance(above, (If, For)):
        above = model.enclosing.get(above)
    return isinstance(above, (Resource, Module))
