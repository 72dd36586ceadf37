"""Unions made smaller: literals that a wider member covers, arrays of the same items, objects merged into one."""

from __future__ import annotations

from typing import Any as Anything

from local_stack.bicep.types.compounds import (
    ArrayType,
    DiscriminatedType,
    ObjectType,
    Property,
    TupleType,
    UnionType,
    capped,
    union,
)
from local_stack.bicep.types.kinds import (
    BoolLiteral,
    BoolType,
    Flag,
    IntLiteral,
    IntType,
    StringLiteral,
    StringType,
    Type,
)

_COLLAPSING = (StringType, StringLiteral, IntType, IntLiteral, BoolType, BoolLiteral, ArrayType, ObjectType)


def collapsed(kind: Type) -> Type:
    """Return the union with what another member covers left out, and its objects made one."""
    if not isinstance(kind, UnionType):
        return kind
    return union(
        [
            *_texts([each for each in kind.members if isinstance(each, (StringType, StringLiteral))]),
            *_numbers([each for each in kind.members if isinstance(each, (IntType, IntLiteral))]),
            *_truths([each for each in kind.members if isinstance(each, (BoolType, BoolLiteral))]),
            *_lists([each for each in kind.members if isinstance(each, ArrayType)]),
            *_shapes([each for each in kind.members if isinstance(each, ObjectType)]),
            *(each for each in kind.members if not isinstance(each, _COLLAPSING)),
        ]
    )


def _texts(members: list[StringType | StringLiteral]) -> list[Type]:
    general = [each for each in members if isinstance(each, StringType)]
    if not general:
        return [*members]
    shortest = min(each.shortest or 0 for each in general)
    longest = (
        None if any(each.longest is None for each in general) else max(each.longest or 0 for each in general)
    )
    severity = general[0].severity
    pattern = general[0].pattern if len(general) == 1 else None
    kept = [
        each
        for each in members
        if isinstance(each, StringLiteral)
        and (len(each.value) < shortest or (longest is not None and len(each.value) > longest))
    ]
    return [*kept, StringType(shortest or None, longest, pattern, severity)]


def _numbers(members: list[IntType | IntLiteral]) -> list[Type]:
    general = [each for each in members if isinstance(each, IntType)]
    if not general:
        return [*members]
    low = None if any(each.low is None for each in general) else min(each.low or 0 for each in general)
    high = None if any(each.high is None for each in general) else max(each.high or 0 for each in general)
    kept = [
        each
        for each in members
        if isinstance(each, IntLiteral)
        and ((low is not None and each.value < low) or (high is not None and each.value > high))
    ]
    return [*kept, IntType(low, high, general[0].severity)]


def _truths(members: list[BoolType | BoolLiteral]) -> list[Type]:
    values = {each.value for each in members if isinstance(each, BoolLiteral)}
    if len(values) == 2 or any(isinstance(each, BoolType) for each in members):
        return [BoolType(members[0].severity)]
    return [*members]


def _lists(members: list[ArrayType]) -> list[Type]:
    if len(members) < 2:
        return [*members]
    same: dict[Anything, list[ArrayType]] = {}
    for each in members:
        uniform = isinstance(each, TupleType) and len({item.key for item in each.items}) > 1
        same.setdefault(each.key if uniform else ("item", _item_key(each.item)), []).append(each)
    return [each[0] if len(each) == 1 else ArrayType(each[0].item) for each in same.values()]


def _item_key(item: Type) -> Anything:
    if isinstance(item, ObjectType) and not item.properties:
        return "object"
    return item.key


def _shapes(members: list[ObjectType]) -> list[Type]:
    if len(members) < 2 or any(type(each) is not ObjectType for each in members):
        return [*members]
    names = sorted({name for each in members for name in each.properties}, key=str.lower)
    chosen = next((name for name in ("type", "kind", *names) if _tells_apart(name, members)), None)
    if chosen:
        named = {each.properties[chosen].type.value: each for each in members}  # type: ignore[attr-defined]
        return [
            DiscriminatedType(
                capped(" | ".join(sorted(each.name for each in members))), chosen, lambda: named
            )
        ]
    merged = {name: _merged(name, members) for name in names}
    written_ = [f"{name}: {each.type.name}" for name, each in merged.items()]
    extras = [each.extra.type for each in members if each.extra is not None]
    words = "{ " + ", ".join([*written_, *(["*: " + union(extras).name] if extras else [])]) + " }"
    return [ObjectType(capped(words), merged, Property("*", union(extras), Flag.NONE) if extras else None)]


def _merged(name: str, members: list[ObjectType]) -> Property:
    held = [each.properties[name] for each in members if name in each.properties]
    flags = held[0].flags
    for each in held:
        flags &= each.flags
    if len(held) == len(members):
        return Property(name, collapsed(union(each.type for each in held)), flags)
    extras = [each.extra for each in members if name not in each.properties and each.extra is not None]
    open_ = len(extras) == len(members) - len(held)
    kinds = union([*(each.type for each in held), *(each.type for each in extras)])
    return Property(name, collapsed(kinds), Flag.NONE if open_ else Flag.FALLBACK)


def _tells_apart(name: str, members: list[ObjectType]) -> bool:
    kinds = [each.properties[name].type if name in each.properties else None for each in members]
    values = {kind.value for kind in kinds if isinstance(kind, StringLiteral)}
    return len(values) == len(members)
