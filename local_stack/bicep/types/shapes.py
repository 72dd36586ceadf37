"""Objects against the objects wanted: properties missing, unknown, read-only, mistyped; and the choice of a member."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from local_stack.bicep.diagnostics import quoted
from local_stack.bicep.syntax import Expression, Identifier, Node, Object, Span, String, Variable
from local_stack.bicep.types.assignable import assignable
from local_stack.bicep.types.findings import inaccuracy
from local_stack.bicep.types.model import (
    NULL,
    Flag,
    ObjectType,
    Property,
    StringLiteral,
    Type,
    UnionType,
    nullable,
    warns,
    warns_for_properties,
)
from local_stack.bicep.types.spelling import meant

if TYPE_CHECKING:
    from local_stack.bicep.types.narrowing import Mismatch, Narrowing, Position


class Shapes:
    """The checks of one Narrowing that look into objects."""

    def __init__(self, narrowing: Narrowing) -> None:
        self._narrowing = narrowing
        self.inference = narrowing.inference
        self.findings = narrowing.findings

    def object(self, position: Position, node: Expression, given: Type, wanted: ObjectType) -> Type | None:
        """Hold an object against the object wanted; None where the value's own shape is not known."""
        declared = self.inference.declared_value(node)
        if declared is not None and isinstance(node, Variable):
            return self.object(replace(position, origin=node), declared, given, wanted)
        if isinstance(node, Variable) and self.inference.is_local(node):
            position = replace(position, origin=node)
        if not isinstance(given, ObjectType):
            return None
        self._missing(position, node, given, wanted)
        narrowed: dict[str, Property] = {}
        for name, property_ in wanted.properties.items():
            assigned = given.by_lower.get(name.lower()) if name in given.properties else None
            narrowed[name] = self._declared(position, node, assigned, property_, wanted)
        self._extra(position, node, given, wanted)
        if position.resource:
            narrowed = {name: each.flagged(each.flags & ~Flag.READ_ONLY) for name, each in narrowed.items()}
        return ObjectType(wanted.name, narrowed, wanted.extra, wanted.severity)

    def _missing(self, position: Position, node: Expression, given: ObjectType, wanted: ObjectType) -> None:
        if given.extra is not None:
            return
        missing = sorted(
            name
            for name, each in wanted.properties.items()
            if each.flags & Flag.REQUIRED
            and not each.flags & Flag.READ_ONLY
            and name not in given.properties
            and not _takes_null(each.type)
        )
        if not missing:
            return
        system = [bool(wanted.properties[name].flags & Flag.SYSTEM) for name in missing]
        place, block = self.inference.place_of_missing(node)
        self.findings.note(
            position.origin or place,
            (position.resource and not any(system)) or warns_for_properties(wanted),
            "BCP035",
            f'The specified "{block}" declaration is missing the following required properties'
            f"{position.source_clause}: {quoted(missing)}.{inaccuracy(position.resource and not all(system))}",
        )

    def _declared(
        self,
        position: Position,
        node: Expression,
        assigned: Property | None,
        wanted: Property,
        owner: ObjectType,
    ) -> Property:
        if assigned is None:
            return wanted
        written = node.get(wanted.name) if isinstance(node, Object) else None
        key: Node = written.key if written else node
        if wanted.flags & Flag.READ_ONLY:
            self._read_only(position, node, position.origin or key, assigned, wanted, owner)
            return wanted
        if wanted.flags & Flag.FALLBACK:
            self.findings.warning(
                position.origin or key,
                "BCP187",
                f'The property "{wanted.name}" does not exist in the resource or type definition, although it might '
                f"still be valid.{inaccuracy(True)}",
            )
        resource_part = position.resource and not wanted.flags & Flag.SYSTEM
        inner = replace(
            position,
            no_any=bool(wanted.flags & Flag.NO_ANY),
            mismatch=self.property_mismatch(
                position, resource_part or warns(wanted.type), wanted.name, resource_part
            ),
        )
        target = _or_null(wanted)
        value = written.value if written else node
        kind = self._narrowing.narrow(inner, value, assigned.type, target)
        return Property(wanted.name, _minus_null(kind, target, wanted.type), wanted.flags)

    def _read_only(
        self,
        position: Position,
        node: Node,
        at: Node,
        assigned: Property,
        wanted: Property,
        owner: ObjectType,
    ) -> None:
        if self.inference.is_existing_body(node):
            self.findings.error(
                at,
                "BCP173",
                f'The property "{wanted.name}" cannot be used in an existing resource declaration.',
            )
        elif not assigned.flags & Flag.READ_ONLY:
            shown = position.resource and not wanted.flags & Flag.SYSTEM
            self.findings.note(
                at,
                shown or warns_for_properties(owner),
                "BCP073",
                f'The property "{wanted.name}" is read-only. Expressions cannot be assigned to read-only properties.'
                f"{inaccuracy(shown)}",
            )

    def _extra(self, position: Position, node: Expression, given: ObjectType, wanted: ObjectType) -> None:
        extras = [each for name, each in given.properties.items() if name not in wanted.properties]
        if wanted.extra is not None:
            for each in extras:
                self._further(position, node, each, wanted.extra)
            return
        free = sorted(
            (
                name
                for name, each in wanted.properties.items()
                if not each.flags & (Flag.READ_ONLY | Flag.FALLBACK) and name not in given.properties
            ),
            key=str.lower,
        )
        for each in extras:
            self._unknown(position, node, each.name, wanted, free)
        if isinstance(node, Object):
            for written in node.properties:
                if written.name is None:
                    self._interpolated_key(position, written.key, wanted, free)

    def _unknown(
        self, position: Position, node: Expression, name: str, wanted: ObjectType, free: list[str]
    ) -> None:
        written = node.get(name) if isinstance(node, Object) else None
        at = position.origin or (written.key if written else node)
        warn = warns_for_properties(wanted)
        probable = None if position.origin else meant(name, free)
        if probable:
            message = f'The property "{name}" is not allowed on objects of type "{wanted}". Did you mean "{probable}"?'
            self.findings.note(at, warn, "BCP089", message)
            return
        self.findings.note(
            at,
            warn,
            "BCP037",
            f'The property "{name}"{position.source_clause} is not allowed on objects of type "{wanted}".'
            f"{_permissible(free)}{inaccuracy(position.resource)}",
        )

    def _interpolated_key(
        self, position: Position, key: Identifier | String, wanted: ObjectType, free: list[str]
    ) -> None:
        clause = f' in source declaration "{position.origin.name}"' if position.origin else ""
        self.findings.note(
            key,
            warns_for_properties(wanted),
            "BCP040",
            "String interpolation is not supported for keys on objects of type "
            f'"{wanted}"{clause}.{_permissible(free)}',
        )

    def _further(self, position: Position, node: Expression, each: Property, wanted: Property) -> None:
        written = node.get(each.name) if isinstance(node, Object) else None
        inner = replace(
            position,
            no_any=False,
            mismatch=self.property_mismatch(position, warns(wanted.type), each.name, False),
        )
        self._narrowing.narrow(inner, written.value if written else node, each.type, _or_null(wanted))

    def property_mismatch(self, position: Position, warn: bool, name: str, shown: bool) -> Mismatch:
        """Return what notes a property of the wrong type."""

        def note(expected: Type, actual: Type, at: Node) -> None:
            clause = f' in source declaration "{position.origin.name}"' if position.origin else ""
            wanted = (
                f'The property "{name}" expected a value of type "{expected}" but the provided value{clause}'
            )
            probable = None if position.origin else _probable(actual, expected)
            place: Node | Span = position.origin or at
            if probable:
                message = f'{wanted} is of type "{actual}". Did you mean "{probable}"?'
                self.findings.note(place, warn, "BCP088", message)
                return
            self.findings.note(place, warn, "BCP036", f'{wanted} is of type "{actual}".{inaccuracy(shown)}')

        return note


def _takes_null(kind: Type) -> bool:
    return assignable(NULL, kind)


def _or_null(wanted: Property) -> Type:
    required = wanted.flags & Flag.REQUIRED or not wanted.flags & Flag.NULL_ALLOWED
    return wanted.type if required else nullable(wanted.type)


def _minus_null(kind: Type, target: Type, plain: Type) -> Type:
    from local_stack.bicep.types.model import without_null

    return kind if target is plain else (without_null(kind) or kind)


def _permissible(free: list[str]) -> str:
    return f" Permissible properties include {quoted(free)}." if free else " No other properties are allowed."


def _probable(actual: Type, expected: Type) -> str | None:
    if not isinstance(actual, StringLiteral):
        return None
    if isinstance(expected, UnionType) and all(isinstance(each, StringLiteral) for each in expected.members):
        return meant(actual.name, sorted((each.name for each in expected.members), key=str.lower))
    return None
