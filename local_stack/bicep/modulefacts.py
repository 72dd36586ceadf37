"""What a module's file allows: where it may be deployed, and that it holds no secrets to hand out."""

from __future__ import annotations

from typing import Any

from local_stack.bicep.diagnostics import Diagnostics, quoted
from local_stack.bicep.lowering.scopes import read_scope
from local_stack.bicep.model import Model, Symbol

_BY_SCHEMA = {
    "subscriptiondeploymenttemplate": "subscription",
    "managementgroupdeploymenttemplate": "managementGroup",
    "tenantdeploymenttemplate": "tenant",
}


def check_module(model: Model, symbol: Symbol, target: Any, diagnostics: Diagnostics) -> None:
    """Hold a module declaration against the file it names."""
    for name in _secure_outputs(target):
        diagnostics.refuse(
            symbol.module.path, f"A module with the secure output '{name}' (it needs languageVersion 2.0) is"
        )
    value = symbol.property_value("scope")
    scope = read_scope(model, value) if value is not None else None
    given = model.target_scope if value is None else scope.kind if scope else None
    wanted = _target_scope(target)
    if given not in (None, wanted, "resource"):
        at = symbol.value if value is None else value
        message = (
            f"Scope {quoted([str(given)])} is not valid for this module. Permitted scopes: "
            f"{quoted([wanted])}."
        )
        diagnostics.error(at, "BCP134", message)


def _target_scope(target: Any) -> str:
    if isinstance(target, Model):
        return target.target_scope
    file = str(target.get("$schema", "")).rstrip("#").rpartition("/")[2].lower()
    return _BY_SCHEMA.get(file.removesuffix(".json"), "resourceGroup")


def _secure_outputs(target: Any) -> list[str]:
    if isinstance(target, Model):
        return [each.name.name for each in target.outputs if each.decorator("secure")]
    outputs = target.get("outputs")
    found = outputs.items() if isinstance(outputs, dict) else []
    return [
        name
        for name, facts in found
        if isinstance(facts, dict) and str(facts.get("type", "")).lower().startswith("secure")
    ]
