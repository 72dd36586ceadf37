"""Habits that go wrong later: preview images, names that change with every deployment, metadata said twice."""

from __future__ import annotations

from collections.abc import Iterator

from local_stack.bicep.linter.rule import File, Finding, Rule
from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import (
    Call,
    Declaration,
    Expression,
    MethodCall,
    Node,
    Object,
    Param,
    String,
    Variable,
)
from local_stack.bicep.syntax import walk as all_of

_CHANGING = ("newGuid", "utcNow")


def _images(file: File) -> Iterator[Finding]:
    for symbol in file.model.resources:
        value: Expression | None = symbol.body
        for name in ("properties", "storageProfile", "imageReference"):
            held = value.get(name) if isinstance(value, Object) else None
            value = held.value if held else None
        if value is not None:
            variable = file.symbol(value)
            value = variable.value if variable is not None and variable.kind == "var" else value
        for name in ("offer", "sku", "version") if isinstance(value, Object) else ():
            held = value.get(name) if isinstance(value, Object) else None
            text = held.value.literal if held and isinstance(held.value, String) else None
            if held and text and "preview" in text.lower():
                yield (
                    held.value,
                    "Virtual machines shouldn't use preview images. Use stable version in imageReference property "
                    f'"{name}".',
                )


def _identifiers(file: File) -> Iterator[Finding]:
    for symbol in [*file.model.resources]:
        for name in ("name", "scope", "parent"):
            value = symbol.property_value(name)
            for function, chain in (
                _changing(file, value, (f"{symbol.name}.{name}",), set()) if value is not None else ()
            ):
                path = " -> ".join([*chain, f"{function}()"])
                yield (
                    value if value is not None else symbol.node,
                    "Resource identifiers should be reproducible outside of their initial deployment context. Resource "
                    f"{symbol.name}'s '{name}' identifier is potentially nondeterministic due to its use of the "
                    f"'{function}' function ({path}).",
                )


def _changing(
    file: File, node: Node, chain: tuple[str, ...], seen: set[Symbol]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for each in all_of(node):
        if isinstance(each, (Call, MethodCall)) and each.name.name in _CHANGING:
            yield each.name.name, chain
        symbol = file.symbol(each) if isinstance(each, Variable) else None
        if symbol is None or symbol in seen:
            continue
        seen.add(symbol)
        if isinstance(symbol.node, Param) and symbol.node.default is not None:
            yield from _changing(file, symbol.node.default, (*chain, f"{symbol.name} (default value)"), seen)
        elif symbol.kind == "var":
            yield from _changing(file, symbol.value, (*chain, symbol.name), seen)


def _metadata(file: File) -> Iterator[Finding]:
    for declaration in file.all(Declaration):
        described, listed = declaration.decorator("description"), declaration.decorator("metadata")
        given = listed.arguments[0] if listed and listed.arguments else None
        held = given.get("description") if isinstance(given, Object) else None
        if described and held:
            told = (
                'The "description" metadata property conflicts with the "description" decorator and will '
                "be overwritten."
            )
            yield held, told


def _json_null(file: File) -> Iterator[Finding]:
    for call in file.calls("json"):
        first = call.arguments[0] if call.arguments else None
        if isinstance(first, String) and first.literal == "null":
            yield call, "Simplify json('null') to null"


def _deployments(file: File) -> Iterator[Finding]:
    for symbol in file.model.resources:
        reference = file.inference.symbols.reference(symbol)
        if (
            reference is None
            or reference.type.lower() != "microsoft.resources/deployments"
            or symbol.existing
        ):
            continue
        told = f"Resource '{symbol.name}' of type '{reference}' should instead be declared as a Bicep module."
        yield getattr(symbol.node, "type", symbol.node), told


def _powershell(file: File) -> Iterator[Finding]:
    least = _version(
        str(file.configuration.value("use-recent-az-powershell-version", "minimumVersion", "11.0"))
    )
    for symbol in file.model.resources:
        reference, properties = file.inference.symbols.reference(symbol), symbol.property_value("properties")
        if reference is None or reference.type.lower() != "microsoft.resources/deploymentscripts":
            continue
        held = properties.get("azPowerShellVersion") if isinstance(properties, Object) else None
        text = held.value.literal if held and isinstance(held.value, String) else None
        used = _version(text or "")
        if text and used and least and used < least:
            yield (
                symbol.node,
                f"Deployment script is using AzPowerShell version '{text}' which is below the recommended "
                "minimum version "
                f"'{'.'.join(map(str, least))}'. Consider upgrading to version 11.0 or higher to avoid "
                "EOL Ubuntu 20.04 LTS.",
            )


def _version(text: str) -> tuple[int, ...]:
    parts = text.split(".")
    return tuple(int(each) for each in parts) if all(each.isdigit() for each in parts) else ()


RULES = (
    Rule("use-stable-vm-image", "Warning", _images),
    Rule("use-stable-resource-identifiers", "Warning", _identifiers),
    Rule("no-conflicting-metadata", "Warning", _metadata),
    Rule("simplify-json-null", "Warning", _json_null),
    Rule("no-deployments-resources", "Warning", _deployments),
    Rule("use-recent-az-powershell-version", "Warning", _powershell),
)
