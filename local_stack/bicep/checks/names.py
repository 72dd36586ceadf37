"""Properties, parameters, variables, resources and modules whose names or types cannot be."""

from __future__ import annotations

from typing import cast

from local_stack.bicep.diagnostics import Diagnostics, quoted
from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.shape import bare
from local_stack.bicep.syntax import Boolean, Metadata, Object, Output, Param, String, Variable, walk

_TYPES = '"any", "array", "bool", "int", "object", "resourceInput", "resourceOutput", "string"'


def check_names(model: Model, diagnostics: Diagnostics) -> None:
    """Report names given twice, reserved ones, and names that do not fit their type."""
    for declaration in model.program.declarations:
        for node in walk(declaration):
            if isinstance(node, Object):
                _check_object(node, diagnostics)
        if isinstance(declaration, Metadata) and declaration.name.name.startswith("_"):
            message = (
                f'Invalid identifier: "{declaration.name.name}". Metadata identifiers starting with '
                "'_' are reserved. "
                "Please use a different identifier."
            )
            diagnostics.error(declaration.name, "BCP268", message)
        if (
            isinstance(declaration, (Param, Output))
            and not declaration.type.simple
            and declaration.type.name != "any"
        ):
            message = (
                f'The name "{declaration.type.name}" is not a valid type. Please specify one of the '
                f"following types: {_TYPES}."
            )
            diagnostics.error(declaration.type, "BCP302", message)
    _check_params(model, diagnostics)
    _check_casing(model, diagnostics)
    _check_same_names(model, diagnostics)


def _check_object(node: Object, diagnostics: Diagnostics) -> None:
    names = [each.name for each in node.properties if each.name is not None]
    for each in node.properties:
        if each.name is not None and names.count(each.name) > 1:
            message = (
                f'The property "{each.name}" is declared multiple times in this object. Remove or '
                "rename the duplicate properties."
            )
            diagnostics.error(each.key, "BCP025", message)


def _check_params(model: Model, diagnostics: Diagnostics) -> None:
    for symbol in model.params:
        default = cast("Param", symbol.node).default
        for node in walk(default) if default else []:
            used = model.references.get(node)
            if isinstance(node, Variable) and used and used.kind in ("var", "resource", "module"):
                message = (
                    "This symbol cannot be referenced here. Only other parameters can be referenced in "
                    "parameter default values."
                )
                diagnostics.error(node, "BCP072", message)
    for symbol in model.variables:
        if symbol.name.lower() == "copy":
            message = 'Identifier "copy" is a reserved Bicep symbol name and cannot be used in this context.'
            diagnostics.error(symbol.node.name, "BCP239", message)  # type: ignore[attr-defined]


def _check_casing(model: Model, diagnostics: Diagnostics) -> None:
    outputs = [(each.name.name, each.name) for each in model.outputs]
    for plural, found in (
        ("parameters", _named(model.params)),
        ("variables", _named(model.variables)),
        ("outputs", outputs),
    ):
        groups: dict[str, dict[str, object]] = {}
        for name, node in found:
            groups.setdefault(name.lower(), {})[name] = node
        for group in groups.values():
            for node in group.values() if len(group) > 1 else []:
                message = (
                    f"The {plural} {quoted(group)} differ only in casing. The ARM deployments engine is "
                    "not case sensitive "
                    "and will not be able to distinguish between them."
                )
                diagnostics.error(node, "BCP353", message)  # type: ignore[arg-type]


def _named(symbols: list[Symbol]) -> list[tuple[str, object]]:
    return [(each.name, each.node.name) for each in symbols]  # type: ignore[attr-defined]


def _check_same_names(model: Model, diagnostics: Diagnostics) -> None:
    _report_groups(
        model,
        model.resources,
        "BCP121",
        (
            "Resources: {} are defined with this same name in a file. Rename them or split into "
            "different modules."
        ),
        diagnostics,
    )
    _report_groups(
        model,
        model.modules,
        "BCP122",
        (
            "Modules: {} are defined with this same name and this same scope in a file. "
            "Rename them or split into different modules."
        ),
        diagnostics,
    )


def _report_groups(
    model: Model, symbols: list[Symbol], code: str, message: str, diagnostics: Diagnostics
) -> None:
    groups: dict[object, list[Symbol]] = {}
    for symbol in symbols:
        key = _identity(model, symbol)
        if key is not None:
            groups.setdefault(key, []).append(symbol)
    for group in groups.values():
        for symbol in group if len(group) > 1 else []:
            at = symbol.property_value("name")
            if at is not None:
                diagnostics.error(at, code, message.format(quoted(each.name for each in group)))


def _identity(model: Model, symbol: Symbol) -> object:
    """Return what makes two resources or modules one and the same; None where that cannot be told."""
    condition = symbol.condition
    if condition is not None:
        literal = bare(condition)
        if not isinstance(literal, Boolean) or not literal.value:
            return None
    names: list[str] = []
    current: Symbol | None = symbol
    while current:
        name = current.property_value("name")
        if (
            not isinstance(name, String)
            or name.literal is None
            or (current.parent and current.parent.index is not None)
        ):
            return None
        names.append(name.literal)
        current = current.parent.symbol if current.parent else None
    root = symbol
    while root.parent:
        root = root.parent.symbol
    if root.property_value("scope") is not None:
        return None
    kind = model.types.get(symbol, ("", ""))[0].lower() if symbol.kind == "resource" else "module"
    return (kind, tuple(names)) if kind else None
