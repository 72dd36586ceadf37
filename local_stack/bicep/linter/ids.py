"""Resource ids written as strings, where a symbol or a function would say which resource is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from local_stack.bicep.linter.rule import File, Finding, Rule
from local_stack.bicep.syntax import (
    Access,
    Call,
    Expression,
    Index,
    Node,
    NonNull,
    Object,
    Parenthesized,
    Property,
    String,
    Ternary,
    Variable,
    children,
    walk,
)
from local_stack.bicep.types.model import StringLiteral, StringType, without_null

_FUNCTIONS = (
    "extensionResourceId", "guid", "if", "managementGroupResourceId", "reference", "resourceId", "roleDefinitions",
    "subscription", "subscriptionResourceId", "tenantResourceId",
)  # fmt: skip
_OTHER_IDS = frozenset({
    "appid", "clientid", "contentid", "connectorid", "datatypeid", "defaultmenuitemid", "deploymentspecid", "detector",
    "groupid", "illusiveincidentid", "keyid", "keyvaultid", "keyvaultsecretid", "locations", "menuid", "metadata",
    "metricid", "nodeagentskuid", "objectid", "parentid", "policydefinitionreferenceid", "requestedserviceobjectiveid",
    "resource", "ruleid", "schemaid", "serviceprincipalclientid", "sid", "startingdeviceid", "subscriptionid",
    "storageaccountsubscriptionid", "syntheticmonitorid", "tags", "targetprotectioncontainerid", "targetworkersizeid",
    "tenantid", "timezoneid", "vlanid", "workersizeid", "uniquefindingid", "principalid",
})  # fmt: skip
_OTHER_TYPES = re.compile(
    r"microsoft\.portal/dashboards|microsoft\.logic/workflows|microsoft\.apimanagement/service/backends|"
    r"microsoft\.web/sites/config.*|microsoft\.documentdb/databaseaccounts/\w*/collections",
    re.IGNORECASE,
)


def _ids(file: File) -> Iterator[Finding]:
    for symbol in file.model.resources:
        reference, properties = file.inference.symbols.reference(symbol), symbol.property_value("properties")
        if reference is None or not isinstance(properties, Object) or _OTHER_TYPES.fullmatch(reference.type):
            continue
        owned = reference.type.lower() == "microsoft.apimanagement/service/subscriptions"
        yield from _within(file, properties, _OTHER_IDS | {"ownerid"} if owned else _OTHER_IDS)


def _within(file: File, node: Node, others: frozenset[str]) -> Iterator[Finding]:
    for child in children(node):
        name = (child.name or "") if isinstance(child, Property) else ""
        if name.lower() in others:
            continue
        if isinstance(child, Property) and name.lower().endswith("id") and not name.endswith(("uid", "UID")):
            path = _failure(file, child.value, ()) if _is_text(file, child.value) else None
            if path is not None:
                yield child.key, _told(name, path)
        else:
            yield from _within(file, child, others)


def _told(name: str, path: tuple[str, ...]) -> str:
    told = (
        f'If property "{name}" represents a resource ID, it must use a symbolic resource reference, be a parameter or '
        f"start with one of these functions: {', '.join(_FUNCTIONS)}."
    )
    return f"{told} Found nonconforming expression at {' -> '.join((name, *path))}" if path else told


def _is_text(file: File, value: Expression) -> bool:
    kind = file.type(value)
    return isinstance(without_null(kind) or kind, (StringType, StringLiteral))


def _failure(file: File, value: Expression, path: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the variables on the way to an expression that is no resource's id; None where all is well."""
    symbols = [file.symbol(node) for node in walk(value)]
    if any(each is not None and each.kind in ("resource", "module") for each in symbols):
        return None
    if isinstance(value, Ternary) or (isinstance(value, Call) and value.name.name in _FUNCTIONS):
        return None
    if isinstance(value, (Access, Index)):
        return _failure(file, value.base, path)
    if isinstance(value, (Parenthesized, NonNull)):
        return _failure(file, value.value if isinstance(value, Parenthesized) else value.base, path)
    if isinstance(value, String) and value.literal is not None and "/" not in value.literal:
        return None
    symbol = file.symbol(value) if isinstance(value, Variable) else None
    if symbol is None or symbol.name in path:
        return path
    if symbol.kind == "var":
        return _failure(file, symbol.value, (*path, symbol.name))
    return None if symbol.kind == "param" else (*path, symbol.name)


RULES = (Rule("use-resource-id-functions", None, _ids),)
