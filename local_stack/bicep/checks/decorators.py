"""Decorators: which there are, what they may stand on, and those that mean languageVersion 2.0."""

from __future__ import annotations

from local_stack.bicep import functions
from local_stack.bicep.diagnostics import Diagnostics, suggestion
from local_stack.bicep.functions import expected_arguments
from local_stack.bicep.model import Model
from local_stack.bicep.shape import bare
from local_stack.bicep.syntax import (
    Access,
    Call,
    Declaration,
    Decorator,
    Integer,
    Metadata,
    MethodCall,
    Module,
    Output,
    Param,
    Resource,
    Span,
    TargetScope,
    Unary,
    Unsupported,
    Var,
    Variable,
    loop_of,
    walk,
)

_ARGUMENTS = {
    "description": 1,
    "secure": 0,
    "allowed": 1,
    "minValue": 1,
    "maxValue": 1,
    "minLength": 1,
    "maxLength": 1,
    "metadata": 1,
    "batchSize": 1,
    "sealed": 0,
}
_REFUSED = (
    "retryOn",
    "onlyIfNotExists",
    "nullIfNotFound",
    "discriminator",
    "export",
    "waitUntil",
    "validate",
    "patch",
)
_TYPED = ("secure", "minValue", "maxValue", "minLength", "maxLength", "metadata", "sealed")
_ATTACHABLE = {
    "secure": ("object", "string"),
    "minValue": ("int",),
    "maxValue": ("int",),
    "minLength": ("array", "string"),
    "maxLength": ("array", "string"),
    "sealed": ("object",),
}
_KINDS = ("array", "bool", "int", "object", "string")
_WORDS: dict[type, str] = {
    Param: "parameter",
    Var: "variable",
    Resource: "resource",
    Module: "module",
    Output: "output",
    Metadata: "metadata",
}
_CODES: dict[type, str] = {
    Param: "BCP125",
    Var: "BCP126",
    Resource: "BCP127",
    Module: "BCP128",
    Output: "BCP129",
    Metadata: "BCP269",
}


def check_decorators(model: Model, diagnostics: Diagnostics) -> None:
    """Report every decorator that is unknown or out of place."""
    for top in model.program.declarations:
        for node in walk(top):
            if isinstance(node, Declaration) and not isinstance(node, Unsupported):
                seen = [each.name for each in node.decorators]
                for decorator in node.decorators:
                    _check(model, node, decorator, diagnostics)
                    if seen.count(decorator.name) > 1 and decorator.name in _ARGUMENTS:
                        diagnostics.error(decorator, "BCP166", f'Duplicate "{decorator.name}" decorator.')


def _check(model: Model, declaration: Declaration, decorator: Decorator, diagnostics: Diagnostics) -> None:
    name, call = decorator.name, decorator.call
    at = call if isinstance(call, Variable) else call.name
    if isinstance(declaration, TargetScope):
        diagnostics.error(decorator, "BCP130", "Decorators are not allowed here.")
    elif name in _REFUSED:
        diagnostics.refuse(at, f"The decorator '{name}' (it needs languageVersion 2.0) is")
    elif name not in _ARGUMENTS or not _is_system(model, call):
        _unknown(model, decorator, diagnostics)
    elif not isinstance(call, (Call, MethodCall)):
        diagnostics.error(
            call, "BCP141", "The expression cannot be used as a decorator as it is not callable."
        )
    elif len(call.arguments) != _ARGUMENTS[name]:
        wanted = expected_arguments(_ARGUMENTS[name], _ARGUMENTS[name])
        behind = Span(at.span.end, call.span.end, at.span.line, at.span.column + len(name))
        diagnostics.error(behind, "BCP071", f"Expected {wanted}, but got {len(call.arguments)}.")
    elif not _allowed_on(name, declaration):
        word = _WORDS.get(type(declaration), "declaration")
        message = f'Function "{name}" cannot be used as a {word} decorator.'
        message = message.replace("a output", "an output")
        diagnostics.error(at, _CODES.get(type(declaration), "BCP152"), message)
    else:
        _check_use(declaration, decorator, diagnostics)


def _is_system(model: Model, call: Call | MethodCall | Variable | Access) -> bool:
    if not isinstance(call, (MethodCall, Access)):
        return True
    return isinstance(call.base, Variable) and call.base.name == "sys" and "sys" not in model.globals


def _unknown(model: Model, decorator: Decorator, diagnostics: Diagnostics) -> None:
    del model
    name, call = decorator.name, decorator.call
    at = call if isinstance(call, Variable) else call.name
    if functions.lookup(name):
        diagnostics.error(at, "BCP152", f'Function "{name}" cannot be used as a decorator.')
        return
    meant = suggestion(name, sorted([*_ARGUMENTS, *functions.names()], key=str.upper))
    told = f'The name "{name}" does not exist in the current context.'
    if meant and isinstance(call, Call):
        diagnostics.error(at, "BCP082", f'{told} Did you mean "{meant}"?')
    else:
        diagnostics.error(at, "BCP057", told)


def _allowed_on(name: str, declaration: Declaration) -> bool:
    if name == "description":
        return True
    if name == "batchSize":
        return isinstance(declaration, (Resource, Module))
    return isinstance(declaration, Param) or (name in _TYPED and isinstance(declaration, Output))


def _check_use(declaration: Declaration, decorator: Decorator, diagnostics: Diagnostics) -> None:
    name = decorator.name
    kind = declaration.type.name if isinstance(declaration, (Param, Output)) else "any"
    if kind in _KINDS and kind not in _ATTACHABLE.get(name, _KINDS):
        kinds = " | ".join(_ATTACHABLE[name])
        message = (
            f'The decorator "{name}" can only be attached to targets of type "{kinds}", but the '
            f'target has type "{kind}".'
        )
        diagnostics.error(decorator, "BCP124", message)
    if isinstance(declaration, (Resource, Module)) and name == "batchSize":
        if loop_of(declaration.value) is None:
            message = 'The decorator "batchSize" can only be attached to resource or module collections.'
            diagnostics.error(decorator, "BCP155", message)
        _check_size(decorator, diagnostics)


def _check_size(decorator: Decorator, diagnostics: Diagnostics) -> None:
    size = bare(decorator.arguments[0])
    negative = isinstance(size, Unary) and size.operator == "-" and isinstance(size.operand, Integer)
    value = -size.operand.value if negative else size.value if isinstance(size, Integer) else None  # type: ignore[attr-defined]
    if value is None:
        diagnostics.error(decorator.arguments[0], "BCP032", "The value must be a compile-time constant.")
    elif value < 1:
        message = f'Expected a batch size of at least 1 but the specified value was "{value}".'
        diagnostics.error(decorator.arguments[0], "BCP154", message)
