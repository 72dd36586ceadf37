"""The linter's rules, each by a file that breaks it and one that does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local_stack.bicep.linter.checker import RULES
from tests.bicep.things import found

_THING = "resource a 'Microsoft.Test/Things@2024-01-01' = {\n  name: 'abc'\n  location: %s\n%s}\n"


def told(folder: Path, text: str, level: str = "error", **others: str) -> list[tuple[int, int, str, str]]:
    """Compile with every rule at a level; return place, level and rule of the linter's findings."""
    rules = {each.name: {"level": level, "test-today": "2024-06-01"} for each in RULES}
    (folder / "bicepconfig.json").write_text(json.dumps({"analyzers": {"core": {"rules": rules}}}))
    diagnostics = found(folder, text, **others)
    own = [each for each in diagnostics if each.from_linter and each.path.endswith("main.bicep")]
    return [(each.line, each.column, each.level, each.code) for each in own]


_CHILD = "resource p 'Microsoft.Test/things/parts@2024-01-01' = {\n%s}"
_GLOBAL = _THING % ("'global'", "")
_PART = "param location string = resourceGroup().location\noutput o string = location\n"
_MODULE = "module m 'part.bicep' = {\n  name: 'm'\n%s}\n"


@pytest.mark.parametrize(
    ("rule", "line", "column", "wrong", "right"),
    [
        ("no-unused-params", 1, 7, "param p string", "param p string\noutput o string = p"),
        ("no-unused-vars", 1, 5, "var v = 1", "var v = 1\noutput o int = v"),
        (
            "no-unused-existing-resources",
            1,
            10,
            "resource e 'Microsoft.Test/Things@2024-01-01' existing = {\n  name: 'abc'\n}",
            "resource e 'Microsoft.Test/Things@2024-01-01' existing = {\n  name: 'abc'\n}\noutput o string = e.id",
        ),
        (
            "no-hardcoded-env-urls",
            1,
            28,
            "output o string = 'https://vault.azure.net/x'",
            "output o string = 'https://schema.management.azure.com/x'",
        ),
        (
            "secure-parameter-default",
            2,
            16,
            "@secure()\nparam s string = 'x'\noutput o int = length(s)",
            "@secure()\nparam s string = newGuid()\noutput o int = length('x')\noutput n string = nameof(s)",
        ),
        (
            "outputs-should-not-contain-secrets",
            3,
            19,
            "@secure()\nparam s string\noutput o string = s",
            "output o string = 'x'",
        ),
        (
            "outputs-should-not-contain-secrets",
            1,
            1,
            "output thePassword string = 'x'",
            "output o string = 'x'",
        ),
        (
            "secure-secrets-in-params",
            1,
            7,
            "param dbPassword string\noutput o int = length(dbPassword)",
            "param secretName string\noutput o int = length(secretName)",
        ),
        (
            "prefer-interpolation",
            2,
            19,
            "param p string\noutput o string = concat(p, 'x')",
            "param p string\noutput o string = '${p}x'",
        ),
        (
            "simplify-interpolation",
            2,
            19,
            "param p string\noutput o string = '${p}'",
            "param p int\noutput o string = '${p}'",
        ),
        (
            "prefer-unquoted-property-names",
            1,
            21,
            "output o object = { 'a': 1 }",
            "output o object = { 'a-b': 1 }",
        ),
        (
            "prefer-unquoted-property-names",
            2,
            20,
            "param p object\noutput o string = p['a']",
            "param p object\noutput o string = p['a-b']",
        ),
        (
            "no-explicit-any",
            1,
            9,
            "param p any\noutput o int = length(string(p))",
            "output o string = any(5)",
        ),
        (
            "use-safe-access",
            2,
            19,
            "param p object\noutput o string = contains(p, 'a') ? p.a : 'x'",
            "param p object\noutput o string = contains(p, 'a') ? p.b : 'x'",
        ),
        (
            "use-parent-property",
            7,
            9,
            _GLOBAL + _CHILD % "\n  name: 'abc/x'\n",
            _GLOBAL + _CHILD % "  parent: a\n  name: 'x'\n",
        ),
        (
            "no-unnecessary-dependson",
            9,
            5,
            _GLOBAL + _CHILD % "  parent: a\n  name: 'x'\n  dependsOn: [\n    a\n  ]\n",
            _GLOBAL
            + "resource p 'Microsoft.Test/grants@2024-01-01' = {\n  name: 'x'\n  dependsOn: [\n    a\n  ]\n}",
        ),
        (
            "use-resource-symbol-reference",
            5,
            19,
            _GLOBAL + "output o string = reference(a.id, '2024-01-01').state",
            _GLOBAL + "output o string = reference('x', '2024-01-01').state",
        ),
        ("no-hardcoded-location", 3, 13, _THING % ("'westeurope'", ""), _GLOBAL),
        (
            "no-loc-expr-outside-params",
            1,
            19,
            "output o string = resourceGroup().location",
            "param l string = resourceGroup().location\noutput o string = l",
        ),
        (
            "use-recent-api-versions",
            1,
            35,
            "resource a 'Microsoft.Test/Things@2020-01-01' = {\n  name: 'abc'\n}",
            "resource a 'Microsoft.Test/Things@2024-01-01' = {\n  name: 'abc'\n  location: 'global'\n}",
        ),
        (
            "use-stable-resource-identifiers",
            3,
            9,
            "param n string = newGuid()\n" + _GLOBAL.replace("'abc'", "n"),
            _GLOBAL,
        ),
        ("simplify-json-null", 1, 19, "output o object = json('null')", "output o object = json('{}')"),
        (
            "adminusername-should-not-be-literal",
            4,
            32,
            _THING % ("'global'", "  properties: { adminUsername: 'root' }\n"),
            "param u string\n" + _THING % ("'global'", "  properties: { adminUsername: u }\n"),
        ),
        (
            "use-stable-vm-image",
            4,
            62,
            _THING
            % ("'global'", "  properties: { storageProfile: { imageReference: { version: 'preview1' } } }\n"),
            _THING % ("'global'", "  properties: { storageProfile: { imageReference: { version: '1' } } }\n"),
        ),
        (
            "use-resource-id-functions",
            4,
            17,
            _THING % ("'global'", "  properties: { otherId: '/subscriptions/x' }\n"),
            _THING % ("'global'", "  properties: { otherId: resourceId('Microsoft.Test/Things', 'x') }\n"),
        ),
        ("decompiler-cleanup", 1, 5, "var x_var = 1\noutput o int = x_var", "var x = 1\noutput o int = x"),
        (
            "artifacts-parameters",
            1,
            7,
            "param _artifactsLocation string\noutput o string = _artifactsLocation",
            "param location string\noutput o string = location",
        ),
        (
            "max-outputs",
            1,
            8,
            "\n".join(f"output o{n} int = {n}" for n in range(65)),
            "\n".join(f"output o{n} int = {n}" for n in range(64)),
        ),
    ],
)
def test_a_rule_holds(tmp_path: Path, rule: str, line: int, column: int, wrong: str, right: str) -> None:
    assert (line, column, "Error", rule) in told(tmp_path, wrong + "\n")
    assert rule not in [code for *_, code in told(tmp_path, right + "\n")]


def test_a_modules_location_is_given_and_not_by_a_word(tmp_path: Path) -> None:
    silent = told(tmp_path, _MODULE % "", part=_PART)
    assert (1, 8, "Error", "explicit-values-for-loc-params") in silent
    worded = told(tmp_path, _MODULE % "  params: {\n    location: 'westeurope'\n  }\n", part=_PART)
    assert (4, 15, "Error", "no-hardcoded-location") in worded
    given = "param l string\n" + _MODULE % "  params: {\n    location: l\n  }\n"
    assert told(tmp_path, given, part=_PART) == []


def test_a_directive_silences_a_rule(tmp_path: Path) -> None:
    assert told(tmp_path, "#disable-next-line no-unused-vars\nvar v = 1\n") == []
