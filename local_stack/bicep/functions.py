"""The functions of the namespaces `sys` and `az`: how many arguments they take and where they may stand."""

from __future__ import annotations

from dataclasses import dataclass

ANY_NUMBER = 1000


@dataclass(frozen=True)
class Function:
    """One function. `runtime` ones cannot be put in a variable; `default_only` ones are for parameter defaults."""

    name: str
    least: int
    most: int
    runtime: bool = False
    default_only: bool = False
    refused: bool = False
    loads: bool = False


def _table(text: str, **facts: bool) -> dict[str, Function]:
    found = {}
    for line in text.split():
        name, _, counts = line.partition(":")
        least, _, most = counts.partition("-")
        limit = ANY_NUMBER if most == "" and counts.endswith("-") else int(most or least)
        found[name] = Function(name, int(least), limit, **facts)
    return found


SYS = {
    **_table(
        "any:1 array:1 base64:1 base64ToJson:1 base64ToString:1 bool:1 buildUri:1 cidrHost:2 "
        "cidrSubnet:3 concat:1- contains:2 "
        "dataUri:1 dataUriToString:1 dateTimeAdd:2-3 dateTimeFromEpoch:0-1 "
        "dateTimeToEpoch:0-1 distinct:1 empty:1 "
        "endsWith:2 fail:1 filter:2 first:1 flatten:1 format:1- groupBy:2-3 guid:1- indexOf:2 "
        "int:1 intersection:2- "
        "items:1 join:2 json:1 last:1 lastIndexOf:2 length:1 like:2 map:2 mapValues:2 max:1- "
        "min:1- nameof:1 objectKeys:1 "
        "padLeft:2-3 parseCidr:1 parseUri:1 range:2 reduce:3 replace:3 shallowMerge:1 skip:2 "
        "sort:2 split:2 startsWith:2 "
        "string:1 substring:2-3 take:2 toLower:1 toObject:2-3 toUpper:1 trim:1 union:2- "
        "uniqueString:1- uri:2 "
        "uriComponent:1 uriComponentToString:1"
    ),
    **_table("utcNow:0-1 newGuid:0", default_only=True),
    **_table("loadTextContent:1-2 loadFileAsBase64:1 loadJsonContent:1-3", loads=True),
    **_table("loadYamlContent:1-3 loadDirectoryFileInfo:1-2", refused=True),
}
AZ = {
    **_table(
        "tenant:0 managementGroup:0-1 subscription:0-1 resourceGroup:0-2 deployment:0 "
        "deployer:0 environment:0 "
        "resourceId:2- subscriptionResourceId:2- tenantResourceId:2- extensionResourceId:3- "
        "managementGroupResourceId:2- providers:1-2 pickZones:3-5"
    ),
    **_table(
        "toLogicalZone:3 toLogicalZones:3 toPhysicalZone:3 toPhysicalZones:3 reference:1-3", runtime=True
    ),
    **_table("roleDefinitions:1", refused=True),
}
SCOPES = ("tenant", "managementGroup", "subscription", "resourceGroup")
_OWN_SCOPE = {
    "managementGroup": {"managementGroup": 0},
    "subscription": {"subscription": 0, "resourceGroup": 0},
    "resourceGroup": {"resourceGroup": 0, "subscription": 1},
}
LAMBDAS = {"filter": 1, "map": 1, "mapValues": 1, "sort": 1, "reduce": 2, "toObject": 1, "groupBy": 1}

_OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "mod": "%",
    "less": "<",
    "lessOrEquals": "<=",
    "greater": ">",
    "greaterOrEquals": ">=",
    "equals": "==",
    "not": "!",
    "and": "&&",
    "or": "||",
    "coalesce": "??",
}
_BANNED = {
    "variables": (
        "BCP060",
        ('The "variables" function is not supported. Directly reference variables by their symbolic names.'),
    ),
    "parameters": (
        "BCP061",
        (
            'The "parameters" function is not supported. Directly reference parameters by their '
            "symbolic names."
        ),
    ),
    "if": (
        "BCP100",
        (
            'The function "if" is not supported. Use the "?:" (ternary conditional) operator '
            "instead, "
            "e.g. condition ? ValueIfTrue : ValueIfFalse"
        ),
    ),
    "createArray": (
        "BCP101",
        'The "createArray" function is not supported. Construct an array literal using [].',
    ),
    "createObject": (
        "BCP102",
        'The "createObject" function is not supported. Construct an object literal using {}.',
    ),
    **{
        name: ("BCP069", f'The function "{name}" is not supported. Use the "{sign}" operator instead.')
        for name, sign in _OPERATORS.items()
    },
}


def lookup(name: str, namespace: str | None = None) -> Function | None:
    """Return the function of that name; every `list*` is one."""
    if namespace != "az" and name in SYS:
        return SYS[name]
    if namespace == "sys":
        return None
    if name in AZ:
        return AZ[name]
    return Function(name, 2, 3, runtime=True) if name.startswith("list") and len(name) > 4 else None


def fewest_arguments(function: Function, target_scope: str) -> int:
    """Return how many arguments it needs in such a file: a scope that the file is not in must be named in full."""
    scopes = _OWN_SCOPE.get(function.name)
    return function.least if scopes is None else scopes.get(target_scope, function.most)


def banned(name: str) -> tuple[str, str] | None:
    """Return code and message for an ARM function that Bicep has other means for."""
    return _BANNED.get(name)


def names(namespace: str | None = None) -> list[str]:
    """Return all names, sorted without regard to letter case."""
    tables = {"sys": [SYS], "az": [AZ]}.get(namespace or "", [SYS, AZ])
    return sorted((name for table in tables for name in table), key=str.upper)


def expected_arguments(least: int, most: int) -> str:
    """Return how the compiler words the number of arguments it wants."""
    if least == most:
        return f"{least} argument{'' if least == 1 else 's'}"
    if most >= ANY_NUMBER:
        return f"at least {least} argument{'' if least == 1 else 's'}"
    return f"{least} to {most} arguments"
