"""What is read off resources, modules and other values: properties, items, outputs and methods."""

from __future__ import annotations

from typing import cast

from local_stack.bicep.lowering.arm import Arm, ArmCall, access, as_call, call
from local_stack.bicep.lowering.context import Locals
from local_stack.bicep.lowering.identity import DEPLOYMENT_VERSION, Identity, Reference
from local_stack.bicep.lowering.refusal import Refusal
from local_stack.bicep.shape import bare
from local_stack.bicep.syntax import Access, Expression, Index, MethodCall, Nested, Node, Variable

_SAFE = ("tryGet", "tryIndexFromEnd")


class Members(Identity):
    """Reading off values."""

    def reference(self, node: Expression, env: Locals) -> Reference | None:
        """Return the resource or module that an expression names, picked out of its loop where it has one."""
        inner = self.context.strip(node)
        if isinstance(inner, Index) and isinstance(inner.base, (Variable, Nested)):
            symbol = self.context.model.references.get(inner.base)
            if symbol and symbol.kind in ("resource", "module") and symbol.loop:
                return Reference(symbol, self.enter(symbol, inner.index, env))
        if not isinstance(inner, (Variable, Nested)):
            return None
        symbol = self.context.model.references.get(inner)
        if symbol and symbol.kind in ("resource", "module"):
            if symbol.loop:
                raise Refusal(inner, f"'{symbol.name}' without an index (it needs languageVersion 2.0) is")
            return Reference(symbol, env)
        if symbol and symbol.kind == "var" and self.context.inlining.inlines(symbol):
            return self.reference(symbol.value, env)
        return None

    def whole(self, node: Expression, env: Locals) -> Arm:
        """Return a resource or module itself."""
        found = self.reference(node, env)
        if found is None:
            raise Refusal(node, "This expression is")
        if found.symbol.kind == "module":
            raise Refusal(node, "A module as a value is")
        return self.runtime(found, full=True)

    def compared(self, node: Expression, env: Locals) -> Arm:
        """Return what stands beside `==` or `!=`, where a module may be a value."""
        found = self.reference(node, env)
        if found and found.symbol.kind == "module":
            return call("reference", self.module_id(found), DEPLOYMENT_VERSION)
        return self.convert(node, env)

    def access(self, node: Access, env: Locals) -> Arm:
        """Return `base.name`."""
        return self._member(node, node.base, node.name.name, node.safe, env)

    def index(self, node: Index, env: Locals) -> Arm:
        """Return `base[index]`; a constant string is a property's name."""
        found = self.reference(node, env)
        if found:
            return self.whole(node, env)
        step = self.convert(node.index, env)
        if isinstance(step, str) and not node.from_end:
            return self._member(node, node.base, step, node.safe, env)
        return self._plain(node, self.convert(node.base, env), step, env)

    def _member(self, node: Access | Index, base: Expression, name: str, safe: bool, env: Locals) -> Arm:
        found = self.reference(base, env)
        if found and found.symbol.kind == "resource":
            return self._of_resource(found, name, safe)
        if found:
            return self._of_module(node, found, name, safe)
        outputs = isinstance(node, Access) and isinstance(base, Access) and base.name.name == "outputs"
        if outputs and self._is_module(cast("Access", base).base, env):
            return self._output(self.convert(base, env), name, safe)
        return self._plain(node, self.convert(base, env), name, env)

    def _is_module(self, node: Expression, env: Locals) -> bool:
        """Whether the type says so, which it no longer does behind `any()`."""
        inner = bare(node)
        symbol = self.context.model.references.get(inner) if isinstance(inner, Variable) else None
        if symbol and symbol.kind == "var":
            return self._is_module(symbol.value, env)
        if self.context.is_call_of(inner, "any"):
            return False
        found = self.reference(node, env)
        return found is not None and found.symbol.kind == "module"

    def _plain(self, node: Access | Index, base: Arm, step: Arm, env: Locals) -> Arm:
        del env
        from_end = isinstance(node, Index) and node.from_end
        if node.safe:
            return call("tryIndexFromEnd" if from_end else "tryGet", base, step)
        chained = isinstance(self.context.strip(node.base), (Access, Index))
        if chained and isinstance(base, ArmCall) and base.name in _SAFE and not base.tail:
            extra = call("createObject", "value", step, "fromEnd", call("true")) if from_end else step
            return call(base.name, *base.arguments, extra)
        return call("indexFromEnd", base, step) if from_end else access(base, step)

    def _guarded(self, found: Reference, value: Arm) -> Arm:
        condition = self.condition_of(found.symbol, found.env)
        return value if condition is None else call("if", condition, value, call("null"))

    def _of_resource(self, found: Reference, name: str, safe: bool) -> Arm:
        kind, version = self.context.model.types[found.symbol]
        if name == "type":
            return kind
        if name == "apiVersion":
            return version
        if name in ("id", "name"):
            value = self.resource_id(found) if name == "id" else self.own_name(found.symbol, found.env)
            return self._guarded(found, value) if safe else value
        if name == "properties" and not safe:
            return self.runtime(found, full=False)
        whole = self.runtime(found, full=True)
        return call("tryGet", self._guarded(found, whole), name) if safe else access(whole, name)

    def _of_module(self, node: Node, found: Reference, name: str, safe: bool) -> Arm:
        if name == "name":
            value = self.own_name(found.symbol, found.env)
            return self._guarded(found, value) if safe else value
        if name != "outputs":
            raise Refusal(node, f"'{name}' of a module is")
        base = call("reference", self.module_id(found), DEPLOYMENT_VERSION)
        return call("tryGet", self._guarded(found, base), "outputs") if safe else access(base, "outputs")

    def _output(self, outputs: Arm, name: str, safe: bool) -> Arm:
        base = as_call(outputs)
        if safe:
            return call("tryGet", call("tryGet", base, name), "value")
        if base.name in _SAFE and not base.tail:
            return call(base.name, *base.arguments, name, "value")
        return access(base, name, "value")

    def method(self, node: MethodCall, env: Locals) -> Arm:
        """Return `resource.listKeys()` and its like."""
        found = self.reference(node.base, env)
        name = node.name.name
        if found is None or found.symbol.kind != "resource":
            raise Refusal(node.name, f"The function '{name}' on this value is")
        if name == "getSecret":
            raise Refusal(
                node,
                (
                    'Function "getSecret" is not valid at this location. It can only be used when '
                    "directly "
                    "assigning to a module parameter with a secure decorator."
                ),
                "BCP180",
            )
        if not name.startswith("list"):
            raise Refusal(node.name, f"The function '{name}' on a resource is")
        arguments = [self.convert(each, env) for each in node.arguments]
        return call(
            name, self.resource_id(found), *(arguments or [self.context.model.types[found.symbol][1]])
        )
