"""How many parameters, variables, outputs and resources a template may have."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from local_stack.bicep.linter.rule import File, Finding, Rule
from local_stack.bicep.syntax import Declaration, Module, Output, Param, Resource, Var


def _at_most(
    limit: int, words: str, kinds: tuple[type[Declaration], ...]
) -> Callable[[File], Iterator[Finding]]:
    def look(file: File) -> Iterator[Finding]:
        found = [each for each in file.model.program.declarations if isinstance(each, kinds)]
        if len(found) > limit:
            yield found[0].name, f"Too many {words}. Number of {words} is limited to {limit}."

    return look


RULES = (
    Rule("max-params", "Error", _at_most(256, "parameters", (Param,))),
    Rule("max-variables", "Error", _at_most(512, "variables", (Var,))),
    Rule("max-outputs", "Error", _at_most(64, "outputs", (Output,))),
    Rule("max-resources", "Error", _at_most(800, "resources", (Resource, Module))),
)
