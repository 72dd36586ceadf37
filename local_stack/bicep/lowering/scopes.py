"""Where a resource or module is deployed: what a `scope` says, or the file's own scope."""

from __future__ import annotations

from dataclasses import dataclass

from local_stack.bicep.functions import SCOPES
from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.shape import bare
from local_stack.bicep.syntax import Call, Expression, Index, MethodCall, Nested, Variable

_GROUPS = {
    "microsoft.resources/resourcegroups": "resourceGroup",
    "microsoft.management/managementgroups": "managementGroup",
}


@dataclass(frozen=True)
class Scope:
    """`kind` is a target scope's name or `resource`; `index` belongs to the loop of `resource` or of `looped`."""

    kind: str
    group: Expression | None = None
    subscription: Expression | None = None
    resource: Symbol | None = None
    looped: Symbol | None = None
    index: Expression | None = None

    @property
    def plain(self) -> bool:
        """Whether it is a target scope without any name."""
        return self.group is None and self.subscription is None and self.resource is None


def scope_of(model: Model, symbol: Symbol) -> Scope | None:
    """Return the scope of a resource (its root ancestor's) or module; None where its expression has no clear kind."""
    root = symbol
    while root.parent:
        root = root.parent.symbol
    value = root.property_value("scope")
    return Scope(model.target_scope) if value is None else read_scope(model, value)


def read_scope(model: Model, value: Expression) -> Scope | None:
    """Return what a scope expression says."""
    node = bare(value)
    if isinstance(node, (Call, MethodCall)):
        return _called(model, node)
    symbol, index = model.references.get(node), None
    if isinstance(node, Index) and isinstance(node.base, (Variable, Nested)):
        symbol, index = model.references.get(node.base), node.index
    if symbol is None:
        return None
    if symbol.kind == "var" and index is None:
        return read_scope(model, symbol.value)
    return _of_resource(model, symbol, index) if symbol.kind == "resource" else None


def _called(model: Model, node: Call | MethodCall) -> Scope | None:
    function = model.functions.get(node)
    if function is None or function.name not in SCOPES:
        return None
    arguments = node.arguments
    if function.name == "subscription":
        return Scope("subscription", subscription=arguments[0] if arguments else None)
    if function.name == "resourceGroup" and len(arguments) == 2:
        return Scope("resourceGroup", group=arguments[1], subscription=arguments[0])
    return Scope(function.name, group=arguments[0] if arguments else None)


def _of_resource(model: Model, symbol: Symbol, index: Expression | None) -> Scope | None:
    kind = _GROUPS.get(model.types[symbol][0].lower()) if symbol in model.types else None
    if kind is None:
        return Scope("resource", resource=symbol, index=index)
    own = symbol.property_value("scope")
    above = read_scope(model, own) if own else None
    subscription = above.subscription if above and kind == "resourceGroup" else None
    name = symbol.property_value("name")
    return Scope(kind, group=name, subscription=subscription, looped=symbol, index=index)
