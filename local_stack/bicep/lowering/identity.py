"""Names and ids of resources and modules, as seen from anywhere in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from local_stack.bicep.lowering.arm import Arm, access, call
from local_stack.bicep.lowering.context import Context, Locals
from local_stack.bicep.lowering.refusal import Refusal
from local_stack.bicep.lowering.scopes import Scope, scope_of
from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import Expression, If

DEPLOYMENT = "Microsoft.Resources/deployments"
DEPLOYMENT_VERSION = "2025-04-01"
_GROUP = "Microsoft.Management/managementGroups"


class Reference(NamedTuple):
    """A resource or module and what its own loop's names stand for."""

    symbol: Symbol
    env: Locals


class Identity:
    """Names and ids. `env` says what the names of the symbol's own loop stand for where it is used."""

    if TYPE_CHECKING:

        def convert(self, node: Expression, env: Locals = ...) -> Arm:
            """Return an expression as ARM knows it (in expressions.py)."""
            ...

    def __init__(self, context: Context) -> None:
        self.context = context

    def enter(self, symbol: Symbol, index: Expression | None, env: Locals) -> Locals:
        """Return `env` with the names of a symbol's loop set to one of its items."""
        loop = symbol.loop
        if loop is None or index is None:
            return env
        at = self.convert(index, env)
        found = dict(env)
        model = self.context.model
        found[model.locals[loop.item]] = access(self.convert(loop.source, env), at)
        if loop.index:
            found[model.locals[loop.index]] = at
        return found

    def lineage(self, symbol: Symbol, env: Locals) -> list[Reference]:
        """Return the resource's ancestors from the root on, and the resource."""
        if symbol.parent is None:
            return [Reference(symbol, env)]
        above = symbol.parent
        return [
            *self.lineage(above.symbol, self.enter(above.symbol, above.index, env)),
            Reference(symbol, env),
        ]

    def own_name(self, symbol: Symbol, env: Locals) -> Arm:
        """Return what the body says after `name:`."""
        name = symbol.property_value("name")
        if name is None:
            raise Refusal(symbol.node, f"'{symbol.name}' without a name is")
        return self.convert(name, env)

    def segments(self, symbol: Symbol, env: Locals) -> list[Arm]:
        """Return one name for each segment of the resource's type."""
        wanted = self.context.model.types[symbol][0].count("/")
        line = self.lineage(symbol, env)
        root, *below = [self.own_name(each.symbol, each.env) for each in line]
        first = wanted - len(below)
        if first > 1:
            return [*(access(call("split", root, "/"), number) for number in range(first)), *below]
        return [root, *below]

    def full_name(self, symbol: Symbol, env: Locals) -> Arm:
        """Return the name under which a resource is deployed."""
        if symbol.parent is None:
            return self.own_name(symbol, env)
        segments = self.segments(symbol, env)
        return call("format", "/".join(f"{{{number}}}" for number in range(len(segments))), *segments)

    def scope(self, symbol: Symbol) -> Scope:
        """Return where a resource or module is deployed. Raises Refusal where that cannot be told."""
        found = scope_of(self.context.model, symbol)
        if found is None:
            raise Refusal(
                symbol.property_value("scope") or symbol.node,
                (
                    "The scope could not be resolved at compile time because "
                    "the supplied expression is ambiguous or too complex. Scoping expressions must be "
                    "reducible to a "
                    "specific kind of scope without knowledge of parameter values."
                ),
                "BCP420",
            )
        return found

    def resource_id(self, found: Reference) -> Arm:
        """Return a resource's id."""
        kind = self.context.model.types[found.symbol][0]
        root = self.lineage(found.symbol, found.env)[0]
        return self._id(self.scope(found.symbol), root.env, kind, self.segments(found.symbol, found.env))

    def module_id(self, found: Reference) -> Arm:
        """Return the id of a module's deployment."""
        return self._id(
            self.scope(found.symbol), found.env, DEPLOYMENT, [self.own_name(found.symbol, found.env)]
        )

    def _id(self, scope: Scope, env: Locals, kind: str, names: list[Arm]) -> Arm:
        inside = self.enter(scope.looped, scope.index, env) if scope.looped else env
        if scope.kind == "tenant":
            return call("tenantResourceId", kind, *names)
        if scope.kind == "subscription":
            leading = [self.convert(scope.subscription, env)] if scope.subscription else []
            return call("subscriptionResourceId", *leading, kind, *names)
        if scope.resource:
            target = Reference(scope.resource, self.enter(scope.resource, scope.index, env))
            return call("extensionResourceId", self.resource_id(target), kind, *names)
        if scope.kind == "managementGroup":
            return call("extensionResourceId", self._management_group(scope, inside), kind, *names)
        if scope.group is None:
            return call("resourceId", kind, *names)
        return call("extensionResourceId", self._resource_group(scope, inside, env), kind, *names)

    def _management_group(self, scope: Scope, env: Locals) -> Arm:
        if scope.group is None:
            return access(call("managementGroup"), "id")
        return call("tenantResourceId", _GROUP, self.convert(scope.group, env))

    def _resource_group(self, scope: Scope, inside: Locals, env: Locals) -> Arm:
        subscription = (
            self.convert(scope.subscription, env)
            if scope.subscription
            else access(call("subscription"), "subscriptionId")
        )
        return call(
            "format",
            "/subscriptions/{0}/resourceGroups/{1}",
            subscription,
            self.convert(cast("Expression", scope.group), inside),
        )

    def runtime(self, found: Reference, *, full: bool) -> Arm:
        """Return what Azure says of a resource while the template is deployed."""
        version = self.context.model.types[found.symbol][1]
        return call("reference", self.resource_id(found), version, *(["full"] if full else []))

    def conditions(self, symbol: Symbol) -> list[Expression]:
        """Return what must hold for a resource or module to be deployed, from the resources around it inwards."""
        found = [] if symbol.condition is None else [symbol.condition]
        above = symbol.parent
        while above:
            if above.nested and isinstance(above.symbol.value, If):
                found.insert(0, above.symbol.value.condition)
            above = above.symbol.parent
        return found

    def condition_of(self, symbol: Symbol, env: Locals) -> Arm | None:
        """Return all its conditions as one expression."""
        found: Arm | None = None
        for condition in self.conditions(symbol):
            current = self.convert(condition, env)
            found = current if found is None else call("and", found, current)
        return found
