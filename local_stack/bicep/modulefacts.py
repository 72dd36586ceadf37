"""What of a module's file would make the template one of languageVersion 2.0: secrets that it hands out."""

from __future__ import annotations

from typing import Any

from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.model import Model, Symbol


def check_module(symbol: Symbol, target: Any, diagnostics: Diagnostics) -> None:
    """Refuse a module with secure outputs."""
    for name in _secure_outputs(target):
        diagnostics.refuse(
            symbol.module.path, f"A module with the secure output '{name}' (it needs languageVersion 2.0) is"
        )


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
