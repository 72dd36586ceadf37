"""A file and all it names, compiled together: each file once, errors of every file, a template where there are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_stack.azure_types import AzureTypes
from local_stack.bicep.analysis import Analysis
from local_stack.bicep.ancestry import relate
from local_stack.bicep.binder import bind
from local_stack.bicep.checks import check
from local_stack.bicep.diagnostics import REFUSED, UNREADABLE_CODE, Diagnostic, Diagnostics, heeded
from local_stack.bicep.files import Unreadable, parse_json, read_text, resolved
from local_stack.bicep.limits import deep_enough
from local_stack.bicep.lowering.context import Context
from local_stack.bicep.lowering.loading import load_files
from local_stack.bicep.lowering.refusal import Refusal
from local_stack.bicep.lowering.template import lower
from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.modulefacts import check_module
from local_stack.bicep.parser import parse
from local_stack.bicep.syntax import Module, Program

Json = dict[str, Any]


@dataclass(eq=False)
class Unit:
    """One file of a compilation."""

    path: str
    diagnostics: Diagnostics
    model: Model
    context: Context
    modules: dict[Symbol, Unit | Json] = field(default_factory=dict)
    failed: bool = False  # it or a module below it has errors
    template: Json | None = None


class Compilation:
    """All files of one build."""

    def __init__(self, types: AzureTypes | None = None) -> None:
        self.types = types or AzureTypes()
        self.units: dict[str, Unit] = {}
        self._reading: list[str] = []
        self._analysis = Analysis(self.types)

    def build(self, file: Path) -> Json | None:
        """Return the template of a file; None where there are errors, which `diagnostics` holds. Raises Unreadable."""
        with deep_enough():
            try:
                unit = self.unit(file.resolve())
                return None if unit.failed else self._lowered(unit)
            except RecursionError:
                raise Unreadable(
                    UNREADABLE_CODE, f"The values of {file} refer to each other too deeply."
                ) from None

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What was found in all files."""
        found: list[Diagnostic] = []
        for unit in self.units.values():
            found += heeded(unit.diagnostics.found, unit.model.program.directives)
        return found

    def unit(self, file: Path) -> Unit:
        """Return a file, read and checked with all it names. Raises Unreadable."""
        path = str(file)
        if path not in self.units:
            text = read_text(file)
            self._reading.append(path)
            try:
                self.units[path] = self._analysed(path, text)
            finally:
                self._reading.pop()
        return self.units[path]

    def _analysed(self, path: str, text: str) -> Unit:
        diagnostics = Diagnostics(path)
        program = parse(text, path, diagnostics)
        model = self._bound(program, diagnostics)
        unit = Unit(path, diagnostics, model, Context(model))
        load_files(unit.context, diagnostics)
        for symbol in model.modules:
            self._module(unit, symbol)
        diagnostics.found += [each for each in self._analysis.of(model) if each not in diagnostics.found]
        unit.failed = diagnostics.failed
        return unit

    def _bound(self, program: Program, diagnostics: Diagnostics) -> Model:
        model = bind(program, diagnostics)
        relate(model, self.types, diagnostics)
        check(model, diagnostics)
        return model

    def _module(self, unit: Unit, symbol: Symbol) -> None:
        node = symbol.module.path
        try:
            found = self._target(unit, symbol.module)
        except Unreadable as problem:
            unit.diagnostics.error(node, problem.code, problem.message)
            return
        unit.modules[symbol] = found
        unit.model.targets[symbol] = found.model if isinstance(found, Unit) else found
        if isinstance(found, Unit) and found.failed:
            unit.diagnostics.error(node, "BCP104", "The referenced module has errors.")
        check_module(symbol, unit.model.targets[symbol], unit.diagnostics)

    def _target(self, unit: Unit, module: Module) -> Unit | Json:
        path = module.path.literal
        if path is None:
            raise Unreadable("BCP092", "String interpolation is not supported in file paths.")
        if path.startswith(("br:", "br/", "ts:", "ts/")):
            raise Unreadable(
                REFUSED,
                (
                    f"A module from a registry ('{path}') is not supported by this stand-in for the Bicep "
                    "compiler."
                ),
            )
        file = resolved(path, unit.path)
        if str(file) == unit.path:
            raise Unreadable("BCP094", "This module references itself, which is not allowed.")
        if str(file) in self._reading:
            circle = [*self._reading[self._reading.index(str(file)) :], str(file)]
            names = '" -> "'.join(circle)
            raise Unreadable("BCP095", f'The file is involved in a cycle ("{names}").')
        if file.suffix in (".json", ".jsonc", ".arm"):
            return _json_module(file)
        if file.suffix == ".bicepparam":
            raise Unreadable(
                "BCP277",
                (
                    "A module declaration can only reference a Bicep File, an ARM template, a registry "
                    "reference "
                    "or a template spec reference."
                ),
            )
        return self.unit(file)

    def _lowered(self, unit: Unit) -> Json | None:
        if unit.template is None:
            templates: dict[Symbol, Json] = {}
            for symbol, target in unit.modules.items():
                template = self._lowered(target) if isinstance(target, Unit) else target
                if template is None:
                    unit.diagnostics.error(symbol.module.path, "BCP104", "The referenced module has errors.")
                    return None
                templates[symbol] = template
            try:
                unit.template = lower(unit.context, templates)
            except Refusal as refusal:
                _note(unit.diagnostics, refusal)
        return unit.template


def _note(diagnostics: Diagnostics, refusal: Refusal) -> None:
    if refusal.code:
        diagnostics.error(refusal.node, refusal.code, refusal.what)
    else:
        diagnostics.refuse(refusal.node, refusal.what)


def _json_module(file: Path) -> Json:
    found = parse_json(read_text(file))
    if not isinstance(found, dict):
        raise Unreadable(
            "BCP188",
            (
                "The referenced ARM template has errors. Please see https://aka.ms/arm-template for "
                "information "
                "on how to diagnose and fix the template."
            ),
        )
    return found
