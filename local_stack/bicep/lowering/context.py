"""What lowering a file needs to hand: its model, inlined variables, loaded files, the values of loop names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from local_stack.bicep.diagnostics import UNREADABLE_CODE
from local_stack.bicep.lowering.arm import Arm
from local_stack.bicep.lowering.inlining import Inlining
from local_stack.bicep.lowering.refusal import Refusal
from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.shape import bare
from local_stack.bicep.syntax import Call, Expression, MethodCall, Node, Variable

Locals: TypeAlias = Mapping[Symbol, Arm]
NONE: Locals = {}
_MOST_REPEATED = 50_000


@dataclass
class Context:
    """One file on its way to a template."""

    model: Model
    loaded: dict[Node, Any] = field(default_factory=dict)  # a load function's call -> what the file holds
    names: dict[Node, str] = field(
        default_factory=dict
    )  # a load function's call -> the variable that holds it
    inlining: Inlining = field(init=False)
    repeated: int = 0

    def __post_init__(self) -> None:
        self.inlining = Inlining(self.model)

    def strip(self, node: Expression) -> Expression:
        """Return the expression without what leaves no trace: parentheses, `!` and `any()`."""
        while True:
            inner = bare(node)
            if not self.is_call_of(inner, "any"):
                return inner  # type: ignore[return-value]
            node = inner.arguments[0]  # type: ignore[attr-defined]

    def followed(self, node: Expression) -> Expression:
        """Return what an expression comes down to: also through variables that are repeated at each use."""
        inner = self.strip(node)
        while isinstance(inner, Variable):
            symbol = self.model.references.get(inner)
            if symbol is None or symbol.kind != "var" or not self.inlining.inlines(symbol):
                break
            self._repeat(inner)
            inner = self.strip(symbol.value)
        return inner

    def _repeat(self, node: Node) -> None:
        """Count what is repeated: variables that each use the one before twice would grow without end."""
        self.repeated += 1
        if self.repeated > _MOST_REPEATED:
            told = "The values of variables that are known only at deployment repeat too often."
            raise Refusal(node, told, UNREADABLE_CODE)

    def is_call_of(self, node: Node, name: str) -> bool:
        """Whether it calls that function of a namespace."""
        if not isinstance(node, (Call, MethodCall)):
            return False
        function = self.model.functions.get(node)
        return function is not None and function.name == name
