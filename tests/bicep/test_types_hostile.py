"""Values made of each other over and over: each doubles the one before, and the check stays quick and small."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.bicep.things import found

_TIMES = 30
_MOST_SECONDS = 10
_MOST_LETTERS = 10_000


@pytest.mark.parametrize(
    ("first", "next_"),
    [
        ("[1]", "[{0}, {0}]"),
        ("{ a: 1 }", "{ a: {0}, b: {0} }"),
        ("p ? { a: 1 } : { b: 2 }", "p ? { a: {0}, b: {0} } : { c: {0} }"),
        ("p ? [1] : ['x']", "p ? [{0}, {0}] : [{0}, 2]"),
        ("'abcdefghijklmnop'", "'${{0}}${{0}}'"),
        ("99", "{0} * {0}"),
    ],
)
def test_doubling_values_are_checked_in_no_time(tmp_path: Path, first: str, next_: str) -> None:
    lines = [f"param p bool\nvar v0 = {first}"]
    lines += [f"var v{n} = {next_.replace('{0}', f'v{n - 1}')}" for n in range(1, _TIMES)]
    begun = time.thread_time()
    diagnostics = found(tmp_path, "\n".join([*lines, f"output o bool = v{_TIMES - 1}", ""]))
    assert time.thread_time() - begun < _MOST_SECONDS
    assert [(each.line, each.code) for each in diagnostics if each.is_error] == [(_TIMES + 2, "BCP033")]
    assert all(len(each.message) < _MOST_LETTERS for each in diagnostics)


def test_a_changing_name_behind_doubling_variables_is_told_once(tmp_path: Path) -> None:
    lines = ["param p string = newGuid()", "var v0 = p"]
    lines += [f"var v{n} = '${{v{n - 1}}}${{v{n - 1}}}'" for n in range(1, _TIMES)]
    thing = (
        f"resource a 'Microsoft.Test/Things@2024-01-01' = {{\n  name: v{_TIMES - 1}\n  location: 'global'\n}}"
    )
    diagnostics = found(tmp_path, "\n".join([*lines, thing, ""]))
    assert [each.code for each in diagnostics].count("use-stable-resource-identifiers") == 1
