"""`dependsOn`: every resource, module or variable a declaration names, followed through what is not deployed itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from local_stack.bicep.lowering.arm import Arm, ArmCall, template_value
from local_stack.bicep.lowering.context import NONE, Locals
from local_stack.bicep.lowering.expressions import Expressions
from local_stack.bicep.lowering.identity import Reference
from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.syntax import Expression, Index, Nested, Node, Resource, Variable, children, walk


@dataclass(frozen=True)
class Edge:
    """A use of a symbol; `index` picks one of a loop, None stands for the whole of it."""

    target: Symbol
    index: Expression | None


class Entry(NamedTuple):
    """What ends up in `dependsOn`: the edge it comes from and what its loop's names stand for."""

    edge: Edge
    env: Locals


class Dependencies:
    """The dependencies of one file's resources and modules."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._model: Model = expressions.context.model
        self._edges: dict[Symbol, list[Edge]] = {}

    def of(self, symbol: Symbol) -> list[str]:
        """Return the entries of `dependsOn`, sorted by symbolic name."""
        groups: dict[Symbol, list[Entry]] = {}
        for edge in self.edges(symbol):
            for entry in self._follow([edge], NONE, True):
                groups.setdefault(entry.edge.target, []).append(entry)
        found: list[str] = []
        for target in sorted(groups, key=lambda each: _culture(each.path)):
            found += self._entries(target, groups[target])
        return found

    def edges(self, symbol: Symbol) -> list[Edge]:
        """Return what a declaration uses, each once."""
        if symbol not in self._edges:
            found: dict[Edge, None] = {}
            if symbol.parent:
                found[Edge(symbol.parent.symbol, symbol.parent.index)] = None
            for node in _own(symbol.node):
                if isinstance(node, (Variable, Nested)):
                    target = self._model.references.get(node)
                    if target and target.kind in ("resource", "module", "var"):
                        found[Edge(target, self._index(node, target, symbol))] = None
            self._edges[symbol] = list(found)
        return self._edges[symbol]

    def _index(self, node: Node, target: Symbol, symbol: Symbol) -> Expression | None:
        around = self._model.enclosing.get(node)
        if not target.loop or not isinstance(around, Index) or around.base is not node:
            return None
        for each in walk(around.index):
            used = self._model.references.get(each)
            if used and used.owner and used.owner is not symbol.loop:
                return None
        return around.index

    def _follow(self, path: list[Edge], env: Locals, steady: bool) -> Iterator[Entry]:
        edge = path[-1]
        target = edge.target
        inside = self._expressions.enter(target, edge.index, env)
        indexed = target.loop is not None and edge.index is not None
        moving = (
            indexed and _uses_copy_index(self._expressions.convert(edge.index, env)) if edge.index else False
        )
        if moving and not steady:
            edge = Edge(target, None)
        if target.kind == "module" or (target.kind == "resource" and not target.existing):
            yield Entry(edge, inside)
            return
        for below in self.edges(target):
            if below not in path:
                yield from self._follow([*path, below], inside, steady and moving)

    def _entries(self, target: Symbol, entries: list[Entry]) -> list[str]:
        if target.loop and any(entry.edge.index is None for entry in entries):
            return [target.path if target.kind == "resource" else target.name]
        seen: dict[Edge, Entry] = {}
        for entry in entries:
            seen.setdefault(entry.edge, entry)
        return [str(template_value(self._id(target, entry.env))) for entry in seen.values()]

    def _id(self, target: Symbol, env: Locals) -> Arm:
        found = Reference(target, env)
        return (
            self._expressions.module_id(found)
            if target.kind == "module"
            else self._expressions.resource_id(found)
        )


def _own(node: Node) -> Iterator[Node]:
    """Yield what belongs to a declaration; nested resources have their own dependencies. `a::b` counts as `b` alone."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, Nested):
            stack.extend(each for each in reversed(list(children(current))) if not isinstance(each, Resource))


def _uses_copy_index(value: Arm) -> bool:
    if not isinstance(value, ArmCall):
        return False
    return value.name == "copyIndex" or any(
        _uses_copy_index(each) for each in (*value.arguments, *value.tail)
    )


def _culture(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sort as people do: letter case aside, lower case first where nothing else differs."""
    ranks = [
        (0 if each == "_" else 1 if each == ":" else 2 if each.isdigit() else 3, each)
        for each in name.lower()
    ]
    return ranks, name.swapcase()
