"""Secrets where they can be read: in outputs, in parameters that are not secure, in defaults, in commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from local_stack.bicep.linter.rule import File, Finding, Rule
from local_stack.bicep.syntax import (
    Access,
    Call,
    Index,
    MethodCall,
    Node,
    Object,
    Output,
    Param,
    Property,
    String,
    Variable,
)
from local_stack.bicep.syntax import walk as all_of
from local_stack.bicep.types.functions import LISTS
from local_stack.bicep.types.model import ObjectType, StringLiteral, StringType

_SECRET = re.compile("password|pwd|secret|accountkey|acctkey", re.IGNORECASE)
_HARMLESS = re.compile("secretpermissions|secretversion|secretur[il]|secretname", re.IGNORECASE)


def _possible(file: File, node: Node) -> Iterator[Finding]:
    """Yield each place in an expression that may hold a secret, and what it is."""
    for each in all_of(node):
        if isinstance(each, Variable) and each in file.model.references and file.type(each).secure:
            yield each, f"secure value '{each.name}'"
        elif isinstance(each, (Access, Index)) and file.type(each).secure:
            text = file.model.program.text[each.span.start : each.span.end]
            yield (each.name if isinstance(each, Access) else each.index), f"secure value '{text}'"
        elif isinstance(each, (Call, MethodCall)) and _lists(file, each):
            yield each, f"function '{each.name.name}'"


def _lists(file: File, node: Call | MethodCall) -> bool:
    if not LISTS.fullmatch(node.name.name):
        return False
    if node in file.model.functions:
        return True
    base = file.model.symbol(node.base) if isinstance(node, MethodCall) else None
    return base is not None and base.kind == "resource"


def _outputs(file: File) -> Iterator[Finding]:
    told = "Outputs should not contain secrets. Found possible secret: "
    for output in file.all(Output):
        if "password" in output.name.name.lower():
            yield output, f"{told}output name '{output.name.name}' suggests a secret"
        for place, words in _possible(file, output.value):
            yield place, told + words


def _params(file: File) -> Iterator[Finding]:
    for param in file.all(Param):
        if param.decorator("secure") or not (_named_so(param) or _defaults_to_secret(file, param)):
            continue
        yield (
            param.name,
            f"Parameter '{param.name.name}' may represent a secret (according to its name) and must be "
            "declared with the "
            "'@secure()' attribute.",
        )


def _named_so(param: Param) -> bool:
    name = param.name.name
    plain = param.type.name in ("string", "object") and not (
        param.type.name == "string" and param.decorator("allowed")
    )
    return plain and bool(_SECRET.search(name)) and not _HARMLESS.search(name)


def _defaults_to_secret(file: File, param: Param) -> bool:
    for node in all_of(param.default) if param.default else ():
        symbol = file.symbol(node)
        if symbol is not None and isinstance(symbol.node, Param) and symbol.node.decorator("secure"):
            return True
    return False


def _defaults(file: File) -> Iterator[Finding]:
    for param in file.all(Param):
        default = param.default
        if not param.decorator("secure") or default is None:
            continue
        empty = (isinstance(default, String) and default.literal == "") or (
            isinstance(default, Object) and not default.properties
        )
        fresh = any(
            isinstance(each, (Call, MethodCall)) and each.name.name == "newGuid" for each in all_of(default)
        )
        if not (empty or fresh or file.type(default).secure):
            yield (
                param.assign or default,
                "Secure parameters should not have hardcoded defaults (except for empty or newGuid()).",
            )


def _admin(file: File) -> Iterator[Finding]:
    for property_ in file.all(Property):
        if (property_.name or "").lower() == "adminusername" and _in_resource(file, property_):
            kind = file.type(property_.value)
            if isinstance(kind, StringLiteral):
                yield (
                    property_.value,
                    "Property 'adminUserName' should not use a literal value. Use a param instead. Found "
                    "literal string "
                    f'value "{kind.value}"',
                )


def _in_resource(file: File, node: Node) -> bool:
    inside = {id(each) for symbol in file.model.resources for each in all_of(symbol.value)}
    return id(node) in inside


def _commands(file: File) -> Iterator[Finding]:
    for symbol in file.model.resources:
        reference = file.inference.symbols.reference(symbol)
        if reference is None or reference.type.lower() != "microsoft.compute/virtualmachines/extensions":
            continue
        properties = symbol.property_value("properties")
        settings = properties.get("settings") if isinstance(properties, Object) else None
        command = (
            settings.value.get("commandToExecute")
            if settings and isinstance(settings.value, Object)
            else None
        )
        found = list(_possible(file, command.value)) if command else []
        if found and settings is not None:
            told = f"Use protectedSettings for commandToExecute secrets. Found possible secret: {found[0][1]}"
            yield settings.key, told


def _inputs(file: File) -> Iterator[Finding]:
    """Yield secure inputs of resources that get a plain value."""
    for symbol in file.model.resources:
        declared = file.inference.symbols.declared(symbol)
        if declared is not None and not symbol.existing:
            yield from _plain_inputs(file, symbol.body, declared.body)


def _plain_inputs(file: File, node: Node, wanted: object) -> Iterator[Finding]:
    if not isinstance(node, Object) or not isinstance(wanted, ObjectType):
        return
    for each in node.properties:
        held = wanted.properties.get(each.name or "")
        if held is None:
            continue
        if held.type.secure and isinstance(held.type, StringType) and _plain(file, each):
            told = f"Property '{each.name}' expects a secure value, but the value provided may not be secure."
            yield each.value, told
        yield from _plain_inputs(file, each.value, held.type)


def _plain(file: File, each: Property) -> bool:
    kind = file.type(each.value)
    symbol = file.symbol(each.value)
    return (
        isinstance(kind, (StringType, StringLiteral))
        and not kind.secure
        and symbol is not None
        and symbol.kind == "param"
    )


RULES = (
    Rule("outputs-should-not-contain-secrets", "Warning", _outputs),
    Rule("secure-secrets-in-params", "Warning", _params),
    Rule("secure-parameter-default", "Warning", _defaults),
    Rule("adminusername-should-not-be-literal", "Warning", _admin),
    Rule("protect-commandtoexecute-secrets", "Warning", _commands),
    Rule("use-secure-value-for-secure-inputs", "Warning", _inputs),
)
