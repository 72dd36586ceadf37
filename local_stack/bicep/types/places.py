"""Where things are deployed and what they are called: scopes, slashes in names, loops whose names never change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from local_stack.bicep.diagnostics import quoted
from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import Call, Expression, Index, MethodCall, Nested, Node, String, Variable, walk
from local_stack.bicep.types.bodies import scope_words
from local_stack.bicep.types.declared import SCOPES
from local_stack.bicep.types.model import (
    DiscriminatedType,
    Flag,
    ModuleType,
    ObjectType,
    ResourceType,
    Scope,
    ScopeObject,
    scope_of,
)

if TYPE_CHECKING:
    from local_stack.bicep.types.inference import Inference

_SPECIAL = {
    "microsoft.resources/resourcegroups": Scope.RESOURCE_GROUP,
    "microsoft.management/managementgroups": Scope.MANAGEMENT_GROUP,
}


class Target:
    """Where something is deployed: the kind of scope, whether it is named, and the resource it extends."""

    def __init__(self, scope: Scope, *, named: bool = False, resource: Symbol | None = None) -> None:
        self.scope, self.named, self.resource = scope, named, resource


class Places:
    """The checks of one file."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._model = inference.model
        self._findings = inference.findings
        self._file = SCOPES[inference.model.target_scope]
        self._targets: dict[Symbol, Target] = {}

    def check(self) -> None:
        """Look at every resource and module."""
        everything = sorted(self._model.resources, key=lambda each: len(list(self._ancestors(each))))
        for symbol in everything:
            declared = self._inference.symbols.declared(symbol)
            if isinstance(declared, ResourceType):
                self._resource(symbol, declared)
        for symbol in everything:
            self._deployable(symbol)
        for symbol in self._model.modules:
            declared = self._inference.symbols.declared(symbol)
            if isinstance(declared, ModuleType):
                self._module(symbol, declared)
        for symbol in [*self._model.resources, *self._model.modules]:
            self._loop(symbol)

    def parent(self, symbol: Symbol) -> Symbol | None:
        """Return the resource that the resource belongs to, by nesting or by its `parent` property."""
        if symbol.outer is not None:
            return symbol.outer
        value = symbol.property_value("parent")
        base = value.base if isinstance(value, Index) else value
        found = self._model.symbol(base) if base is not None else None
        return found if found is not None and found.kind == "resource" else None

    def _ancestors(self, symbol: Symbol) -> Iterator[Symbol]:
        seen = {symbol}
        above = self.parent(symbol)
        while above is not None and above not in seen:
            seen.add(above)
            yield above
            above = self.parent(above)

    def _resource(self, symbol: Symbol, declared: ResourceType) -> None:
        ancestors = list(self._ancestors(symbol))
        self._name(symbol, declared, bool(ancestors))
        scope = symbol.property_value("scope")
        if not ancestors:
            found = self._scope(symbol.value, scope, declared.scopes, "BCP135", "resource type")
            self._targets[symbol] = found or Target(self._file)
            return
        if scope is not None:
            self._findings.error(
                scope,
                "BCP164",
                "A child resource's scope is computed based on the scope of its ancestor resource. This means that "
                'using the "scope" property on a child resource is unsupported.',
            )
            self._targets[symbol] = Target(self._file)
            return
        root = ancestors[-1]
        target = self._targets.get(root, Target(self._file))
        if not symbol.existing and root.existing and not self._is_deployable(target):
            self._findings.error(
                symbol.value,
                "BCP165",
                "A resource's computed scope must match that of the Bicep file for it to be deployable. "
                "This resource's "
                'scope is computed from the "scope" property value assigned to ancestor resource '
                f'"{root.name}". You must '
                "use modules to deploy resources to a different scope.",
            )
            target = Target(self._file)
        self._targets[symbol] = target

    def _deployable(self, symbol: Symbol) -> None:
        target = self._targets.get(symbol)
        if symbol.existing or target is None or list(self._ancestors(symbol)):
            return
        if not self._is_deployable(target):
            self._findings.error(
                symbol.property_value("scope") or symbol.value,
                "BCP139",
                "A resource's scope must match the scope of the Bicep file for it to be deployable. You "
                "must use modules "
                "to deploy resources to a different scope.",
            )

    def _is_deployable(self, target: Target) -> bool:
        seen: set[Symbol] = set()
        while target.resource is not None and target.resource not in seen:
            seen.add(target.resource)
            target = self._targets.get(target.resource, Target(self._file))
        if target.resource is not None:
            return True  # resources that extend each other in a circle: reported as the circle they are
        return target.scope == Scope.TENANT or (target.scope == self._file and not target.named)

    def _module(self, symbol: Symbol, declared: ModuleType) -> None:
        self._scope(symbol.value, symbol.property_value("scope"), declared.scopes, "BCP134", "module")

    def _scope(
        self, body: Expression, value: Expression | None, allowed: Scope, code: str, what: str
    ) -> Target | None:
        if value is None:
            if not allowed & self._file:
                self._refuse(body, self._file, allowed, code, what)
            return None
        kind = self._inference.of(value)
        base = value.base if isinstance(value, Index) else value
        symbol = self._model.symbol(base) if isinstance(base, (Variable, Nested)) else None
        if isinstance(kind, ScopeObject):
            if not allowed & kind.scope:
                self._refuse(value, kind.scope, allowed, code, what)
                return None
            named = isinstance(value, (Call, MethodCall)) and bool(value.arguments)
            return Target(kind.scope, named=named)
        if symbol is not None and symbol.kind == "resource":
            return self._resource_scope(symbol, value, allowed, code, what)
        if symbol is not None and symbol.kind == "module" and scope_of(kind) is not None:
            self._refuse(value, Scope.MODULE, allowed, code, what)
        return None

    def _resource_scope(
        self, symbol: Symbol, value: Expression, allowed: Scope, code: str, what: str
    ) -> Target | None:
        declared = self._inference.symbols.declared(symbol)
        if not isinstance(declared, ResourceType) or (symbol.loop and not isinstance(value, Index)):
            return None
        special = _SPECIAL.get(declared.reference.type.lower())
        supplied = special or Scope.RESOURCE
        if not allowed & supplied:
            self._refuse(value, supplied, allowed, code, what)
            return None
        return Target(supplied, named=True) if special else Target(supplied, resource=symbol)

    def _refuse(self, at: Node, supplied: Scope, allowed: Scope, code: str, what: str) -> None:
        self._findings.error(
            at,
            code,
            f"Scope {quoted(scope_words(supplied))} is not valid for this {what}. Permitted scopes: "
            f"{quoted(scope_words(allowed))}.",
        )

    def _name(self, symbol: Symbol, declared: ResourceType, child: bool) -> None:
        value = symbol.property_value("name")
        if not isinstance(value, String):
            return
        count = sum(segment.count("/") for segment in value.segments)
        if child and count:
            self._findings.error(
                value,
                "BCP170",
                'Expected resource name to not contain any "/" characters. Child resources with a parent resource '
                "reference (via the parent property or via nesting) must not contain a fully-qualified name.",
            )
        wanted = len(declared.reference.segments) - 2
        if not child and (count > wanted if value.expressions else count != wanted):
            self._findings.error(
                value,
                "BCP169",
                f'Expected resource name to contain {wanted} "/" character(s). The number of name '
                "segments must match the "
                "number of segments in the resource type.",
            )

    def _loop(self, symbol: Symbol) -> None:
        loop, declared = symbol.loop, self._inference.symbols.declared(symbol)
        if loop is None or declared is None or symbol.existing:
            return
        body = declared.body
        if isinstance(body, DiscriminatedType) or not isinstance(body, ObjectType):
            return
        names = sorted(name for name, each in body.properties.items() if each.flags & Flag.LOOP_VARIANT)
        values = [value for name in names if (value := symbol.property_value(name)) is not None]
        if symbol.property_value("name") is None or any(self._varies(loop, value) for value in values):
            return
        if loop.index is None:
            words = (
                "Unique resource or deployment name is required when looping. The loop item variable "
                f'"{loop.item.name}" '
                "must be referenced in at least one of the value expressions of the following properties: "
            )
        else:
            words = (
                "Unique resource or deployment name is required when looping. The loop item variable "
                f'"{loop.item.name}" '
                f'or the index variable "{loop.index.name}" must be referenced in at least one of the '
                "value expressions of "
                "the following properties in the loop body: "
            )
        self._findings.warning(getattr(symbol.node, "name", symbol.node), "BCP179", words + quoted(names))

    def _varies(self, loop: Node, value: Expression) -> bool:
        symbols = [self._model.references.get(node) for node in walk(value) if isinstance(node, Variable)]
        return any(each is not None and each.owner is loop for each in symbols)
