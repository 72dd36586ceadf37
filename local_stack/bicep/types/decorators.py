"""What decorators are given, held against what they take: lengths are numbers, allowed values of the declared type."""

from __future__ import annotations

from local_stack.bicep.shape import inconstant
from local_stack.bicep.syntax import (
    Array,
    Call,
    Declaration,
    Decorator,
    Expression,
    Node,
    Output,
    Param,
    Variable,
    walk,
)
from local_stack.bicep.types.assignable import assignable
from local_stack.bicep.types.declared import number_given, param_type
from local_stack.bicep.types.inference import Inference
from local_stack.bicep.types.model import (
    ANY,
    ARRAY,
    INT,
    OBJECT,
    STRING,
    ArrayType,
    ErrorType,
    ObjectType,
    Property,
    Type,
)
from local_stack.bicep.types.narrowing import Narrowing

_TAKES: dict[str, Type] = {
    "allowed": ARRAY,
    "description": STRING,
    "maxLength": INT,
    "maxValue": INT,
    "metadata": OBJECT,
    "minLength": INT,
    "minValue": INT,
}
_METADATA = ObjectType("object", {"description": Property("description", STRING)}, Property("*", ANY))


def check_decorators(inference: Inference) -> None:
    """Report arguments that do not fit their decorators, and lower bounds above the upper ones."""
    for top in inference.model.program.declarations:
        for node in walk(top):
            if isinstance(node, Declaration):
                for decorator in node.decorators:
                    _check(inference, node, decorator)
                _check_bounds(inference, node)


def _check(inference: Inference, declaration: Declaration, decorator: Decorator) -> None:
    if decorator.name not in _TAKES or len(decorator.arguments) != 1:
        return
    argument = decorator.arguments[0]
    given = inference.of(argument)
    varying = list(inconstant(argument))
    if isinstance(given, ErrorType) or any(_wrong(inference, declaration, each) for each in varying):
        return
    for each in varying:
        inference.findings.error(each, "BCP032", "The value must be a compile-time constant.")
    if not varying:
        _check_type(inference, declaration, decorator, given)


def _wrong(inference: Inference, declaration: Declaration, node: Node) -> bool:
    """Whether the name was reported already: it is unknown, or the declaration's own."""
    if isinstance(node, Call):
        return node not in inference.model.functions
    symbol = inference.model.references.get(node)
    return isinstance(node, Variable) and (symbol is None or symbol.node is declaration)


def _check_type(inference: Inference, declaration: Declaration, decorator: Decorator, given: Type) -> None:
    wanted, argument = _TAKES[decorator.name], decorator.arguments[0]
    if not assignable(given, wanted):
        message = f'Argument of type "{given}" is not assignable to parameter of type "{wanted}".'
        inference.findings.error(argument, "BCP070", message)
    elif decorator.name == "allowed" and isinstance(declaration, Param):
        _check_allowed(inference, declaration, argument)
    elif decorator.name == "metadata":
        Narrowing(inference, inference.findings).value(argument, _METADATA)
    elif decorator.name in ("minLength", "maxLength") and (number_given(decorator) or 0) < 0:
        inference.findings.error(argument, "BCP168", "Length must not be a negative value.")


def _check_allowed(inference: Inference, declaration: Param, values: Expression) -> None:
    """An array's allowed values are what its items may be, unless one of them is an array itself."""
    if not isinstance(values, Array):
        return
    if not values.items:
        message = 'The "allowed" array must contain one or more items.'
        inference.findings.error(values, "BCP099", message)
        return
    declared = param_type(declaration, allowed=False)
    if isinstance(declared, ArrayType) and not any(isinstance(each, Array) for each in values.items):
        return
    Narrowing(inference, inference.findings).value(values, ArrayType(declared))


def _check_bounds(inference: Inference, declaration: Declaration) -> None:
    if not isinstance(declaration, (Param, Output)):
        return
    lower, upper = ("minValue", "maxValue") if declaration.type.name == "int" else ("minLength", "maxLength")
    first, second = declaration.decorator(lower), declaration.decorator(upper)
    least, most = (number_given(each) if each else None for each in (first, second))
    if first and least is not None and most is not None and least > most:
        message = (
            f'A type\'s "{lower}" must be less than or equal to its "{upper}", but a minimum of {least} and a '
            f"maximum of {most} were specified."
        )
        inference.findings.error(first, "BCP331", message)
