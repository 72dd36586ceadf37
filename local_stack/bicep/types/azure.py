"""From a type file's records to the types that values are held against, part by part as they are asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from local_stack.azure_types import RawResource, RawType
from local_stack.bicep.types.model import (
    ANY,
    NULL,
    ArrayType,
    BoolType,
    DiscriminatedType,
    Flag,
    IntType,
    ObjectType,
    Property,
    Severity,
    StringLiteral,
    StringType,
    Type,
    union,
)

_KEPT = Flag.REQUIRED | Flag.READ_ONLY | Flag.WRITE_ONLY | Flag.DEPLOY_TIME


class Conversion:
    """The types of one file. Severity follows the depth: the body is strict, what lies deeper only warns."""

    def __init__(self, types: list[RawType]) -> None:
        self._types = types
        self._made: dict[tuple[int, int], Type] = {}

    def body(self, raw: RawResource) -> Type:
        """Return the type of a resource's body."""
        return self._type(raw.declaration["body"], depth=0)

    def _type(self, reference: Mapping[str, str], depth: int) -> Type:
        number = int(reference["$ref"].rpartition("/")[2])
        key = (number, min(depth, 2))
        if key not in self._made:
            self._made[key] = self._make(self._types[number], min(depth, 2))
        return self._made[key]

    def _make(self, raw: RawType, depth: int) -> Type:
        severity = _severity(depth, secret=bool(raw.get("sensitive")))
        name = raw["$type"]
        if name == "ObjectType":
            return self._object(raw["name"], raw["properties"], raw, depth)
        if name == "DiscriminatedObjectType":
            return self._discriminated(raw, depth)
        if name == "ArrayType":
            item = raw["itemType"]
            return ArrayType(lambda: self._type(item, 2), severity=_severity(depth))
        if name == "UnionType":
            return union(self._type(each, depth) for each in raw["elements"])
        if name == "StringLiteralType":
            return StringLiteral(raw["value"], severity)
        if name == "StringType":
            return StringType(raw.get("minLength"), raw.get("maxLength"), _pattern(raw), severity)
        if name == "IntegerType":
            return IntType(raw.get("minValue"), raw.get("maxValue"), severity)
        if name == "BooleanType":
            return BoolType(severity)
        return NULL if name == "NullType" else ANY

    def _object(self, name: str, properties: RawType, raw: RawType, depth: int) -> ObjectType:
        extra = raw.get("additionalProperties")
        return ObjectType(
            name,
            lambda: {key: self._property(key, facts, depth + 1) for key, facts in properties.items()},
            Property("*", lambda: self._type(extra, depth + 1)) if extra else None,
            _severity(depth, secret=bool(raw.get("sensitive"))),
        )

    def _property(self, name: str, facts: RawType, depth: int) -> Property:
        flags = Flag(facts["flags"]) & _KEPT
        if not flags & (Flag.REQUIRED | Flag.READ_ONLY):
            flags |= Flag.NULL_ALLOWED
        return Property(name, lambda: self._type(facts["type"], depth), flags)

    def _discriminated(self, raw: RawType, depth: int) -> DiscriminatedType:
        return DiscriminatedType(
            raw["name"],
            raw["discriminator"],
            lambda: {key: self._member(key, each, raw, depth) for key, each in raw["elements"].items()},
            _severity(depth),
        )

    def _member(self, key: str, reference: Mapping[str, str], raw: RawType, depth: int) -> ObjectType:
        own = self._types[int(reference["$ref"].rpartition("/")[2])]
        taken = {name.lower() for name in own["properties"]}
        base = {name: each for name, each in raw["baseProperties"].items() if name.lower() not in taken}
        return self._object(key, {**own["properties"], **base}, own, depth)


def resource_body(raw: RawResource) -> Type:
    """Return the body's type as the file has it, without what Bicep itself adds."""
    return _conversion(raw.source, id(raw.types), raw).body(raw)


_CONVERSIONS: dict[tuple[str, int], tuple[list[RawType], Conversion]] = {}


def _conversion(source: str, identity: int, raw: RawResource) -> Conversion:
    kept = _CONVERSIONS.get((source, identity))
    if kept is None:
        kept = _CONVERSIONS[(source, identity)] = (raw.types, Conversion(raw.types))
    return kept[1]


def _severity(depth: int, *, secret: bool = False) -> Severity:
    found = (Severity.STRICT, Severity.WARN_PROPERTIES, Severity.WARN_PROPERTIES | Severity.WARN)[
        min(depth, 2)
    ]
    return found | Severity.SECURE if secret else found


@lru_cache(maxsize=4096)
def _usable(pattern: str) -> str | None:
    try:
        re.compile(pattern)
    except re.error:
        return None
    return pattern


def _pattern(raw: RawType) -> str | None:
    return _usable(raw["pattern"]) if raw.get("pattern") else None
