"""The types of what a file declares: parameters and outputs by their words and decorators, modules by their files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.syntax import (
    Array,
    Declaration,
    Decorator,
    Expression,
    Integer,
    Output,
    Param,
    String,
    Unary,
)
from local_stack.bicep.types.bodies import DEPENDENCIES, scope_type
from local_stack.bicep.types.model import (
    ANY,
    ARRAY,
    OBJECT,
    SECURE_OBJECT,
    ArrayType,
    BoolType,
    Flag,
    IntLiteral,
    IntType,
    ModuleType,
    ObjectType,
    Property,
    Scope,
    Severity,
    StringLiteral,
    StringType,
    Type,
    union,
)

SCOPES = {
    "tenant": Scope.TENANT,
    "managementGroup": Scope.MANAGEMENT_GROUP,
    "subscription": Scope.SUBSCRIPTION,
    "resourceGroup": Scope.RESOURCE_GROUP,
}
_SCHEMAS = (
    ("tenantdeploymenttemplate", Scope.TENANT),
    ("managementgroupdeploymenttemplate", Scope.MANAGEMENT_GROUP),
    ("subscriptiondeploymenttemplate", Scope.SUBSCRIPTION),
)
_DEPLOYMENT_NAME = StringType(1, 64, r"^[-\w._()]+$")
_IDENTITY = ObjectType(
    "identity",
    {
        "type": Property(
            "type", union([StringLiteral("None"), StringLiteral("UserAssigned")]), Flag.REQUIRED
        ),
        "userAssignedIdentities": Property("userAssignedIdentities", OBJECT),
    },
)


def param_type(node: Param, *, allowed: bool = True) -> Type:
    """Return what a parameter holds: its word, bounds, secrecy and, unless told otherwise, allowed values."""
    plain = _with_bounds(node.type.name, node, loose=True)
    decorator = node.decorator("allowed") if allowed else None
    if decorator and decorator.arguments and isinstance(decorator.arguments[0], Array):
        return _allowed(plain, list(decorator.arguments[0].items))
    return plain


def output_type(node: Output) -> Type:
    """Return what an output holds."""
    return _with_bounds(node.type.name, node, loose=False)


def module_type(target: Any, containing: Scope) -> ModuleType | None:
    """Return the type of a module by its file, bound Bicep or a JSON template; None where it could not be read."""
    if isinstance(target, Model):
        own = SCOPES[target.target_scope]
        params = {each.name: _module_param(each) for each in target.params}
        outputs = {each.name.name: _output_of(each) for each in target.outputs}
    elif isinstance(target, Mapping):
        own = _template_scope(target)
        params = {name: _json_param(name, each) for name, each in target.get("parameters", {}).items()}
        outputs = {name: _json_output(name, each) for name, each in target.get("outputs", {}).items()}
    else:
        return None
    return _module(params, outputs, own, containing)


def _module(
    params: dict[str, Property], outputs: dict[str, Property], own: Scope, containing: Scope
) -> ModuleType:
    scoped = Flag.WRITE_ONLY | Flag.DEPLOY_TIME | Flag.READABLE_AT_START | Flag.NO_ANY | Flag.LOOP_VARIANT
    named = Flag.DEPLOY_TIME | Flag.READABLE_AT_START | Flag.LOOP_VARIANT
    required = any(each.flags & Flag.REQUIRED for each in params.values())
    members = [
        Property("name", _DEPLOYMENT_NAME, named),
        Property("scope", scope_type(own), scoped if own == containing else scoped | Flag.REQUIRED),
        Property(
            "params", ObjectType("params", params), Flag.WRITE_ONLY | (Flag.REQUIRED if required else 0)
        ),
        Property("outputs", ObjectType("outputs", outputs), Flag.READ_ONLY),
        Property("dependsOn", DEPENDENCIES, Flag.WRITE_ONLY | Flag.NO_ANY),
        Property("identity", _IDENTITY, Flag.DEPLOY_TIME),
    ]
    return ModuleType(ObjectType("module", {each.name: each for each in members}), own)


def _module_param(symbol: Symbol) -> Property:
    assert isinstance(symbol.node, Param)  # noqa: S101 - the binder's own promise
    needed = Flag.REQUIRED if symbol.node.default is None else Flag.NULL_ALLOWED
    return Property(symbol.name, param_type(symbol.node), Flag.WRITE_ONLY | needed)


def _output_of(node: Output) -> Property:
    return Property(node.name.name, output_type(node), Flag.READ_ONLY)


def _json_param(name: str, facts: Mapping[str, Any]) -> Property:
    plain = _json_type(facts, loose=True)
    allowed = facts.get("allowedValues")
    if allowed and all(isinstance(each, str) for each in allowed) and isinstance(plain, StringType):
        plain = union(StringLiteral(each) for each in allowed)
    needed = Flag.NULL_ALLOWED if "defaultValue" in facts or facts.get("nullable") else Flag.REQUIRED
    return Property(name, plain, Flag.WRITE_ONLY | needed)


def _json_output(name: str, facts: Mapping[str, Any]) -> Property:
    return Property(name, _json_type(facts, loose=False), Flag.READ_ONLY)


def _json_type(facts: Mapping[str, Any], *, loose: bool) -> Type:
    if "$ref" in facts:
        return ANY
    word = str(facts.get("type", "")).lower()
    secret = word.startswith("secure")
    severity = (Severity.LOOSE if loose else Severity.STRICT) | (
        Severity.SECURE if secret else Severity.STRICT
    )
    word = word.removeprefix("secure")
    if word == "string":
        return StringType(facts.get("minLength"), facts.get("maxLength"), None, severity)
    if word == "int":
        return IntType(facts.get("minValue"), facts.get("maxValue"), severity)
    plain: dict[str, Type] = {"bool": BoolType(severity), "array": ARRAY, "object": OBJECT}
    return SECURE_OBJECT if secret and word == "object" else plain.get(word, ANY)


def _template_scope(template: Mapping[str, Any]) -> Scope:
    schema = str(template.get("$schema", "")).lower()
    return next((scope for name, scope in _SCHEMAS if name in schema), Scope.RESOURCE_GROUP)


def _with_bounds(word: str, node: Declaration, *, loose: bool) -> Type:
    severity = Severity.LOOSE if loose else Severity.STRICT
    if node.decorator("secure"):
        severity |= Severity.SECURE
    if word == "string":
        return StringType(_number(node, "minLength") or None, _number(node, "maxLength"), None, severity)
    if word == "int":
        return IntType(_number(node, "minValue"), _number(node, "maxValue"), severity)
    if word == "array":
        return ArrayType(ANY, _number(node, "minLength") or None, _number(node, "maxLength"))
    if word == "object":
        return SECURE_OBJECT if node.decorator("secure") else OBJECT
    return BoolType(severity) if word == "bool" else ANY


def _number(node: Declaration, name: str) -> int | None:
    decorator = node.decorator(name)
    return number_given(decorator) if decorator else None


def number_given(decorator: Decorator) -> int | None:
    """Return the number that a decorator is called with; None where it is none."""
    given = decorator.arguments[0] if decorator.arguments else None
    if isinstance(given, Unary) and given.operator == "-" and isinstance(given.operand, Integer):
        return -given.operand.value
    return given.value if isinstance(given, Integer) else None


def _allowed(plain: Type, values: list[Any]) -> Type:
    literals = [_literal(each) for each in values]
    found = [each for each in literals if each is not None]
    if not found or len(found) != len(values):
        return plain
    if isinstance(plain, StringType) and all(isinstance(each, StringLiteral) for each in found):
        return union(found)
    if isinstance(plain, IntType) and all(isinstance(each, IntLiteral) for each in found):
        return union(found)
    return ArrayType(union(found)) if isinstance(plain, ArrayType) else plain


def _literal(node: Expression) -> Type | None:
    if isinstance(node, String) and node.literal is not None:
        return StringLiteral(node.literal)
    return IntLiteral(node.value) if isinstance(node, Integer) else None
