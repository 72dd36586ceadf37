"""Types and linter over the files of one compilation: one catalogue, each configuration complained about once."""

from __future__ import annotations

from pathlib import Path

from local_stack.azure_types import FOLDER, AzureTypes
from local_stack.bicep.diagnostics import Diagnostic
from local_stack.bicep.linter import Configuration, Unusable, check, nearest
from local_stack.bicep.linter.checker import check_configuration
from local_stack.bicep.model import Model
from local_stack.bicep.types.checker import Checker
from local_stack.bicep.types.symbols import UNCHECKED

_UNUSABLE = "BCP271"


class Analysis:
    """What is found in bound files beyond their names: by Azure's types, and by the linter's rules."""

    def __init__(self, types: AzureTypes) -> None:
        self._checker = Checker(types)
        self._complained: set[str | None] = set()
        self._without_types = not types.known

    def of(self, model: Model) -> list[Diagnostic]:
        """Return the findings in a file whose modules are bound already (`model.targets`)."""
        inference = self._checker.inference(model)
        configuration, complaints = self._configuration(Path(model.program.path))
        return [
            *self._no_types(model),
            *inference.findings.found,
            *check(inference, configuration),
            *complaints,
        ]

    def _no_types(self, model: Model) -> list[Diagnostic]:
        """Return the one remark of a compilation that has no types to hold bodies against."""
        if not self._without_types:
            return []
        self._without_types = False
        message = (
            f"There is no folder of Azure's types: no resource's body was checked (set {FOLDER} to one)."
        )
        return [Diagnostic(model.program.path, 1, 1, "Info", UNCHECKED, message)]

    def _configuration(self, file: Path) -> tuple[Configuration, list[Diagnostic]]:
        try:
            configuration = nearest(file)
        except Unusable as problem:
            return Configuration(), [Diagnostic(str(file), 1, 1, "Error", _UNUSABLE, str(problem))]
        if configuration.path in self._complained:
            return configuration, []
        self._complained.add(configuration.path)
        return configuration, check_configuration(configuration)
