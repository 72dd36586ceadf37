"""A whole template: parameters, variables, resources, modules and outputs of one file, in the compiler's order."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from local_stack.bicep.lowering.arm import template_key, template_value
from local_stack.bicep.lowering.context import Context
from local_stack.bicep.lowering.decorators import Decorated
from local_stack.bicep.lowering.loops import copy_object, count, loop_input
from local_stack.bicep.lowering.resources import Resources
from local_stack.bicep.lowering.values import json_value
from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import For, Metadata, Output, Param, TypeName

GENERATOR, VERSION = "local_stack.bicep", "1.0.0"
_SCHEMAS = {
    "resourceGroup": "2019-04-01/deploymentTemplate.json#",
    "subscription": "2018-05-01/subscriptionDeploymentTemplate.json#",
    "managementGroup": "2019-08-01/managementGroupDeploymentTemplate.json#",
    "tenant": "2019-08-01/tenantDeploymentTemplate.json#",
}
_SCHEMA = "https://schema.management.azure.com/schemas/"

Json = dict[str, Any]


def lower(context: Context, modules: dict[Symbol, Json]) -> Json:
    """Return the template of a bound file, given those of its modules. Raises Refusal."""
    return _Template(context, modules).build()


class _Template:
    def __init__(self, context: Context, modules: dict[Symbol, Json]) -> None:
        self._context = context
        self._model = context.model
        self._modules = modules
        self._expressions = Decorated(context)
        self._resources = Resources(self._expressions)

    def build(self) -> Json:
        template: Json = {
            "$schema": _SCHEMA + _SCHEMAS[self._model.target_scope],
            "contentVersion": "1.0.0.0",
        }
        template["metadata"] = self._metadata()
        for name, part in (("parameters", self._parameters()), ("variables", self._variables())):
            if part:
                template[name] = part
        template["resources"] = [
            *(self._resources.resource(each) for each in self._model.resources if not each.existing),
            *(self._resources.module(each, self._modules[each]) for each in self._model.modules),
        ]
        if self._model.outputs:
            template["outputs"] = {each.name.name: self._output(each) for each in self._model.outputs}
        template["metadata"]["_generator"]["templateHash"] = _fingerprint(template)
        return template

    def _metadata(self) -> Json:
        found: Json = {"_generator": {"name": GENERATOR, "version": VERSION}}
        for each in self._model.program.declarations:
            if isinstance(each, Metadata):
                found[template_key(each.name.name)] = self._expressions.value(each.value)
        return found

    def _parameters(self) -> Json:
        return {
            each.name: self._parameter(each.node)
            for each in self._model.params
            if isinstance(each.node, Param)
        }

    def _parameter(self, param: Param) -> Json:
        found = _typed(param.type)
        if param.default is not None:
            found["defaultValue"] = self._expressions.value(param.default)
        return self._expressions.decorated(param, found)

    def _variables(self) -> Json:
        found: Json = {}
        kept = [each for each in self._model.variables if not self._context.inlining.inlines(each)]
        looping = [each for each in kept if isinstance(each.value, For)]
        if looping:
            found["copy"] = [
                copy_object(self._expressions, each.name, each.value, {})
                for each in looping
                if isinstance(each.value, For)
            ]
        for node, name in sorted(self._context.names.items(), key=lambda pair: pair[1]):
            found[name] = json_value(self._context.loaded[node])
        for each in kept:
            if not isinstance(each.value, For):
                found[template_key(each.name)] = self._expressions.value(each.value)
        return found

    def _output(self, output: Output) -> Json:
        found = self._expressions.decorated(output, _typed(output.type))
        if isinstance(output.value, For):
            found["copy"] = {
                "count": count(self._expressions, output.value, {}),
                "input": loop_input(self._expressions, output.value, {}),
            }
        else:
            found["value"] = self._expressions.value(output.value)
        return found


def _typed(kind: TypeName) -> Json:
    found: Json = {} if kind.name == "any" else {"type": kind.name}
    if kind.literal is not None:
        found["allowedValues"] = [template_value(kind.literal)]
    return found


def _fingerprint(template: Json) -> str:
    """Return a number that changes with the template; not Microsoft's own, which no one else can compute."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    return str(int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big"))
