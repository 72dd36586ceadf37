"""What functions take and give: the overloads of `sys` and `az`, and the results that depend on the arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from local_stack.bicep.types import results
from local_stack.bicep.types.model import (
    ANY,
    ARRAY,
    BOOL,
    INT,
    NEVER,
    NULL,
    OBJECT,
    STRING,
    ArrayType,
    ObjectType,
    Property,
    Scope,
    ScopeObject,
    Type,
    union,
)
from local_stack.bicep.types.signatures import TABLE

RUNTIME = frozenset({"reference", "toLogicalZone", "toLogicalZones", "toPhysicalZone", "toPhysicalZones"})
LISTS = re.compile("list[A-Z][A-Za-z]*|list")
IGNORES_ARGUMENT_VALUES = frozenset({"nameof"})
WITH_LAMBDA = frozenset({"filter", "map", "mapValues", "sort", "reduce", "toObject", "groupBy"})

_LINE = re.compile(r"(?P<name>[A-Za-z0-9*]+)\((?P<parameters>[^)]*)\) (?P<result>\S+)")


class Parameter(NamedTuple):
    """One parameter; `rest` takes any number of arguments."""

    type: Type
    optional: bool
    rest: bool


class Overload(NamedTuple):
    """One way to call a function."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Type

    @property
    def least(self) -> int:
        """The fewest arguments it takes."""
        required = sum(1 for each in self.parameters if not each.optional and not each.rest)
        return required + (1 if self.parameters and self.parameters[-1].rest and required == 0 else 0)

    @property
    def most(self) -> int | None:
        """The most arguments it takes; None is any number."""
        return None if self.parameters and self.parameters[-1].rest else len(self.parameters)

    def takes(self, index: int) -> Type:
        """Return what the argument of that index must be."""
        return self.parameters[min(index, len(self.parameters) - 1)].type

    @property
    def signature(self) -> str:
        """How messages write it."""
        return f"({', '.join(_written(each) for each in self.parameters)}): {self.result}"


def is_runtime(name: str) -> bool:
    """Return whether the function is only known while the deployment runs."""
    return name in RUNTIME or bool(LISTS.fullmatch(name))


def overloads(name: str) -> list[Overload]:
    """Return the ways to call the function; none where it is unknown here."""
    table = _table()
    found = table.get(name)
    if found is None and LISTS.fullmatch(name):
        found = table["list*"]
    return found or []


def secrets_come_from(name: str) -> bool:
    """Return whether the function gives keys or secrets."""
    return bool(LISTS.fullmatch(name))


def result(overload: Overload, arguments: Sequence[Type]) -> Type:
    """Return what the call gives, as far as the arguments tell more than the table."""
    if overload.name in _SCOPES and arguments:
        return ScopeObject(overload.name, {}, _SCOPES[overload.name])
    return results.result(overload, arguments)


@lru_cache(maxsize=1)
def _table() -> dict[str, list[Overload]]:
    found: dict[str, list[Overload]] = {}
    for line in TABLE.splitlines():
        match = _LINE.fullmatch(line)
        if match:
            parameters = tuple(_parameter(each) for each in match["parameters"].split(", ") if each)
            found.setdefault(match["name"], []).append(
                Overload(match["name"], parameters, _type(match["result"]))
            )
    return found


def _parameter(words: str) -> Parameter:
    return Parameter(_type(words.lstrip("?.")), words.startswith("?"), words.startswith("..."))


def _written(parameter: Parameter) -> str:
    return f"[{parameter.type}]" if parameter.optional else str(parameter.type)


def _type(words: str) -> Type:
    if "|" in words:
        return union(_type(each) for each in words.split("|"))
    if words.endswith("[]"):
        return ArrayType(_type(words.removesuffix("[]")))
    return _WORDS[words]


def _shape(name: str, members: dict[str, Type]) -> ObjectType:
    return ObjectType(name, _properties(members))


def _properties(members: dict[str, Type]) -> dict[str, Property]:
    return {key: Property(key, kind) for key, kind in members.items()}


def _strings(*names: str) -> dict[str, Type]:
    return dict.fromkeys(names, STRING)


_SCOPES = {
    "tenant": Scope.TENANT,
    "managementGroup": Scope.MANAGEMENT_GROUP,
    "subscription": Scope.SUBSCRIPTION,
    "resourceGroup": Scope.RESOURCE_GROUP,
}
_TAGS = ObjectType("Tags", {}, Property("*", STRING))
_SUMMARY = _shape("summaryProperties", _strings("id", "name", "type"))
_DETAILS = _shape(
    "detailsProperties", {**_strings("version", "updatedTime", "updatedBy"), "parent": _SUMMARY}
)
_GROUP = _shape("properties", {**_strings("tenantId", "displayName"), "details": _DETAILS})
_LOGIN = _shape(
    "authenticationProperties",
    {"audiences": ArrayType(STRING), **_strings("identityProvider", "loginEndpoint", "tenant")},
)
_SUFFIXES = _shape(
    "suffixesProperties",
    _strings(
        "acrLoginServer", "azureDatalakeAnalyticsCatalogAndJob", "azureDatalakeStoreFileSystem",
        "azureFrontDoorEndpointSuffix", "keyvaultDns", "sqlServerHostname", "storage",
    ),
)  # fmt: skip
_ENVIRONMENT = _shape(
    "environment",
    {
        **_strings(
            "activeDirectoryDataLake", "batch", "gallery", "graph", "graphAudience", "media", "name", "portal",
            "resourceManager", "sqlManagement", "vmImageAliasDoc",
        ),
        "authentication": _LOGIN,
        "suffixes": _SUFFIXES,
    },
)  # fmt: skip
DEPLOYMENT = _shape("deployment", {"name": STRING, "properties": ANY})
_WORDS: dict[str, Type] = {
    "any": ANY,
    "string": STRING,
    "int": INT,
    "bool": BOOL,
    "object": OBJECT,
    "array": ARRAY,
    "null": NULL,
    "never": NEVER,
    "environment": _ENVIRONMENT,
    "deployer": _shape("deployer", _strings("objectId", "tenantId", "userPrincipalName")),
    "roleDefinition": _shape("roleDefinition", _strings("id", "roleDefinitionId")),
    "parsedCidr": _shape(
        "parseCidr",
        {**_strings("network", "netmask", "broadcast", "firstUsable", "lastUsable"), "cidr": INT},
    ),
    "tenant": ScopeObject(
        "tenant", _properties(_strings("tenantId", "country", "countryCode", "displayName")), Scope.TENANT
    ),
    "managementGroup": ScopeObject(
        "managementGroup",
        _properties({**_strings("id", "name", "type"), "properties": _GROUP}),
        Scope.MANAGEMENT_GROUP,
    ),
    "subscription": ScopeObject(
        "subscription",
        _properties(_strings("id", "subscriptionId", "tenantId", "displayName")),
        Scope.SUBSCRIPTION,
    ),
    "resourceGroup": ScopeObject(
        "resourceGroup",
        _properties(
            {
                **_strings("id", "name", "type", "location", "managedBy"),
                "tags": _TAGS,
                "properties": _shape("properties", _strings("provisioningState")),
            }
        ),
        Scope.RESOURCE_GROUP,
    ),
}
