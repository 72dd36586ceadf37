"""Where resources go: by parameter, never by a word in the template."""

from __future__ import annotations

from collections.abc import Iterator

from local_stack.bicep.linter.rule import File, Finding, Rule
from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.syntax import (
    Access,
    Call,
    Expression,
    MethodCall,
    Node,
    Object,
    Param,
    String,
    Variable,
)
from local_stack.bicep.syntax import walk as all_of
from local_stack.bicep.types.model import StringLiteral


def _hardcoded(file: File) -> Iterator[Finding]:
    told: set[Symbol] = set()
    for symbol in file.model.resources:
        value = symbol.property_value("location")
        if value is not None:
            yield from _literal(file, value, None, told)
    for symbol in file.model.modules:
        for name, given in _module_locations(file, symbol, only_defaults=False):
            if given is not None:
                yield from _literal(file, given, name, told)


def _literal(file: File, value: Expression, parameter: str | None, told: set[Symbol]) -> Iterator[Finding]:
    text, variable = _text_of(file, value)
    if text is None or text.lower() == "global":
        return
    if variable is not None:
        if variable not in told:
            told.add(variable)
            yield (
                getattr(variable.node, "name", variable.node),
                "A resource location should not use a hard-coded string or variable value. Change variable "
                f"'{variable.name}' into a parameter instead.",
            )
        return
    begun = (
        "A resource location should not use a hard-coded string or variable value."
        if parameter is None
        else f"Parameter '{parameter}' may be used as a resource location in the module and should not be assigned a "
        "hard-coded string or variable value."
    )
    yield (
        value,
        f"{begun} Please use a parameter value, an expression, or the string 'global'. Found: '{text}'",
    )


def _text_of(file: File, value: Expression) -> tuple[str | None, Symbol | None]:
    kind = file.type(value)
    if not isinstance(kind, StringLiteral):
        return None, None
    if isinstance(value, String):
        return value.literal, None
    symbol = file.symbol(value)
    if symbol is None or symbol.kind != "var":
        return None, None
    text, variable = _text_of(file, symbol.value)
    return (text, variable or symbol) if text is not None else (None, None)


def _explicit(file: File) -> Iterator[Finding]:
    for symbol in file.model.modules:
        params = symbol.body.get("params")
        place: Node = params if params is not None else getattr(symbol.node, "name", symbol.node)
        for name, given in _module_locations(file, symbol, only_defaults=True):
            if given is None:
                yield (
                    place,
                    f"Parameter '{name}' of module '{symbol.name}' isn't assigned an explicit value, and its default "
                    "value may not give the intended behavior for a location-related parameter. You should assign an "
                    "explicit value to the parameter.",
                )


def _module_locations(
    file: File, symbol: Symbol, *, only_defaults: bool
) -> Iterator[tuple[str, Expression | None]]:
    """Yield the parameters of a module that become locations, with what they are given."""
    target = file.model.targets.get(symbol)
    if not isinstance(target, Model):
        return
    given = symbol.property_value("params")
    for name in _location_params(target, only_defaults):
        held = given.get(name) if isinstance(given, Object) else None
        yield name, held.value if held else None


def _location_params(target: Model, only_defaults: bool) -> list[str]:
    found: list[str] = []
    for param in target.params:
        default = param.node.default if isinstance(param.node, Param) else None
        if default is not None and any(_group_location(node) for node in all_of(default)):
            found.append(param.name)
    for resource in target.resources:
        value = resource.property_value("location")
        for node in all_of(value) if value is not None else ():
            used = target.references.get(node) if isinstance(node, Variable) else None
            if used is None or not isinstance(used.node, Param) or used.name in found:
                continue
            if not only_defaults or used.node.default is not None:
                found.append(used.name)
    return found


def _outside(file: File) -> Iterator[Finding]:
    for declaration in file.model.program.declarations:
        for node in () if isinstance(declaration, Param) else all_of(declaration):
            name = _group_location(node)
            if name:
                yield (
                    node,
                    f"Use a parameter here instead of '{name}().location'. 'resourceGroup().location' and "
                    "'deployment().location' should only be used as a default value for parameters.",
                )


def _group_location(node: Node) -> str | None:
    if (
        not isinstance(node, Access)
        or node.name.name != "location"
        or not isinstance(node.base, (Call, MethodCall))
    ):
        return None
    return node.base.name.name if node.base.name.name in ("resourceGroup", "deployment") else None


RULES = (
    Rule("no-hardcoded-location", None, _hardcoded),
    Rule("explicit-values-for-loc-params", None, _explicit),
    Rule("no-loc-expr-outside-params", None, _outside),
)
