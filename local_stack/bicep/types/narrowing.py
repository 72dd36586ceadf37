"""Holds a value against the type wanted of it: what is missing, unknown, read-only, mistyped, too long or too large.

Follows the compiler's TypeValidator: which findings, at which place, as errors or as warnings. Gives back the type
narrowed by the value, for whoever reads the property later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from local_stack.bicep.syntax import Array, Expression, For, If, Node, Spread, Variable
from local_stack.bicep.types import bounds
from local_stack.bicep.types.assignable import assignable, assignable_but_for_null
from local_stack.bicep.types.choices import Choices
from local_stack.bicep.types.findings import Findings
from local_stack.bicep.types.model import (
    ANY,
    AnyType,
    ArrayType,
    DiscriminatedType,
    ErrorType,
    ModuleType,
    ObjectType,
    ResourceType,
    TupleType,
    Type,
    UnionType,
    collapsed,
    union,
    warns,
)
from local_stack.bicep.types.shapes import Shapes

if TYPE_CHECKING:
    from local_stack.bicep.types.inference import Inference

Mismatch = Callable[[Type, Type, Node], None]


@dataclass(frozen=True)
class Position:
    """How a value is looked at: in a resource or not, through which variable, and what a mismatch becomes."""

    resource: bool = False
    origin: Variable | None = None
    mismatch: Mismatch | None = None
    no_any: bool = False

    @property
    def source_clause(self) -> str:
        """The name of the variable that holds the value, as messages add it."""
        return f' from source declaration "{self.origin.name}"' if self.origin else ""


class Narrowing:
    """One value against one type; `findings` gets what is wrong."""

    def __init__(self, inference: Inference, findings: Findings) -> None:
        self.inference, self.findings = inference, findings
        self.shape = Shapes(self)
        self.choice = Choices(self.shape)

    def value(self, node: Expression, wanted: Type, *, resource: bool = False) -> Type:
        """Hold the expression against the type; return the narrowed type."""
        return self.narrow(Position(resource=resource), node, self.inference.of(node), wanted)

    def narrow(self, position: Position, node: Expression, given: Type, wanted: Type) -> Type:
        """Hold a value of a type that is known already against the type wanted."""
        if position.no_any and isinstance(given, AnyType):
            self.findings.error(
                position.origin or node, "BCP176", 'Values of the "any" type are not allowed here.'
            )
            return wanted
        if isinstance(given, ErrorType):
            return wanted
        if isinstance(wanted, ResourceType):
            body = self.narrow(position, node, given, wanted.body)
            return ResourceType(
                wanted.reference, body, wanted.scopes, wanted.read_only_scopes, checked=wanted.checked
            )
        if isinstance(wanted, ModuleType):
            narrowed = self.narrow(position, node, given, wanted.body)
            return ModuleType(narrowed if isinstance(narrowed, ObjectType) else wanted.body, wanted.scopes)
        if isinstance(wanted, ArrayType) and isinstance(node, For):
            item = given.item if isinstance(given, ArrayType) else given
            return ArrayType(self.narrow(position, node.body, item, wanted.item))
        wanted = collapsed(wanted)
        if not assignable(given, wanted):
            return self._mismatched(position, node, given, wanted)
        return self._inside(position, node, given, wanted)

    def _mismatched(self, position: Position, node: Expression, given: Type, wanted: Type) -> Type:
        rest = assignable_but_for_null(given, wanted)
        if rest is not None:
            self.findings.warning(
                node,
                "BCP321",
                f'Expected a value of type "{wanted}" but the provided value is of type "{given}".',
            )
            return self.narrow(position, node, rest, wanted)
        if position.mismatch:
            position.mismatch(wanted, given, node)
        else:
            self.findings.note(
                position.origin or node,
                warns(wanted),
                "BCP033",
                f'Expected a value of type "{wanted}" but the provided value is of type "{given}".',
            )
        return wanted

    def _inside(self, position: Position, node: Expression, given: Type, wanted: Type) -> Type:
        plain = bounds.check(self.findings, position.resource or warns(wanted), node, given, wanted)
        if plain is not None:
            return plain
        body = node.body if isinstance(node, If) else node
        narrowed: Type | None = None
        if isinstance(wanted, ObjectType):
            narrowed = self.shape.object(position, body, given, wanted)
        elif isinstance(wanted, DiscriminatedType):
            narrowed = self.choice.of(position, body, given, wanted)
        elif isinstance(wanted, ArrayType):
            narrowed = self._array(position, node, given, wanted)
        if narrowed is not None:
            return narrowed
        declared = self.inference.declared_value(node)
        if declared is not None and isinstance(node, Variable):
            return self.narrow(replace(position, origin=node), declared, given, wanted)
        if isinstance(wanted, UnionType):
            return self._union(position, node, given, wanted)
        return given

    def _array(self, position: Position, node: Expression, given: Type, wanted: ArrayType) -> Type | None:
        if isinstance(node, Array):
            return self._items(position, node, wanted)
        declared = self.inference.declared_value(node)
        if declared is not None and isinstance(node, Variable):
            return self.narrow(replace(position, origin=node), declared, self.inference.of(declared), wanted)
        if not isinstance(given, ArrayType):
            return None
        bounds.lengths(self.findings, position.resource or warns(wanted), node, given, wanted)
        return ArrayType(self.narrow(position, node, given.item, wanted.item))

    def _items(self, position: Position, node: Array, wanted: ArrayType) -> Type:
        narrowed: list[Type] = []
        spread = any(isinstance(each, Spread) for each in node.items)
        for each in node.items:
            if isinstance(each, Spread):
                continue
            target = wanted.item
            if isinstance(wanted, TupleType) and not spread:
                target = wanted.items[len(narrowed)] if len(narrowed) < len(wanted.items) else ANY
            inner = replace(position, mismatch=self._item_mismatch(wanted), no_any=position.no_any)
            narrowed.append(self.narrow(inner, each, self.inference.of(each), target))
        if spread:
            return ArrayType(union([*narrowed, ANY]))
        count = TupleType([ANY] * len(narrowed))
        bounds.lengths(self.findings, position.resource or warns(wanted), node, count, wanted)
        return TupleType(narrowed)

    def _item_mismatch(self, wanted: ArrayType) -> Mismatch:
        def note(expected: Type, actual: Type, at: Node) -> None:
            self.findings.note(
                at,
                warns(wanted),
                "BCP034",
                f'The enclosing array expected an item of type "{expected}", but the provided item was of type '
                f'"{actual}".',
            )

        return note

    def _union(self, position: Position, node: Expression, given: Type, wanted: UnionType) -> Type:
        if isinstance(given, UnionType):
            return union(self._union(position, node, each, wanted) for each in given.members)
        tried: list[tuple[Type, Type, Findings]] = []
        for candidate in wanted.members:
            if assignable(given, candidate):
                findings = Findings(self.findings.path)
                inner = Narrowing(self.inference, findings)
                tried.append((candidate, inner.narrow(position, node, given, candidate), findings))
        fitting = [each for each in tried if not each[2].failed]
        if fitting:
            if all(each[2].found for each in fitting):
                self.findings.take(*(each[2] for each in fitting))
            return union(candidate if position.resource else narrowed for candidate, narrowed, _ in fitting)
        self.findings.take(*(each[2] for each in tried))
        return wanted
