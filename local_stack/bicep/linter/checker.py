"""Runs the rules over one file."""

from __future__ import annotations

from local_stack.bicep.diagnostics import REFUSED, Diagnostic, Level
from local_stack.bicep.linter import (
    ids,
    limits,
    locations,
    origins,
    practice,
    references,
    secrets,
    texts,
    unused,
    versions,
)
from local_stack.bicep.linter.configuration import Configuration
from local_stack.bicep.linter.rule import File, Rule
from local_stack.bicep.types.findings import Findings
from local_stack.bicep.types.inference import Inference

UNCHECKED_RULE = "VBC011"
RULES: tuple[Rule, ...] = (
    *unused.RULES, *limits.RULES, *secrets.RULES, *texts.RULES, *references.RULES, *locations.RULES, *versions.RULES,
    *practice.RULES, *ids.RULES, *origins.RULES,
)  # fmt: skip
_NAMES = frozenset(each.name for each in RULES)
_FEATURES = frozenset(
    (
        "assertions", "azextensionconfig", "deploycommands", "localdeploy", "moduleextensionconfigs", "ocienabled",
        "patch", "resourceinfocodegen", "resourcetypedparamsandoutputs", "runtimevaluesintagsandsku",
        "sourcemapping", "symbolicnamecodegen", "testframework", "userdefinedconstraints", "waituntil",
    )
)  # fmt: skip


def check(inference: Inference, configuration: Configuration) -> list[Diagnostic]:
    """Return what the rules say against a typed file."""
    findings = Findings(inference.model.program.path)
    file = File(inference, configuration)
    for rule in RULES if configuration.enabled else ():
        level = configuration.level(rule.name, rule.level)
        if level is not None:
            for place, message in rule.look(file):
                findings.add(place, level, rule.name, message)
    return findings.found


def check_configuration(configuration: Configuration) -> list[Diagnostic]:
    """Return what the configuration asks for and does not get: rules and features that there are none of here."""
    found: list[Diagnostic] = []
    path = configuration.path or ""
    for name, level in sorted(configuration.levels.items()):
        if level is not None and name not in _NAMES and configuration.enabled:
            told: Level = "Warning" if level == "Error" else "Info"
            message = (
                f'The linter rule "{name}" is not among those of this stand-in: nothing was held against it.'
            )
            found.append(Diagnostic(path, 1, 1, told, UNCHECKED_RULE, message))
    return found + [_feature(path, each) for each in configuration.experimental]


def _feature(path: str, name: str) -> Diagnostic:
    """The compiler passes over names that it does not know, as those of features that have become its own."""
    if name.lower() in _FEATURES:
        message = (
            f'The experimental feature "{name}" is not supported by this stand-in for the Bicep compiler.'
        )
        return Diagnostic(path, 1, 1, "Error", REFUSED, message)
    message = (
        f'The experimental feature "{name}" is none that the compiler still asks for: it changes nothing.'
    )
    return Diagnostic(path, 1, 1, "Info", UNCHECKED_RULE, message)
