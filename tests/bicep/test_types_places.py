"""What must be known at the start, where things may be deployed, and what they may be called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bicep.things import codes, found

_A = "resource a 'Microsoft.Test/Things@2024-01-01' = {\n  name: 'abc'\n  location: 'x'\n}\n"
_B = "resource b 'Microsoft.Test/Things@2024-01-01' = {\n  name: %s\n  location: %s\n}\n"


@pytest.mark.parametrize(
    ("name", "location", "expected"),
    [
        ("a.properties.state", "'x'", [(6, 9, "Error", "BCP120")]),
        ("'abd'", "a.properties.state", [(7, 13, "Error", "BCP120")]),
        ("'abd'", "a.location", [(7, 13, "Error", "BCP120")]),
        ("'${a.name}d'", "'x'", []),
    ],
)
def test_a_name_and_a_location_are_known_at_the_start(
    tmp_path: Path, name: str, location: str, expected: list[object]
) -> None:
    given = [each for each in codes(found(tmp_path, _A + _B % (name, location))) if each[2] == "Error"]
    assert given == expected


def test_the_variable_on_the_way_is_named(tmp_path: Path) -> None:
    text = _A + "var v = a.properties.state\n" + _B % ("v", "'x'")
    errors = [each for each in found(tmp_path, text) if each.is_error]
    assert [(each.line, each.column, each.code) for each in errors] == [(7, 9, "BCP120")]
    assert '("v" -> "a")' in errors[0].message
    assert '"apiVersion", "id", "name", "type"' in errors[0].message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (_B.replace("= {", "= if (a.properties.state == 'x') {") % ("'abd'", "'x'"), "BCP177"),
        ("var v = [for i in a.properties.inners: 1]\n", "BCP178"),
        ("var v = [for i in range(0, 2): a.properties.state]\n", "BCP182"),
        ("output o string = reference(a.properties.state, '2024-01-01').x\n", "BCP181"),
    ],
)
def test_conditions_loops_and_arguments_are_known_at_the_start(tmp_path: Path, text: str, code: str) -> None:
    assert code in [code for *_, code in codes(found(tmp_path, _A + text))]


def test_a_property_that_the_type_fixes_is_known_at_the_start(tmp_path: Path) -> None:
    text = _A + _B.replace("location: %s", "location: %s\n  properties: { fixed: a.properties.state }") % (
        "'abd'",
        "'x'",
    )
    assert [(line, code) for line, *_, code in codes(found(tmp_path, text))] == [(8, "BCP120")]


@pytest.mark.parametrize(
    ("name", "parent", "expected"),
    [
        ("'x'", "parent: a", []),
        ("'x/y'", "parent: a", ["BCP170"]),
        ("'abc/x'", "", []),
        ("'x'", "", ["BCP169"]),
    ],
)
def test_a_childs_name_has_as_many_parts_as_its_type(
    tmp_path: Path, name: str, parent: str, expected: list[str]
) -> None:
    part = f"resource p 'Microsoft.Test/things/parts@2024-01-01' = {{\n  {parent}\n  name: {name}\n}}\n"
    assert [code for *_, code in codes(found(tmp_path, _A + part))] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("targetScope = 'subscription'\n" + _A, (2, 49, "Error", "BCP135")),
        (_A.replace("location", "scope: resourceGroup('o')\n  location"), (3, 3, "Error", "BCP037")),
        ("resource g 'Microsoft.Test/grants@2024-01-01' = {\n  name: 'g'\n  scope: resourceGroup('o')\n}\n",
         (3, 10, "Error", "BCP139")),
    ],
)  # fmt: skip
def test_a_resource_goes_only_where_its_type_and_its_file_do(
    tmp_path: Path, text: str, expected: tuple[object, ...]
) -> None:
    assert expected in codes(found(tmp_path, text))


def test_an_extension_goes_onto_a_resource(tmp_path: Path) -> None:
    text = "resource g 'Microsoft.Test/grants@2024-01-01' = {\n  name: 'g'\n  scope: a\n}\n"
    assert codes(found(tmp_path, _A + text)) == []


def test_a_module_goes_only_where_its_file_does(tmp_path: Path) -> None:
    module = "module m 'part.bicep' = {\n  name: 'm'\n%s}\n"
    part = "targetScope = 'subscription'\noutput o string = 'x'\n"
    assert [code for *_, code in codes(found(tmp_path, module % "", part=part))] == ["BCP035", "BCP134"]
    assert codes(found(tmp_path, module % "  scope: subscription()\n", part=part)) == []


def test_a_loop_whose_names_are_all_one_warns(tmp_path: Path) -> None:
    loop = "resource a 'Microsoft.Test/Things@2024-01-01' = [for i in range(0, 2): {\n  name: %s\n  location: 'x'\n}]\n"
    assert codes(found(tmp_path, loop % "'abc'")) == [(1, 10, "Warning", "BCP179")]
    assert codes(found(tmp_path, loop % "'abc${i}'")) == []
