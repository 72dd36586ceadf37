"""Where resources and modules may be deployed from a file of a given target scope."""

from __future__ import annotations

from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.lowering.scopes import Scope, read_scope, scope_of
from local_stack.bicep.model import Model, Symbol

_UNCLEAR = (
    "The scope could not be resolved at compile time because the supplied expression is "
    "ambiguous or too complex. Scoping "
    "expressions must be reducible to a specific kind of scope without knowledge of "
    "parameter values."
)
_MODULE_CODES = {
    "tenant": "BCP113",
    "managementGroup": "BCP114",
    "subscription": "BCP115",
    "resourceGroup": "BCP116",
}
_PERMISSIBLE = {
    "tenant": (
        "tenant: tenant(), named management group: managementGroup(<name>), named "
        "subscription: subscription(<subId>), or "
        "named resource group in a named subscription: resourceGroup(<subId>, <name>)"
    ),
    "managementGroup": (
        "current management group: managementGroup(), named management group: "
        "managementGroup(<name>), named "
        "subscription: subscription(<subId>), tenant: tenant(), or named resource group in a "
        "named subscription: "
        "resourceGroup(<subId>, <name>)"
    ),
    "subscription": (
        "current subscription: subscription(), named subscription: subscription(<subId>), "
        "named resource group in "
        "same subscription: resourceGroup(<name>), named resource group in different "
        "subscription: resourceGroup(<subId>, <name>), "
        "or tenant: tenant()"
    ),
    "resourceGroup": (
        "current resource group: resourceGroup(), named resource group in same subscription: "
        "resourceGroup(<name>), "
        "named resource group in a different subscription: resourceGroup(<subId>, <name>), "
        "current subscription: subscription(), "
        "named subscription: subscription(<subId>) or tenant: tenant()"
    ),
}
_ALL = ("tenant", "managementGroup", "subscription", "resourceGroup")


def check_scopes(model: Model, diagnostics: Diagnostics) -> None:
    """Report scopes that cannot be told apart, and modules that cannot be reached from the file's own."""
    for symbol in model.resources:
        _check_resource(model, symbol, diagnostics)
    for symbol in model.modules:
        _check_module(model, symbol, diagnostics)


def _check_resource(model: Model, symbol: Symbol, diagnostics: Diagnostics) -> None:
    if scope_of(model, symbol) is None:
        diagnostics.error(symbol.property_value("scope") or symbol.value, "BCP420", _UNCLEAR)


def _check_module(model: Model, symbol: Symbol, diagnostics: Diagnostics) -> None:
    value = symbol.property_value("scope")
    if value is None:
        return
    scope = read_scope(model, value)
    if scope is None:
        diagnostics.error(value, "BCP420", _UNCLEAR)
    elif scope.kind == "resource":
        diagnostics.error(
            value,
            "BCP036",
            (
                'The property "scope" expected a value of another type: a module is deployed to a '
                "tenant, "
                "a management group, a subscription or a resource group."
            ),
        )
    elif model.target_scope not in _reachable_from(scope):
        diagnostics.error(
            value,
            _MODULE_CODES[model.target_scope],
            (
                "Unsupported scope for module deployment in a "
                f'"{model.target_scope}" target scope. Omit this property to inherit the current '
                "scope, or specify a valid "
                f"scope. Permissible scopes include {_PERMISSIBLE[model.target_scope]}."
            ),
        )


def _reachable_from(scope: Scope) -> tuple[str, ...]:
    """Return the target scopes from which a module can be deployed there."""
    if scope.kind == "tenant":
        return _ALL
    if scope.kind == "managementGroup":
        return ("tenant", "managementGroup")
    if scope.kind == "subscription":
        return _ALL if scope.subscription else ("subscription", "resourceGroup")
    if scope.subscription and scope.group:
        return _ALL
    return ("subscription", "resourceGroup") if scope.group else ("resourceGroup",)
