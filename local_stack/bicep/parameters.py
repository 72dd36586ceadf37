"""Parameter files: `using`, `param` and `var`, evaluated at once, and held against the template's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_stack.bicep.compilation import Compilation
from local_stack.bicep.diagnostics import REFUSED, Diagnostic, Diagnostics, heeded, quoted
from local_stack.bicep.evaluation import Evaluation, Secret
from local_stack.bicep.files import Unreadable, read_text, resolved
from local_stack.bicep.model import Model
from local_stack.bicep.parser import parse
from local_stack.bicep.syntax import (
    Assignment,
    Directive,
    Expression,
    Param,
    Program,
    Span,
    Unsupported,
    Using,
    Var,
)
from local_stack.bicep.values import fits

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"

Json = dict[str, Any]


class ParameterFile:
    """One `.bicepparam` with the template it is for."""

    def __init__(self, file: Path, compilation: Compilation, environment: Mapping[str, str]) -> None:
        self.path = str(file.resolve())
        self.compilation = compilation
        self.template: Json | None = None
        self.target = ""
        self._notes = Diagnostics(self.path)
        self._environment = environment
        self._directives: list[Directive] = []

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What was found in the file and in its template."""
        return [*heeded(self._notes.found, self._directives), *self.compilation.diagnostics]

    def build(self) -> Json | None:
        """Return the parameters as ARM takes them; None where there are errors. Raises Unreadable."""
        program = parse(read_text(Path(self.path)), self.path, self._notes)
        self._directives = program.directives
        model = self._using(program)
        assigned = [each for each in program.declarations if isinstance(each, Assignment)]
        self._check_names(assigned, model, program)
        named: dict[str, Expression] = {
            each.name.name: each.value for each in program.declarations if isinstance(each, (Assignment, Var))
        }
        evaluation = Evaluation(self.path, named, self._environment, self._notes)
        found = {each.name.name: self._value(each, evaluation, model) for each in assigned}
        if any(each.is_error for each in self.diagnostics):
            return None
        return {"$schema": _SCHEMA, "contentVersion": "1.0.0.0", "parameters": found}

    def _using(self, program: Program) -> Model | None:
        found = [each for each in program.declarations if isinstance(each, Using)]
        if len(found) != 1 and not any(isinstance(each, Unsupported) for each in program.declarations):
            start = Span(0, 0, 1, 1)
            if found:
                for each in found:
                    self._notes.error(each, "BCP262", "More than one using declaration are present")
            else:
                self._notes.error(
                    start, "BCP261", "A using declaration must be present in this parameters file."
                )
        path = found[0].path if found else None
        if path is None or not path.literal:
            return None
        try:
            return self._template(path.literal)
        except Unreadable as problem:
            self._notes.error(path, problem.code, problem.message)
            return None

    def _template(self, path: str) -> Model | None:
        if path.startswith(("br:", "br/", "ts:", "ts/")) or path.endswith(".json"):
            raise Unreadable(
                REFUSED, f"'using' of '{path}' is not supported by this stand-in for the Bicep compiler."
            )
        file = resolved(path, self.path)
        self.target = str(file)
        self.template = self.compilation.build(file)
        unit = self.compilation.units[str(file)]
        if self.template is None:
            raise Unreadable("BCP104", "The referenced module has errors.")
        return unit.model

    def _check_names(self, assigned: list[Assignment], model: Model | None, program: Program) -> None:
        names = [each.name.name for each in assigned]
        for each in assigned:
            if names.count(each.name.name) > 1:
                message = (
                    f'Parameter "{each.name.name}" is assigned multiple times. Remove or rename the '
                    "duplicates."
                )
                self._notes.error(each.name, "BCP250", message)
        if model is None:
            return
        declared = {symbol.name: symbol.node for symbol in model.params}
        for each in assigned:
            if each.name.name not in declared:
                message = (
                    f'The parameter "{each.name.name}" is assigned in the params file without being '
                    "declared in the Bicep file."
                )
                self._notes.error(each, "BCP259", message)
        missing = [
            name
            for name, node in declared.items()
            if isinstance(node, Param) and node.default is None and name not in names
        ]
        if missing:
            using = next(each for each in program.declarations if isinstance(each, Using))
            message = (
                "The following parameters are declared in the Bicep file but are missing an "
                "assignment in the params file: "
            )
            self._notes.error(using.path, "BCP258", message + f"{quoted(sorted(missing))}.")

    def _value(self, assignment: Assignment, evaluation: Evaluation, model: Model | None) -> Json:
        value = evaluation.value(assignment.value)
        if isinstance(value, Secret):
            return {"reference": value.reference}
        declared = (
            next((each.node for each in model.params if each.name == assignment.name.name), None)
            if model
            else None
        )
        if isinstance(declared, Param):
            problem = fits(value, declared)
            if problem:
                self._notes.error(assignment.value, *problem)
        return {"value": value}
