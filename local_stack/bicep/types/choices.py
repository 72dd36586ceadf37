"""Objects of which one property says what the others are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local_stack.bicep.syntax import Expression, Node, Object, Variable
from local_stack.bicep.types.assignable import assignable
from local_stack.bicep.types.model import (
    ANY,
    STRING,
    AnyType,
    DiscriminatedType,
    ObjectType,
    StringLiteral,
    Type,
    warns_for_properties,
)
from local_stack.bicep.types.spelling import meant

if TYPE_CHECKING:
    from local_stack.bicep.types.narrowing import Position
    from local_stack.bicep.types.shapes import Shapes


class Choices:
    """The checks of one Narrowing that choose a member first."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def of(self, position: Position, node: Expression, given: Type, wanted: DiscriminatedType) -> Type | None:
        """Choose the member by the discriminator's value and hold the object against it."""
        declared = self._shapes.inference.declared_value(node)
        if declared is not None and isinstance(node, Variable):
            return self.of(replace(position, origin=node), declared, given, wanted)
        if not isinstance(given, ObjectType):
            return None
        chosen = given.properties.get(wanted.discriminator)
        if chosen is None:
            self._no_discriminator(position, node, given, wanted)
            return ANY
        if isinstance(chosen.type, AnyType):
            return ANY
        if isinstance(chosen.type, StringLiteral) and chosen.type.value in wanted.members:
            return self._shapes.object(position, node, given, wanted.members[chosen.type.value])
        written = node.get(wanted.discriminator) if isinstance(node, Object) else None
        at: Node = position.origin or (written.value if written else node)
        if not isinstance(chosen.type, StringLiteral) and assignable(chosen.type, wanted.choices):
            self._shapes.findings.warning(
                at,
                "BCP225",
                f'The discriminator property "{wanted.discriminator}" value cannot be determined at compilation time. '
                "Type checking for this object is disabled.",
            )
            return ANY
        warn = position.resource or warns_for_properties(wanted)
        note = self._shapes.property_mismatch(position, warn, wanted.discriminator, position.resource)
        note(wanted.choices, chosen.type, at)
        return ANY

    def _no_discriminator(
        self, position: Position, node: Expression, given: ObjectType, wanted: DiscriminatedType
    ) -> None:
        if given.extra is not None and isinstance(given.extra.type, AnyType):
            return
        warn = (given.extra is not None and assignable(given.extra.type, STRING)) or warns_for_properties(
            wanted
        )
        self._shapes.findings.note(
            position.origin or node,
            warn,
            "BCP078",
            f'The property "{wanted.discriminator}" requires a value of type "{wanted.choices}", but none '
            "was supplied.",
        )
        misspelt = meant(wanted.discriminator, given.properties)
        if misspelt:
            written = node.get(misspelt) if isinstance(node, Object) else None
            self._shapes.findings.note(
                position.origin or (written.key if written else node),
                warns_for_properties(wanted),
                "BCP089",
                f'The property "{misspelt}" is not allowed on objects of type "{wanted.choices}". Did you mean '
                f'"{wanted.discriminator}"?',
            )
