"""Resources and modules as they stand in a template."""

from __future__ import annotations

from typing import Any

from local_stack.bicep.lowering.arm import Arm, access, as_call, call, template_value
from local_stack.bicep.lowering.context import NONE, Locals
from local_stack.bicep.lowering.decorators import Decorated
from local_stack.bicep.lowering.dependencies import Dependencies
from local_stack.bicep.lowering.identity import DEPLOYMENT, DEPLOYMENT_VERSION, Reference
from local_stack.bicep.lowering.loops import copy_object, count
from local_stack.bicep.lowering.refusal import Refusal
from local_stack.bicep.lowering.scopes import Scope
from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import (
    Expression,
    For,
    Integer,
    MethodCall,
    Object,
    Property,
    String,
    Ternary,
)

_NOT_IN_BODY = ("name", "scope", "parent", "dependsOn")
_NOT_IN_MODULE = ("scope", "params", "dependsOn")

Json = dict[str, Any]


class Resources:
    """The resources and modules of one file."""

    def __init__(self, expressions: Decorated) -> None:
        self._expressions = expressions
        self._dependencies = Dependencies(expressions)
        self._target = expressions.context.model.target_scope

    def resource(self, symbol: Symbol) -> Json:
        """Return a deployed resource."""
        found = self._head(symbol)
        found["type"], found["apiVersion"] = self._expressions.context.model.types[symbol]
        found.update(self._scope_keys(symbol, self._expressions.scope(symbol)))
        found["name"] = template_value(self._expressions.full_name(symbol, NONE))
        body = [each for each in _properties(symbol) if each.name not in _NOT_IN_BODY]
        found.update(self._expressions.members(body))
        return self._tail(symbol, found)

    def module(self, symbol: Symbol, template: Json) -> Json:
        """Return a module's deployment around its template."""
        found = self._head(symbol)
        found["type"], found["apiVersion"] = DEPLOYMENT, DEPLOYMENT_VERSION
        body = [each for each in _properties(symbol) if each.name not in _NOT_IN_MODULE]
        if symbol.property_value("name") is None:
            raise Refusal(symbol.node, "A module without a name (it needs languageVersion 2.0) is")
        found.update(self._expressions.members(body))
        scope = self._expressions.scope(symbol)
        found.update(self._scope_keys(symbol, scope))
        if scope.kind != "resourceGroup":
            place = "resourceGroup" if self._target == "resourceGroup" else "deployment"
            found["location"] = template_value(access(call(place), "location"))
        found["properties"] = self._deployment(symbol, template)
        return self._tail(symbol, found)

    def _deployment(self, symbol: Symbol, template: Json) -> Json:
        found: Json = {"expressionEvaluationOptions": {"scope": "inner"}, "mode": "Incremental"}
        params = symbol.property_value("params")
        if params is not None:
            if not isinstance(params, Object) or len(params.members) != len(params.properties):
                raise Refusal(
                    params, 'The value of the module "params" property must be an object literal.', "BCP183"
                )
            found["parameters"] = {str(each.name): self._parameter(each) for each in params.properties}
        found["template"] = template
        return found

    def _parameter(self, each: Property) -> Any:
        if each.name is None:
            raise Refusal(each.key, "An interpolated parameter name is")
        if isinstance(each.value, For):
            looped = copy_object(self._expressions, "value", each.value, NONE)
            body = self._expressions.convert(each.value.body)
            literal = isinstance(self._expressions.context.followed(each.value.body), String)
            looped["input"] = template_value(body if literal else as_call(body))
            return {"copy": [looped]}
        return self._wrapped(each.value)

    def _wrapped(self, value: Expression) -> Any:
        """Return a parameter's value: plain, a secret's reference, or a choice between such."""
        inner = self._expressions.context.followed(value)
        if isinstance(inner, MethodCall) and _secret(inner):
            return {"reference": self._secret(inner)}
        if isinstance(inner, Ternary):
            return template_value(self._choice(inner))
        return {"value": self._expressions.value(value)}

    def _choice(self, value: Expression) -> Arm:
        inner = self._expressions.context.followed(value)
        if isinstance(inner, Ternary):
            condition = self._expressions.convert(inner.condition)
            return call("if", condition, self._choice(inner.then), self._choice(inner.otherwise))
        if isinstance(inner, MethodCall) and _secret(inner):
            return call("createObject", "reference", self._secret_arm(inner))
        return call("createObject", "value", self._expressions.convert(value))

    def _secret(self, node: MethodCall) -> Json:
        reference: Json = {"keyVault": {"id": template_value(self._vault_id(node))}}
        for key, argument in zip(("secretName", "secretVersion"), node.arguments, strict=False):
            reference[key] = self._expressions.value(argument)
        return reference

    def _secret_arm(self, node: MethodCall) -> Arm:
        flat: list[Arm] = ["keyVault", call("createObject", "id", self._vault_id(node))]
        for key, argument in zip(("secretName", "secretVersion"), node.arguments, strict=False):
            flat += [key, self._expressions.convert(argument)]
        return call("createObject", *flat)

    def _vault_id(self, node: MethodCall) -> Arm:
        found = self._expressions.reference(node.base, NONE)
        if found is None or found.symbol.kind != "resource":
            raise Refusal(node.name, "The function 'getSecret' on this value is")
        return self._expressions.resource_id(found)

    def _head(self, symbol: Symbol) -> Json:
        found: Json = {}
        if symbol.loop:
            found["copy"] = {"name": symbol.path, "count": count(self._expressions, symbol.loop, NONE)}
            found["copy"].update(self._batch(symbol))
        condition = self._condition(symbol)
        if condition is not None:
            found["condition"] = condition
        return found

    def _condition(self, symbol: Symbol) -> Any:
        conditions = self._expressions.conditions(symbol)
        if len(conditions) == 1:
            return self._expressions.value(conditions[0])
        joined = self._expressions.condition_of(symbol, NONE)
        return None if joined is None else template_value(joined)

    def _batch(self, symbol: Symbol) -> Json:
        decorator = symbol.declaration.decorator("batchSize")
        if decorator is None or not decorator.arguments:
            return {}
        size = decorator.arguments[0]
        if not isinstance(size, Integer):
            raise Refusal(size, "The value must be a compile-time constant.", "BCP032")
        return {"mode": "serial", "batchSize": size.value}

    def _tail(self, symbol: Symbol, found: Json) -> Json:
        entries = self._dependencies.of(symbol)
        if entries:
            found["dependsOn"] = entries
        description = symbol.declaration.decorator("description")
        if description:
            found["metadata"] = {"description": self._expressions.description(description)}
        return found

    def _scope_keys(self, symbol: Symbol, scope: Scope) -> Json:
        if scope.resource:
            root = self._expressions.lineage(symbol, NONE)[0]
            env = self._expressions.enter(scope.resource, scope.index, root.env)
            return {"scope": template_value(self._expressions.resource_id(Reference(scope.resource, env)))}
        if scope.kind == "tenant":
            return {} if self._target == "tenant" else {"scope": "/"}
        env = self._expressions.enter(scope.looped, scope.index, NONE) if scope.looped else NONE
        if scope.kind == "managementGroup":
            return self._management_group(scope, env)
        found: Json = {}
        if scope.subscription is not None:
            found["subscriptionId"] = template_value(self._expressions.convert(scope.subscription))
        elif scope.kind == "subscription" and self._target == "resourceGroup":
            found["subscriptionId"] = template_value(access(call("subscription"), "subscriptionId"))
        if scope.group is not None:
            found["resourceGroup"] = template_value(self._expressions.convert(scope.group, env))
        return found

    def _management_group(self, scope: Scope, env: Locals) -> Json:
        if scope.group is None:
            return {}
        name = self._expressions.convert(scope.group, env)
        kind = "Microsoft.Management/managementGroups"
        if self._target in ("tenant", "managementGroup"):
            return {"scope": template_value(call("format", f"{kind}/{{0}}", name))}
        return {"scope": template_value(call("tenantResourceId", kind, name))}


def _properties(symbol: Symbol) -> list[Property]:
    if any(type(each).__name__ == "Spread" for each in symbol.body.members):
        raise Refusal(symbol.body, 'The spread operator "..." is not permitted in this location.', "BCP401")
    return symbol.body.properties


def _secret(node: MethodCall) -> bool:
    return node.name.name == "getSecret"
