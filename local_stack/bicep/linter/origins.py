"""What templates bring along: artifact locations, a decompiler's names, deployments inside deployments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from local_stack.bicep.linter.rule import File, Finding, Rule
from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.syntax import Call, MethodCall, Object, Param, String, walk
from local_stack.bicep.types.functions import LISTS

_LOCATION, _TOKEN = "_artifactsLocation", "_artifactsLocationSasToken"
_SUFFIX = (
    "appears to have originated from a naming conflict during a decompilation from JSON. Consider renaming it and "
    "removing the suffix (using the editor's rename functionality)."
)
_SOLUTION = (
    "Either set the deployment's properties.expressionEvaluationOptions.scope to 'inner' or use a Bicep module instead."
)  # fmt: skip


def _artifacts(file: File) -> Iterator[Finding]:
    params = {each.name.lower(): each for each in file.model.params}
    location, token = params.get(_LOCATION.lower()), params.get(_TOKEN.lower())
    for one, other, name, missing in (
        (location, token, _LOCATION, _TOKEN),
        (token, location, _TOKEN, _LOCATION),
    ):
        if one is not None and other is None and isinstance(one.node, Param):
            yield (
                one.node.name,
                f"If an '{name}' parameter is provided, an '{missing}' parameter must also be provided.",
            )
    if location is not None and token is not None:
        yield from _declared(location, token)
    for module in file.model.modules:
        yield from _passed(file, module)


def _declared(location: Symbol, token: Symbol) -> Iterator[Finding]:
    for symbol in (location, token):
        if isinstance(symbol.node, Param) and symbol.node.type.name != "string":
            yield symbol.node.type, f"Artifacts parameter '{symbol.name}' must be of type 'string'"
    if isinstance(token.node, Param) and not token.node.decorator("secure"):
        yield token.node.type, f"Artifacts parameter '{token.name}' must use the @secure() attribute"


def _passed(file: File, module: Symbol) -> Iterator[Finding]:
    target, given = file.model.targets.get(module), module.property_value("params")
    for param in target.params if isinstance(target, Model) else ():
        named = param.name.lower() in (_LOCATION.lower(), _TOKEN.lower())
        if named and not (isinstance(given, Object) and given.get(param.name)):
            told = f"Parameter '{param.name}' of module '{module.name}' should be assigned an explicit value."
            yield getattr(module.node, "name", module.node), told


def _decompiled(file: File) -> Iterator[Finding]:
    for symbol in file.model.resources:
        name = symbol.property_value("name")
        if isinstance(name, String) and re.search("[a-zA-Z0-9]+_resource$", symbol.name):
            yield name, f"The symbolic name of resource '{symbol.name}' {_SUFFIX}"
    for symbol in file.model.variables:
        if re.search("[a-zA-Z0-9]+_var$", symbol.name):
            yield getattr(symbol.node, "name", symbol.node), f"The name of variable '{symbol.name}' {_SUFFIX}"


def _nested_deployments(file: File) -> Iterator[Finding]:
    for symbol in file.model.resources:
        if symbol.outer is not None or not _is_outer_deployment(file, symbol):
            continue
        told = f"'{symbol.name}' is an outer scoped nested deployment that"
        for what in _exposed(file, symbol):
            yield (
                getattr(symbol.node, "name", symbol.node),
                f"{told} {what} in deployment history. {_SOLUTION}",
            )


def _exposed(file: File, symbol: Symbol) -> Iterator[str]:
    names = ", ".join(f"'{name}'" for name in _secure_params(file, symbol))
    if names:
        yield f"accesses secure string parameters ({names}), which could expose their values"
    for call in walk(symbol.value):
        if (
            isinstance(call, (Call, MethodCall))
            and call in file.model.functions
            and LISTS.fullmatch(call.name.name)
        ):
            text = file.model.program.text[call.span.start : call.span.end]
            yield f'calls a list* function ("{text}"), which could expose sensitive values'
            return


def _is_outer_deployment(file: File, symbol: Symbol) -> bool:
    reference, properties = file.inference.symbols.reference(symbol), symbol.property_value("properties")
    if reference is None or reference.type.lower() != "microsoft.resources/deployments":
        return False
    if not isinstance(properties, Object) or not properties.get("template"):
        return False
    options = properties.get("expressionEvaluationOptions")
    scope = options.value.get("scope") if options and isinstance(options.value, Object) else None
    text = scope.value.literal if scope and isinstance(scope.value, String) else None
    return (text or "").lower() != "inner"


def _secure_params(file: File, symbol: Symbol) -> list[str]:
    used = {file.symbol(node) for node in walk(symbol.value)}
    return [
        each.name
        for each in file.model.params
        if each in used and isinstance(each.node, Param) and each.node.decorator("secure")
    ]


def _registry_modules(_file: File) -> Iterator[Finding]:
    """Yield nothing: a module from a registry is refused before any rule looks at it."""
    return iter(())


RULES = (
    Rule("artifacts-parameters", "Warning", _artifacts),
    Rule("decompiler-cleanup", "Warning", _decompiled),
    Rule("secure-params-in-nested-deploy", "Warning", _nested_deployments),
    Rule("use-recent-module-versions", None, _registry_modules),
)
