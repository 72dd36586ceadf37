"""What composed values can be. Parts stand behind functions, because Azure's types refer to each other in circles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any as Anything

from local_stack.bicep.types.kinds import (
    AnyType,
    BoolType,
    ErrorType,
    Flag,
    IntType,
    NeverType,
    NullType,
    Severity,
    StringLiteral,
    StringType,
    Type,
)

_LONGEST_NAME = 4_000
_NUMBERS: dict[Anything, int] = {}


def capped(name: str) -> str:
    """Return a name that can be shown: values made of each other over and over have names without end."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."


def numbered(key: Anything) -> int:
    """Return one number for all equal keys, so that a key made of keys stays small."""
    return _NUMBERS.setdefault(key, len(_NUMBERS))


class ArrayType(Type):
    """`array`, or `T[]` where the items' type is known."""

    def __init__(
        self,
        item: Type | Callable[[], Type],
        shortest: int | None = None,
        longest: int | None = None,
        severity: Severity = Severity.STRICT,
    ) -> None:
        self._item = item
        self.shortest, self.longest, self.severity = shortest, longest, severity

    @cached_property
    def item(self) -> Type:
        """The type of each item."""
        return self._item() if callable(self._item) else self._item

    @cached_property
    def name(self) -> str:
        return "array" if isinstance(self.item, AnyType) else capped(f"{self.item.inner_name}[]")

    @cached_property
    def key(self) -> Anything:
        return numbered(("array", self.item.key, self.shortest, self.longest, self.severity))


class TupleType(ArrayType):
    """`[a, b]`: an array whose items are known one by one."""

    def __init__(self, items: list[Type]) -> None:
        super().__init__(lambda: union(items), len(items), len(items))
        self.items = items

    @cached_property
    def name(self) -> str:
        return capped(f"[{', '.join(each.name for each in self.items)}]") if self.items else "<empty array>"

    @cached_property
    def key(self) -> Anything:
        return numbered(("tuple", *(each.key for each in self.items)))


class Property:
    """A property an object may have."""

    def __init__(self, name: str, kind: Type | Callable[[], Type], flags: Flag = Flag.NONE) -> None:
        self.name, self._kind, self.flags = name, kind, flags

    @cached_property
    def type(self) -> Type:
        """What it holds."""
        return self._kind() if callable(self._kind) else self._kind

    def flagged(self, flags: Flag) -> Property:
        """Return the same property with these flags instead."""
        return Property(self.name, self._kind, flags)


class ObjectType(Type):
    """`object`; `extra` is what further properties must be, None where there may be none."""

    def __init__(
        self,
        name: str,
        properties: Mapping[str, Property] | Callable[[], Mapping[str, Property]],
        extra: Property | None = None,
        severity: Severity = Severity.STRICT,
    ) -> None:
        self._name, self._properties, self.extra, self.severity = name, properties, extra, severity

    @property
    def name(self) -> str:
        return self._name

    @cached_property
    def properties(self) -> dict[str, Property]:
        """The declared properties by their names."""
        return dict(self._properties() if callable(self._properties) else self._properties)

    @cached_property
    def by_lower(self) -> dict[str, Property]:
        """The declared properties by their names in lower case."""
        return {name.lower(): each for name, each in self.properties.items()}

    @property
    def key(self) -> Anything:
        if self._name == "object" and callable(self._properties):
            return id(self)
        return ("object", self._name, id(self)) if self.properties or self.extra is None else "object"


class DiscriminatedType(Type):
    """An object whose other properties depend on one of them."""

    def __init__(
        self,
        name: str,
        discriminator: str,
        members: Callable[[], Mapping[str, ObjectType]],
        severity: Severity = Severity.STRICT,
    ) -> None:
        self._name, self.discriminator, self._members, self.severity = name, discriminator, members, severity

    @property
    def name(self) -> str:
        return self._name

    @property
    def inner_name(self) -> str:
        return f"({self.name})" if " " in self.name else self.name

    @cached_property
    def members(self) -> dict[str, ObjectType]:
        """The objects it can be, by the discriminator's value."""
        return dict(self._members())

    @cached_property
    def choices(self) -> Type:
        """What the discriminator may be."""
        return union(StringLiteral(each) for each in self.members)


class UnionType(Type):
    """One of several types; made by `union` only."""

    def __init__(self, members: list[Type]) -> None:
        self.members = members

    @cached_property
    def name(self) -> str:
        return capped(" | ".join(each.inner_name for each in self.members))

    @property
    def inner_name(self) -> str:
        return f"({self.name})"

    @property
    def key(self) -> Anything:
        return numbered(("union", *(each.key for each in self.members)))

    @property
    def secure(self) -> bool:
        return any(each.secure for each in self.members)


ANY, ERROR, NULL, NEVER = AnyType(), ErrorType(), NullType(), NeverType()
BOOL, INT, STRING = BoolType(), IntType(), StringType()
SECURE_STRING = StringType(severity=Severity.LOOSE | Severity.SECURE)
ARRAY = ArrayType(ANY)
OBJECT = ObjectType("object", {}, Property("*", ANY))
SECURE_OBJECT = ObjectType("object", {}, Property("*", ANY), Severity.SECURE)


def union(members: Iterable[Type]) -> Type:
    """Return the type of a value that is one of these."""
    distinct: dict[Anything, Type] = {}
    for member in _flat(members):
        if isinstance(member, AnyType):
            return ANY
        distinct.setdefault(member.key, member)
    if ARRAY.key in distinct:
        kept = {key: each for key, each in distinct.items() if not isinstance(each, ArrayType)}
        distinct = {**kept, ARRAY.key: ARRAY}
    found = sorted(distinct.values(), key=_order)
    if not found:
        return NEVER
    return found[0] if len(found) == 1 else UnionType(found)


def nullable(kind: Type) -> Type:
    """Return the type or null."""
    return union([kind, NULL])


def without_null(kind: Type) -> Type | None:
    """Return what is left of a union without its null; None where it has none."""
    if isinstance(kind, UnionType) and any(isinstance(each, NullType) for each in kind.members):
        return union(each for each in kind.members if not isinstance(each, NullType))
    return None


def warns(kind: Type) -> bool:
    """Return whether a mismatch with this type is a warning only."""
    if isinstance(kind, UnionType):
        return any(warns(each) for each in kind.members)
    return bool(kind.severity & Severity.WARN)


def warns_for_properties(kind: Type) -> bool:
    """Return whether unknown, missing and read-only properties of this type are warnings only."""
    if isinstance(kind, UnionType):
        return any(warns_for_properties(each) for each in kind.members)
    return bool(kind.severity & Severity.WARN_PROPERTIES)


def _flat(members: Iterable[Type]) -> Iterable[Type]:
    for member in members:
        if isinstance(member, UnionType):
            yield from _flat(member.members)
        elif not isinstance(member, NeverType):
            yield member


def _order(kind: Type) -> tuple[str, float, float]:
    if isinstance(kind, (StringType, ArrayType)):
        return (kind.name, _first(kind.shortest), _first(kind.longest))
    if isinstance(kind, IntType):
        return (kind.name, _first(kind.low), _first(kind.high))
    return (kind.name, 0, 0)


def _first(bound: int | None) -> float:
    return float("inf") if bound is None else bound
