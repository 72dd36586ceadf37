"""Values that must be known when the deployment starts, and what in them is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from local_stack.bicep.diagnostics import quoted
from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import (
    Access,
    Array,
    Call,
    Expression,
    For,
    Index,
    MethodCall,
    Nested,
    Node,
    NonNull,
    Object,
    Property,
    Resource,
    Var,
    Variable,
    children,
)
from local_stack.bicep.types import functions
from local_stack.bicep.types.model import (
    AnyType,
    ArrayType,
    DiscriminatedType,
    Flag,
    IntLiteral,
    IntType,
    ModuleType,
    ObjectType,
    ParentType,
    ResourceType,
    ScopeType,
    StringLiteral,
    Type,
    UnionType,
)

if TYPE_CHECKING:
    from local_stack.bicep.types.inference import Inference

_START = ", which requires a value that can be calculated at the start of the deployment."
_START_ALL = ", which requires values that can be calculated at the start of the deployment."
_ALWAYS = {"resource": ("apiVersion", "id", "name", "type"), "module": ("name",)}


class Early(NamedTuple):
    """Something read before it is known: where, of what, which property, behind which variables."""

    node: Node
    symbol: Symbol | None = None
    name: str | None = None
    chain: tuple[str, ...] = ()


class Container:
    """A place that takes only what is known at the start; `told` is how its message begins."""

    def __init__(self, code: str, told: str, parts: list[Expression], *, refers: bool = False) -> None:
        self.code, self.told, self.parts, self.refers = code, told, parts, refers


class DeployTime:
    """The check of one file."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._model = inference.model
        self._findings = inference.findings

    def check(self) -> None:
        """Look at every place that takes only what is known at the start."""
        for container in self._containers():
            for part in container.parts:
                for early in self._violations(part, container):
                    self._note(container, early)

    def _containers(self) -> Iterator[Container]:
        for symbol in [*self._model.resources, *self._model.modules]:
            if not symbol.existing:
                yield from self._of_declaration(symbol)
        for symbol in self._model.variables:
            if symbol.loop:
                told = f'This expression is being used in the for-body of the variable "{symbol.name}"{_START_ALL}'
                yield Container("BCP182", told, [symbol.loop.body])
        for node in self._nodes():
            if isinstance(node, For):
                told = f"This expression is being used in the for-expression{_START}"
                yield Container("BCP178", told, [node.source])
            elif (isinstance(node, Call) and functions.is_runtime(node.name.name)) or (
                isinstance(node, MethodCall) and functions.LISTS.fullmatch(node.name.name)
            ):
                yield self._arguments(node)

    def _arguments(self, node: Call | MethodCall) -> Container:
        told = f'This expression is being used in an argument of the function "{node.name.name}"{_START}'
        return Container("BCP181", told, list(node.arguments))

    def _nodes(self) -> Iterator[Node]:
        stack: list[Node] = list(self._model.program.declarations)
        while stack:
            node = stack.pop()
            yield node
            stack.extend(children(node))

    def _of_declaration(self, symbol: Symbol) -> Iterator[Container]:
        if symbol.condition is not None:
            told = f"This expression is being used in the if-condition expression{_START}"
            yield Container("BCP177", told, [symbol.condition])
        declared = self._inference.symbols.declared(symbol)
        if declared is not None:
            yield from self._properties(symbol.body, declared.body)

    def _properties(self, node: Expression, wanted: Type) -> Iterator[Container]:
        if isinstance(node, For):
            yield from self._properties(node.body, wanted.item if isinstance(wanted, ArrayType) else wanted)
        elif isinstance(node, Array) and isinstance(wanted, ArrayType):
            for item in node.items:
                if isinstance(item, Object):
                    yield from self._properties(item, wanted.item)
        elif isinstance(node, Object):
            shape = self._chosen(node, wanted)
            for each in node.properties:
                if shape is not None:
                    yield from self._property(each, shape)

    def _property(self, each: Property, shape: ObjectType) -> Iterator[Container]:
        held = shape.properties.get(each.name or "")
        if held is None:
            if shape.extra is not None:
                yield from self._properties(each.value, shape.extra.type)
            return
        if held.flags & Flag.DEPLOY_TIME:
            told = (
                f'This expression is being used in an assignment to the "{held.name}" property of the '
                f'"{shape.name}" type{_START}'
            )
            refers = isinstance(held.type, (ParentType, ScopeType))
            yield Container("BCP120", told, [each.value], refers=refers)
        yield from self._properties(each.value, held.type)

    def _chosen(self, node: Object, wanted: Type) -> ObjectType | None:
        if isinstance(wanted, DiscriminatedType):
            given = node.get(wanted.discriminator)
            kind = self._inference.of(given.value) if given else None
            return wanted.members.get(kind.value) if isinstance(kind, StringLiteral) else None
        return wanted if isinstance(wanted, ObjectType) else None

    def _violations(self, part: Expression, container: Container) -> Iterator[Early]:
        """Yield what is not known at the start, in the expression itself and behind the variables it names."""
        for node in _walk(part):
            found = self._at(node, container.refers)
            if found is not None and not (found.symbol is None and container.code == "BCP177"):
                yield found
        for node in _walk(part):
            behind = self._model.references.get(node) if isinstance(node, Variable) else None
            if behind is not None and behind.kind == "var":
                deep = self._behind(behind, [behind.name], set())
                if deep is not None:
                    yield deep._replace(node=node)

    def _behind(self, variable: Symbol, chain: list[str], seen: set[Symbol]) -> Early | None:
        if variable in seen or not isinstance(variable.node, Var):
            return None
        seen.add(variable)
        for node in _walk(variable.node.value):
            symbol = self._model.references.get(node) if isinstance(node, Variable) else None
            if symbol is not None and symbol.kind == "var":
                deeper = self._behind(symbol, [*chain, symbol.name], seen)
                if deeper is not None:
                    return deeper
            found = self._at(node, refers=False)
            if found is not None:
                tail = found.symbol.name if found.symbol else _called_name(node)
                return found._replace(chain=(*chain, tail))
        return None

    def _at(self, node: Node, refers: bool) -> Early | None:
        """Return what the node reads too early: a resource or module, or what a function gives."""
        if isinstance(node, Call) and functions.is_runtime(node.name.name):
            return Early(node)
        if isinstance(node, MethodCall) and functions.LISTS.fullmatch(node.name.name):
            return Early(node)
        if isinstance(node, Access):
            symbol = self._owner(node.base)
            name = node.name.name
            return Early(node, symbol, name) if symbol and self._too_early(symbol, name) else None
        if isinstance(node, Index):
            return self._at_index(node)
        if isinstance(node, (Variable, Nested)) and not refers:
            return self._whole(node)
        return None

    def _at_index(self, node: Index) -> Early | None:
        symbol = self._owner(node.base)
        if symbol is None:
            return None
        kind = self._inference.of(node.index)
        if isinstance(kind, StringLiteral):
            return Early(node, symbol, kind.value) if self._too_early(symbol, kind.value) else None
        if isinstance(kind, UnionType) and all(isinstance(each, StringLiteral) for each in kind.members):
            for each in kind.members:
                if isinstance(each, StringLiteral) and self._too_early(symbol, each.value):
                    return Early(node, symbol, each.value)
            return None
        return Early(node, symbol)

    def _whole(self, node: Node) -> Early | None:
        outermost = node
        around = self._model.enclosing.get(node)
        while isinstance(around, NonNull):
            outermost, around = around, self._model.enclosing.get(around)
        if isinstance(around, (Access, MethodCall, Nested)) and around.base is outermost:
            return None
        if isinstance(around, Index) and around.base is outermost:
            return self._whole_item(around, outermost)
        symbol = self._owner(outermost)
        return Early(outermost, symbol) if symbol else None

    def _whole_item(self, item: Index, collection: Node) -> Early | None:
        outside = self._model.enclosing.get(item)
        if isinstance(outside, (Access, Index, MethodCall)) and outside.base is item:
            return None
        kind = self._inference.of(item.index)
        symbol = self._owner(item)
        if symbol is None or not isinstance(kind, (IntType, IntLiteral, AnyType)):
            return None
        return Early(collection, symbol)

    def _owner(self, node: Node) -> Symbol | None:
        """Return the one resource or module that the expression stands for."""
        while isinstance(node, NonNull):
            node = node.base
        indexed = isinstance(node, Index)
        base = node.base if isinstance(node, Index) else node
        if not isinstance(base, (Variable, Nested)):
            return None
        symbol = self._model.references.get(base)
        if symbol is None or symbol.kind not in ("resource", "module"):
            return None
        if (symbol.loop is not None) is not indexed:
            return None
        return symbol

    def _too_early(self, symbol: Symbol, name: str) -> bool:
        body = self._body(symbol)
        held = body.properties.get(name) if body else None
        return held is not None and not held.flags & Flag.READABLE_AT_START

    def _body(self, symbol: Symbol) -> ObjectType | None:
        declared = self._inference.symbols.declared(symbol)
        if isinstance(declared, (ResourceType, ModuleType)):
            body: Type = declared.body
            return self._chosen(symbol.body, body)
        return None

    def _note(self, container: Container, early: Early) -> None:
        words, symbol = container.told, early.symbol
        if early.chain:
            joined = '" -> "'.join(early.chain)
            words += f' You are referencing a variable which cannot be calculated at the start ("{joined}").'
        if container.code == "BCP182" and symbol is not None and early.name:
            words += f' The property "{early.name}" of {symbol.name} cannot be calculated at the start.'
        self._findings.error(early.node, container.code, words + self._readable(symbol))

    def _readable(self, symbol: Symbol | None) -> str:
        body = self._body(symbol) if symbol else None
        if symbol is None or body is None:
            return ""
        known = [
            name
            for name, each in body.properties.items()
            if each.flags & Flag.READABLE_AT_START and not each.flags & Flag.WRITE_ONLY
        ]
        if isinstance(symbol.node, Resource):
            given = {each.name for each in symbol.body.properties} | set(_ALWAYS["resource"])
            known = [name for name in known if name in given]
        return f" Properties of {symbol.name} which can be calculated at the start include {quoted(sorted(known))}."


def _called_name(node: Node) -> str:
    return node.name.name if isinstance(node, (Call, MethodCall)) else ""


def _walk(node: Node) -> Iterator[Node]:
    """Yield the expression's nodes; not those whose values do not matter, nor nested resources."""
    yield node
    if isinstance(node, Call) and node.name.name in functions.IGNORES_ARGUMENT_VALUES:
        return
    for child in children(node):
        if not isinstance(child, Resource) and not isinstance(node, Nested):
            yield from _walk(child)
