"""What is declared and never used."""

from __future__ import annotations

from collections.abc import Iterator

from local_stack.bicep.linter.rule import File, Finding, Rule
from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import Declaration


def _unused(file: File, symbols: list[Symbol], words: str) -> Iterator[Finding]:
    used = {symbol for node, symbol in file.model.references.items() if node is not symbol.node}
    used |= {each.parent.symbol for each in file.model.resources if each.parent}
    for symbol in symbols:
        if symbol not in used and symbol.name and isinstance(symbol.node, Declaration):
            yield symbol.node.name, f'{words} "{symbol.name}" is declared but never used.'


def _params(file: File) -> Iterator[Finding]:
    return _unused(file, file.model.params, "Parameter")


def _variables(file: File) -> Iterator[Finding]:
    return _unused(file, file.model.variables, "Variable")


def _existing(file: File) -> Iterator[Finding]:
    lonely = [each for each in file.model.resources if each.existing and not each.body.resources]
    return _unused(file, lonely, "Existing resource")


RULES = (
    Rule("no-unused-params", "Warning", _params),
    Rule("no-unused-vars", "Warning", _variables),
    Rule("no-unused-existing-resources", "Warning", _existing),
)
