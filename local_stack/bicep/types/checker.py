"""The whole check of one file: everything it declares, in order."""

from __future__ import annotations

from local_stack.azure_types import AzureTypes
from local_stack.bicep.diagnostics import Diagnostic
from local_stack.bicep.model import Model
from local_stack.bicep.syntax import Output, Param
from local_stack.bicep.types.bodies import Catalogue
from local_stack.bicep.types.declared import output_type, param_type
from local_stack.bicep.types.decorators import check_decorators
from local_stack.bicep.types.deploytime import DeployTime
from local_stack.bicep.types.findings import Findings
from local_stack.bicep.types.inference import Inference
from local_stack.bicep.types.model import ErrorType
from local_stack.bicep.types.narrowing import Narrowing
from local_stack.bicep.types.places import Places


class Checker:
    """Checks files against one catalogue, which is read once."""

    def __init__(self, types: AzureTypes | None = None) -> None:
        self.catalogue = Catalogue(types or AzureTypes())

    def check(self, model: Model) -> list[Diagnostic]:
        """Return what the types say against a bound file. Its modules must be bound already (`model.targets`)."""
        return self.inference(model).findings.found

    def inference(self, model: Model) -> Inference:
        """Return the types of a file's expressions, all worked out, with the findings that came of it."""
        findings = Findings(model.program.path)
        inference = Inference(model, self.catalogue, findings)
        check_decorators(inference)
        for declaration in model.program.declarations:
            if isinstance(declaration, Param):
                _default(inference, declaration)
            elif isinstance(declaration, Output):
                _output(inference, declaration)
        for symbol in [*model.variables, *model.resources, *model.modules]:
            inference.symbols.of(symbol)
        Places(inference).check()
        DeployTime(inference).check()
        return inference


def _default(inference: Inference, declaration: Param) -> None:
    if declaration.default is not None:
        _held(inference, declaration.default, param_type(declaration))


def _output(inference: Inference, declaration: Output) -> None:
    _held(inference, declaration.value, output_type(declaration))


def _held(inference: Inference, value, wanted) -> None:  # type: ignore[no-untyped-def]
    if not isinstance(inference.of(value), ErrorType):
        Narrowing(inference, inference.findings).value(value, wanted)
