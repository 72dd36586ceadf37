"""Which variables cannot be emitted, because their value is known only while the template is deployed."""

from __future__ import annotations

from enum import Enum

from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.shape import bare
from local_stack.bicep.syntax import (
    Access,
    Call,
    Identifier,
    Index,
    MethodCall,
    Nested,
    Node,
    Object,
    Resource,
    Variable,
    children,
)

_STABLE = ("id", "name", "type", "apiVersion")


class Decision(Enum):
    """`SKIP` is `NO` that a later bare use of a symbol does not turn into `YES`."""

    NO = 0
    YES = 1
    SKIP = 2


class Inlining:
    """The decisions of one file, as they are asked for. The order in which a value is read matters."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._decided: dict[Symbol, Decision] = {}

    def inlines(self, symbol: Symbol) -> bool:
        """Whether a variable's value, or an existing resource's name, is repeated at each use."""
        if symbol not in self._decided:
            self._decide(symbol)
        return self._decided[symbol] is Decision.YES

    def _decide(self, symbol: Symbol) -> None:
        self._decided[symbol] = Decision.NO
        if symbol.kind == "var":
            self._visit(symbol.value, symbol)
        elif not symbol.existing:
            self._decided[symbol] = Decision.SKIP
        elif self._has_inlined_ancestor(symbol):
            self._decided[symbol] = Decision.YES
        elif isinstance(symbol.value, Object):
            for each in symbol.body.properties:
                if each.name not in ("dependsOn", "parent", "scope"):
                    self._visit(each, symbol)

    def _has_inlined_ancestor(self, symbol: Symbol) -> bool:
        scope = symbol.property_value("scope")
        scoped = self._model.symbol(scope) if scope else None
        if scoped and scoped.kind == "resource" and self.inlines(scoped):
            return True
        return symbol.parent is not None and self.inlines(symbol.parent.symbol)

    def _visit(self, node: Node, owner: Symbol) -> None:
        if self._decided[owner] is Decision.YES:
            return
        if isinstance(node, Variable):
            self._use(node, owner)
        elif isinstance(node, Access):
            self._read(node, owner)
        elif isinstance(node, (Call, MethodCall)):
            self._function(node, owner)
        elif not isinstance(node, (Identifier, Resource)):
            self._children(node, owner)

    def _children(self, node: Node, owner: Symbol) -> None:
        for child in children(node):
            self._visit(child, owner)

    def _use(self, node: Variable, owner: Symbol) -> None:
        symbol = self._model.references.get(node)
        if symbol is None:
            return
        if symbol.kind == "var":
            inlined = self.inlines(symbol) or self._decided[owner] is Decision.YES
            self._decided[owner] = Decision.YES if inlined else Decision.NO
        elif symbol.kind in ("resource", "module") and self._decided[owner] is not Decision.SKIP:
            self._decided[owner] = Decision.YES

    def _function(self, node: Call | MethodCall, owner: Symbol) -> None:
        function = self._model.functions.get(node)
        if function:
            self._decided[owner] = Decision.YES if function.runtime else Decision.NO
        elif isinstance(node, MethodCall) and node.name.name.startswith("list"):
            self._decided[owner] = Decision.YES
        if not (function and function.name == "nameof"):
            self._children(node, owner)

    def _read(self, node: Access, owner: Symbol) -> None:
        symbol = self._base(node.base)
        if symbol is None or symbol.kind not in ("resource", "module"):
            self._children(node, owner)
            return
        name = node.name.name
        if symbol.kind == "module":
            stable = name == "name"
        elif name in ("id", "name"):
            stable = not self.inlines(symbol)
        else:
            stable = name in _STABLE
        self._decided[owner] = Decision.SKIP if stable else Decision.YES

    def _base(self, node: Node) -> Symbol | None:
        inner = bare(node)
        while isinstance(inner, Index):
            inner = inner.base
        return self._model.references.get(inner) if isinstance(inner, (Variable, Nested)) else None
