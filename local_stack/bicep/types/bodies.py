"""The body a resource may have: Azure's type, and what Bicep itself adds to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from local_stack.azure_types import AzureTypes
from local_stack.bicep.types.azure import resource_body
from local_stack.bicep.types.model import (
    ANY,
    INT,
    OBJECT,
    STRING,
    ArrayType,
    DiscriminatedType,
    Flag,
    ObjectType,
    ParentType,
    Property,
    ResourceType,
    Scope,
    ScopeType,
    StringLiteral,
    StringType,
    Type,
    TypeReference,
    union,
)

_EVERYWHERE = Scope(31)
_READABLE_AT_START = ("id", "name", "type", "apiVersion")
_FIXED_AT_START = (
    "location", "kind", "subscriptionId", "resourceGroup", "managedBy", "extendedLocation", "zones", "placement",
    "plan", "sku", "identity", "managedByExtended", "tags", "asserts",
)  # fmt: skip
_SCOPE_FLAGS = (
    Flag.WRITE_ONLY
    | Flag.DEPLOY_TIME
    | Flag.READABLE_AT_START
    | Flag.NO_ANY
    | Flag.LOOP_VARIANT
    | Flag.SYSTEM
)
_KEPT_OF_EXISTING = ("name", "scope", "parent", "dependsOn")
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(/[A-Za-z0-9][A-Za-z0-9.-]*)+")
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-[A-Za-z0-9-]+)?")

_DESCRIPTIONS = (
    (Scope.RESOURCE, "resource"),
    (Scope.MODULE, "module"),
    (Scope.TENANT, "tenant"),
    (Scope.MANAGEMENT_GROUP, "managementGroup"),
    (Scope.SUBSCRIPTION, "subscription"),
    (Scope.RESOURCE_GROUP, "resourceGroup"),
)


def scope_words(scopes: Scope) -> list[str]:
    """Return the names of the scopes, as messages list them."""
    return [words for scope, words in _DESCRIPTIONS if scopes & scope]


def scope_type(scopes: Scope) -> ScopeType:
    """Return the type of a `scope` property that takes these."""
    return ScopeType(" | ".join(scope_words(scopes)), scopes)


DEPENDENCIES = ArrayType(
    union(
        [
            scope_type(Scope.RESOURCE | Scope.MODULE),
            ArrayType(scope_type(Scope.MODULE)),
            ArrayType(scope_type(Scope.RESOURCE)),
        ]
    )
)


def named(text: str) -> TypeReference | None:
    """Return `Provider/type@version` taken apart; None where it is not of that form."""
    kind, at, version = text.partition("@")
    return (
        TypeReference(kind, version) if at and _TYPE.fullmatch(kind) and _VERSION.fullmatch(version) else None
    )


class Use(NamedTuple):
    """How a declaration uses a type: as an existing resource, nested in another, as a child of one at all."""

    existing: bool = False
    nested: bool = False
    parented: bool = False


_PLAIN = Use()


class Catalogue:
    """Resource types as declarations need them."""

    def __init__(self, types: AzureTypes) -> None:
        self.types = types
        self._made: dict[tuple[str, Use], ResourceType] = {}

    def resource(self, reference: TypeReference, use: Use = _PLAIN) -> ResourceType:
        """Return the type; one that is not in the catalogue has a generic body that nothing is held against."""
        key = (str(reference).lower(), use)
        if key not in self._made:
            self._made[key] = self._make(reference, use)
        return self._made[key]

    def exists(self, reference: TypeReference) -> bool:
        """Return whether Azure has the type in that version; True where there is no catalogue to tell."""
        return not self.types.named or self.types.spelling(*reference) is not None

    def _make(self, reference: TypeReference, use: Use) -> ResourceType:
        raw = self.types.resource(*reference)
        if raw is None:
            known = self.exists(reference)
            plain = _unchecked(reference) if known else _generic(reference)
            generic = _completed(plain, reference, _EVERYWHERE, use)
            spelling = self.types.spelling(*reference)
            named_ = TypeReference(*spelling) if spelling else reference
            return ResourceType(named_, generic, _EVERYWHERE, checked=False)
        declared = raw.declaration
        readable, writable = Scope(declared["readableScopes"]), Scope(declared["writableScopes"])
        spelt = TypeReference(*declared["name"].split("@", 1))
        scopes = readable | writable
        body = _with_system(resource_body(raw), spelt, scopes, use)
        return ResourceType(spelt, body, scopes, readable & ~writable, writable=bool(writable))


def _with_system(kind: Type, reference: TypeReference, scopes: Scope, use: Use) -> Type:
    literal_names = len(reference.segments) == 2 or use.nested or use.parented
    if isinstance(kind, ObjectType):
        if not literal_names and "name" in kind.properties:
            plain = kind.properties["name"]
            renamed = {**kind.properties, "name": Property("name", STRING, plain.flags | Flag.SYSTEM)}
            kind = ObjectType(kind.name, renamed, kind.extra, kind.severity)
        return _completed(kind, reference, scopes, use)
    if not isinstance(kind, DiscriminatedType):
        return kind
    by_name = kind.discriminator.lower() == "name"
    if (by_name and not literal_names) or (not by_name and use.existing):
        had = {name for each in kind.members.values() for name in each.properties}
        return _completed(_generic(reference, had), reference, scopes, use)
    members = kind.members
    return DiscriminatedType(
        kind.name,
        kind.discriminator,
        lambda: {key: _completed(each, reference, scopes, use) for key, each in members.items()},
        kind.severity,
    )


def _completed(kind: ObjectType, reference: TypeReference, scopes: Scope, use: Use) -> ObjectType:
    """Return the body with what Bicep knows of every resource."""
    found = dict(kind.properties)
    found["dependsOn"] = Property("dependsOn", DEPENDENCIES, Flag.WRITE_ONLY | Flag.NO_ANY | Flag.SYSTEM)
    _set_scope(found, reference, scopes, use.existing)
    if not use.existing:
        _mark(found, _FIXED_AT_START, Flag.DEPLOY_TIME)
    _mark(found, _READABLE_AT_START, Flag.READABLE_AT_START)
    _mark(found, ("name",), Flag.LOOP_VARIANT | Flag.SYSTEM)
    if len(reference.segments) > 2 and not use.nested:
        found["parent"] = Property("parent", ParentType(reference), _SCOPE_FLAGS)
    if reference.type.lower() == "microsoft.resources/deployments":
        for name in ("resourceGroup", "subscriptionId"):
            found[name] = Property(name, STRING, Flag.DEPLOY_TIME | Flag.SYSTEM)
    for usual in _usual():
        if usual.name not in found:
            found[usual.name] = usual.flagged(usual.flags | Flag.FALLBACK)
    found["asserts"] = Property("asserts", OBJECT, Flag.DEPLOY_TIME)
    if use.existing:
        found = {name: _read_only(each) for name, each in found.items()}
    return ObjectType(kind.name, found, kind.extra, kind.severity)


def _set_scope(found: dict[str, Property], reference: TypeReference, scopes: Scope, existing: bool) -> None:
    flags = _SCOPE_FLAGS
    if scopes == Scope.RESOURCE and len(reference.segments) < 2:
        flags |= Flag.REQUIRED
    if existing:
        found["scope"] = Property("scope", scope_type(scopes), flags)
        return
    allowed = scopes & (Scope.RESOURCE | Scope.TENANT)
    if allowed:
        found["scope"] = Property("scope", scope_type(allowed), flags)


def _mark(found: dict[str, Property], names: tuple[str, ...], flags: Flag) -> None:
    for name in names:
        if name in found:
            found[name] = found[name].flagged(found[name].flags | flags)


def _read_only(each: Property) -> Property:
    if each.name in _KEPT_OF_EXISTING:
        return each
    return each.flagged((each.flags | Flag.READ_ONLY) & ~Flag.REQUIRED)


def _generic(reference: TypeReference, names: set[str] | None = None) -> ObjectType:
    given = {each.name: each for each in (*_common(reference), *_usual())}
    kept = {name: each for name, each in given.items() if names is None or name in names}
    return ObjectType(str(reference), kept)


def _unchecked(reference: TypeReference) -> ObjectType:
    """Return a body for a type of which only the name is known: anything goes."""
    given = {each.name: each for each in _common(reference)}
    open_ = {each.name: Property(each.name, ANY) for each in _usual()}
    return ObjectType(str(reference), {**open_, **given}, Property("*", ANY))


def _common(reference: TypeReference) -> Iterator[Property]:
    fixed = Flag.READ_ONLY | Flag.DEPLOY_TIME | Flag.SYSTEM
    yield Property("id", STRING, fixed)
    yield Property("name", STRING, Flag.REQUIRED | Flag.DEPLOY_TIME | Flag.LOOP_VARIANT | Flag.SYSTEM)
    yield Property("type", StringLiteral(reference.type), fixed)
    yield Property("apiVersion", StringLiteral(reference.version), fixed)


@lru_cache(maxsize=1)
def _usual() -> tuple[Property, ...]:
    """Return the properties that any resource may have at its top; where the type lacks one, using it warns."""
    words = ArrayType(STRING)
    sizes = dict.fromkeys(("name", "tier", "size", "family", "model"), STRING)
    user = _shape("userAssignedIdentityProperties", {"principalId": STRING, "clientId": STRING})
    users = ObjectType("userAssignedIdentities", {}, Property("*", user))
    identity = {
        "principalId": STRING, "tenantId": STRING, "identityIds": words, "userAssignedIdentities": users,
        "delegatedResources": OBJECT, "type": _open("NotSpecified", "SystemAssigned", "UserAssigned", "None", "Actor"),
    }  # fmt: skip
    located = {"name": STRING, "type": _open("NotSpecified", "EdgeZone", "CustomLocation", "ArcZone")}
    placed = {"zonePlacementPolicy": _open("NotSpecified", "Any", "None", "Auto"), "includeZones": words}
    return (
        Property("location", STRING),
        Property("tags", ObjectType("Tags", {}, Property("*", STRING))),
        Property("asserts", OBJECT),
        Property("properties", OBJECT),
        Property("sku", _shape("sku", {**sizes, "capacity": INT})),
        Property("kind", STRING),
        Property("managedBy", STRING),
        Property("managedByExtended", words),
        Property("extendedLocation", _shape("extendedLocation", located, "type")),
        Property("zones", words),
        Property("placement", _shape("placement", {**placed, "excludeZones": words}, "zonePlacementPolicy")),
        Property("plan", OBJECT),
        Property("eTag", STRING),
        Property("scale", _shape("scale", {"capacity": INT, "maximum": INT, "minimum": INT}, "capacity")),
        Property("identity", _shape("identity", identity, "type")),
    )


def _shape(name: str, members: Mapping[str, Type], *required: str) -> ObjectType:
    return ObjectType(
        name,
        {
            key: Property(key, kind, Flag.REQUIRED if key in required else Flag.NONE)
            for key, kind in members.items()
        },
    )


def _open(*words: str) -> Type:
    return union([*(StringLiteral(each) for each in words), StringType()])
