"""What a rule is, and the file that it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from local_stack.bicep.diagnostics import Level
from local_stack.bicep.linter.configuration import Configuration
from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.syntax import Call, Expression, MethodCall, Node, Span, Variable, walk
from local_stack.bicep.types.inference import Inference
from local_stack.bicep.types.model import Type

Finding: TypeAlias = "tuple[Node | Span, str]"
_Kind = TypeVar("_Kind", bound=Node)


class File:
    """A bound and typed file, as rules ask about it."""

    def __init__(self, inference: Inference, configuration: Configuration) -> None:
        self.inference, self.configuration = inference, configuration
        self.model: Model = inference.model
        self._nodes: list[Node] | None = None

    @property
    def nodes(self) -> list[Node]:
        """Every node of the file, in source order."""
        if self._nodes is None:
            self._nodes = [node for each in self.model.program.declarations for node in walk(each)]
        return self._nodes

    def all(self, kind: type[_Kind]) -> Iterator[_Kind]:
        """Yield every node of a kind."""
        return (node for node in self.nodes if isinstance(node, kind))

    def calls(self, *names: str) -> Iterator[Call | MethodCall]:
        """Yield every call of a function of these names, with or without its namespace."""
        for node in self.nodes:
            if (
                isinstance(node, (Call, MethodCall))
                and node.name.name in names
                and node in self.model.functions
            ):
                yield node

    def type(self, node: Expression) -> Type:
        """Return an expression's type."""
        return self.inference.of(node)

    def symbol(self, node: Node) -> Symbol | None:
        """Return what a plain name means."""
        return self.model.references.get(node) if isinstance(node, Variable) else None

    def enclosing(self, node: Node) -> Node | None:
        """Return the node around."""
        return self.model.enclosing.get(node)


@dataclass(frozen=True)
class Rule:
    """One rule: its name, the level it has by itself, and the function that yields places and messages."""

    name: str
    level: Level | None
    look: Callable[[File], Iterator[Finding]]
