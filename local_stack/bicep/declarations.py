"""What a file declares, before any use is looked at: symbols, nested ones too, and names given twice."""

from __future__ import annotations

from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.placement import Place
from local_stack.bicep.syntax import (
    Assignment,
    Declaration,
    Identifier,
    Module,
    Output,
    Param,
    Program,
    Resource,
    String,
    TargetScope,
    Var,
)

_KINDS = {Param: "param", Var: "var", Resource: "resource", Module: "module"}
_SCOPES = ("tenant", "managementGroup", "subscription", "resourceGroup")
NAMESPACES = ("sys", "az")


class Declarations:
    """The declarations of one file."""

    def __init__(self, program: Program, diagnostics: Diagnostics) -> None:
        self.model = Model(program)
        self._diagnostics = diagnostics
        self._scopes: list[dict[str, Symbol]] = [self.model.globals]
        self._place: Place = "anywhere"
        self._nested: list[Symbol] = []
        self._top: list[Symbol] = []

    def _target_scope(self, found: list[TargetScope]) -> None:
        for each in found if len(found) > 1 else []:
            message = 'The "targetScope" cannot be declared multiple times in one file.'
            self._diagnostics.error(each.name, "BCP112", message)
        if not found:
            return
        value = found[0].value
        chosen = value.literal if isinstance(value, String) else None
        if chosen in _SCOPES:
            self.model.target_scope = chosen
        elif chosen is None:
            self._diagnostics.error(
                value,
                "BCP033",
                (
                    "Expected a value of type \"'managementGroup' | 'resourceGroup' | "
                    "'subscription' | 'tenant'\" but the provided value is of another type."
                ),
            )
        else:
            self._diagnostics.error(
                value,
                "BCP033",
                (
                    "Expected a value of type \"'managementGroup' | 'resourceGroup' | "
                    f"'subscription' | 'tenant'\" but the provided value is of type \"'{chosen}'\"."
                ),
            )

    def _declare(self, declaration: Declaration) -> None:
        if isinstance(declaration, Output):
            self.model.outputs.append(declaration)
            return
        kind = _KINDS.get(type(declaration))
        if kind is None:
            return
        symbol = Symbol(declaration.name.name, kind, declaration)  # type: ignore[arg-type]
        self.model.globals.setdefault(symbol.name, symbol)
        self.model.references[declaration] = symbol
        if isinstance(declaration, Resource):
            self._declare_nested(symbol)
        places = {
            "param": self.model.params,
            "var": self.model.variables,
            "module": self.model.modules,
            "resource": self._top,
        }
        places[kind].append(symbol)

    def _declare_nested(self, symbol: Symbol) -> None:
        inside: dict[str, Symbol] = {}
        for child in symbol.body.resources:
            nested = Symbol(child.name.name, "resource", child, outer=symbol)
            inside.setdefault(nested.name, nested)
            self.model.references[child] = nested
            self._declare_nested(nested)
            self._nested.append(nested)
        self.model.nested[symbol] = inside

    def _report_twice(self, declarations: list[Declaration]) -> None:
        named = [each.name for each in declarations if type(each) in _KINDS or isinstance(each, Assignment)]
        self._report_duplicates(
            named, "BCP028", 'Identifier "{}" is declared multiple times. Remove or rename the duplicates.'
        )
        outputs = [each.name for each in self.model.outputs]
        self._report_duplicates(
            outputs, "BCP145", 'Output "{}" is declared multiple times. Remove or rename the duplicates.'
        )
        for name in named:
            if name.name in NAMESPACES:
                self._diagnostics.error(
                    name,
                    "BCP084",
                    (
                        f'The symbolic name "{name.name}" is reserved. Please use a different '
                        'symbolic name. Reserved namespaces are "az", "sys".'
                    ),
                )

    def _report_duplicates(self, names: list[Identifier], code: str, message: str) -> None:
        counts: dict[str, int] = {}
        for name in names:
            counts[name.name] = counts.get(name.name, 0) + 1
        for name in names:
            if name.name and counts[name.name] > 1:
                self._diagnostics.error(name, code, message.format(name.name))
