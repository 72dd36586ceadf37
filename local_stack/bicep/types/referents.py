"""What can be referred to: resources, modules, parents, and places to deploy to."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple

from local_stack.bicep.types.compounds import ObjectType, Property
from local_stack.bicep.types.kinds import Type


class Scope(enum.IntFlag):
    """Where something is deployed. The first five are those of the type files."""

    NONE = 0
    TENANT = 1
    MANAGEMENT_GROUP = 2
    SUBSCRIPTION = 4
    RESOURCE_GROUP = 8
    RESOURCE = 16
    MODULE = 32


class TypeReference(NamedTuple):
    """`Microsoft.Storage/storageAccounts@2023-01-01`."""

    type: str
    version: str

    @property
    def segments(self) -> list[str]:
        """The provider and the types below it."""
        return self.type.split("/")

    def __str__(self) -> str:
        return f"{self.type}@{self.version}"


class ResourceType(Type):
    """A resource (or a module) that can be referred to: its body, and where it may be deployed."""

    def __init__(
        self,
        reference: TypeReference,
        body: Type,
        scopes: Scope,
        read_only_scopes: Scope = Scope.NONE,
        *,
        writable: bool = True,
        checked: bool = True,
    ) -> None:
        self.reference, self.body, self.scopes = reference, body, scopes
        self.read_only_scopes, self.writable, self.checked = read_only_scopes, writable, checked

    @property
    def name(self) -> str:
        return str(self.reference)


class ModuleType(Type):
    """A module: its body, and where its own file wants to be deployed."""

    name = "module"

    def __init__(self, body: ObjectType, scopes: Scope) -> None:
        self.body, self.scopes = body, scopes


class ScopeType(Type):
    """What a `scope` property takes."""

    def __init__(self, name: str, scope: Scope) -> None:
        self._name, self.scope = name, scope

    @property
    def name(self) -> str:
        return self._name

    @property
    def inner_name(self) -> str:
        return f"({self.name})" if " " in self.name else self.name


class ScopeObject(ObjectType):
    """What `resourceGroup()` and its like give: an object, and a place to deploy to."""

    def __init__(self, name: str, properties: Mapping[str, Property], scope: Scope) -> None:
        super().__init__(name, properties)
        self.scope = scope


class ParentType(Type):
    """What a `parent` property takes."""

    def __init__(self, child: TypeReference) -> None:
        self.child = child

    @property
    def name(self) -> str:
        return "/".join(self.child.segments[:-1])


class LambdaType(Type):
    """A lambda, only as a function's argument; `result` is what its body gives."""

    name = "lambda"

    def __init__(self, result: Type) -> None:
        self.result = result


def scope_of(kind: Type) -> Scope | None:
    """Return the kind of scope that a value of this type stands for; None where it stands for none."""
    if isinstance(kind, (ScopeType, ScopeObject)):
        return kind.scope
    if isinstance(kind, ResourceType):
        return Scope.RESOURCE
    return Scope.MODULE if isinstance(kind, ModuleType) else None
