"""Values elsewhere: reads of properties, calls, operators, parameters, outputs, modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bicep.things import codes, found

_THING = "resource a 'Microsoft.Test/Things@2024-01-01' = {\n  name: 'abc'\n  location: 'x'\n}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("output o string = resourceGroup().locatio", (1, 35, "Error", "BCP083")),
        ("output o string = resourceGroup().zzzzzzz", (1, 35, "Error", "BCP053")),
        ("var e = {}\noutput o string = e.x", (2, 21, "Error", "BCP052")),
        ("output o int = 'x'", (1, 16, "Error", "BCP033")),
        ("param p int = 'x'", (1, 15, "Error", "BCP033")),
        ("@allowed([\n 'a'\n])\nparam p string = 'b'", (4, 18, "Error", "BCP033")),
        ("@minLength(3)\nparam p string = 'ab'", (2, 18, "Error", "BCP333")),
        ("@maxValue(3)\nparam p int = 4", (2, 15, "Error", "BCP327")),
        ("output o int = 1 + 'a'", (1, 16, "Error", "BCP045")),
        ("output o bool = !5", (1, 17, "Error", "BCP044")),
        ("output o string = 1 ? 'a' : 'b'", (1, 19, "Error", "BCP046")),
        ("output o string = toLower(5)", (1, 27, "Error", "BCP070")),
        ("output o int = length(5)", (1, 23, "Error", "BCP048")),
        ("var v = 'abc'\noutput o string = v.x", (2, 21, "Error", "BCP055")),
        ("var v = 'abc'\noutput o string = v[0]", (2, 19, "Error", "BCP076")),
        ("output o array = [for x in 'abc': x]", (1, 28, "Error", "BCP137")),
        ("var v = ['a']\noutput o string = v['x']", (2, 21, "Error", "BCP074")),
        ("var v = ['a']\noutput o string = v[1]", (2, 21, "Error", "BCP311")),
    ],
)
def test_a_wrong_value_is_an_error(tmp_path: Path, text: str, expected: tuple[object, ...]) -> None:
    assert codes(found(tmp_path, text + "\n")) == [expected]


def test_a_name_whose_declaration_is_wrong_is_not_blamed_again_for_its_value(tmp_path: Path) -> None:
    text = "var v = toLower(5)\noutput o int = v\n"
    assert [(line, code) for line, *_, code in codes(found(tmp_path, text))] == [(1, "BCP070"), (2, "BCP062")]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("a.properties.state", None),
        ("a.properties.stat", "BCP083"),
        ("a.properties.nothing", "BCP053"),
        ("a.properties.password", "BCP077"),
        ("a.properties.inners[0].label", None),
        ("a.properties.inners[0].labels", "BCP083"),
    ],
)
def test_a_read_of_a_resource_is_held_against_its_type(
    tmp_path: Path, read: str, expected: str | None
) -> None:
    given = codes(found(tmp_path, _THING + f"output o string = {read}\n"))
    assert [(level, code) for *_, level, code in given] == ([("Warning", expected)] if expected else [])


def test_a_read_of_a_conditional_resource_wants_a_safe_access(tmp_path: Path) -> None:
    text = "param on bool\n" + _THING.replace("= {", "= if (on) {")
    assert codes(found(tmp_path, text + "output o string = a.properties.state\n")) == [
        (6, 20, "Warning", "BCP318")
    ]
    assert codes(found(tmp_path, text + "output o string = a.id\n")) == []
    assert codes(found(tmp_path, text + "output o string = a!.properties.state\n")) == []
    assert codes(found(tmp_path, text + "output o string = a.?properties.state ?? ''\n")) == []


def test_a_method_of_a_conditional_resource_warns(tmp_path: Path) -> None:
    text = "param on bool\n" + _THING.replace("= {", "= if (on) {") + "output o string = a.listKeys().k\n"
    assert (6, 21, "Warning", "BCP422") in codes(found(tmp_path, text))


_PART = "param one string\nparam two int = 2\noutput said string = '${one}${two}'\n"
_MODULE = (
    "module m 'part.bicep' = {\n  name: 'm'\n  params: {\n    %s\n  }\n}\noutput o string = m.outputs.%s\n"
)


@pytest.mark.parametrize(
    ("params", "output", "expected"),
    [
        ("one: 'x'", "said", []),
        ("two: 1", "said", [(3, 3, "Error", "BCP035")]),
        ("one: 'x'\n    three: 3", "said", [(5, 5, "Error", "BCP037")]),
        ("one: 5", "said", [(4, 10, "Error", "BCP036")]),
        ("one: 'x'", "sayd", [(7, 29, "Error", "BCP083")]),
    ],
)
def test_a_module_gets_what_it_wants_and_gives_what_it_has(
    tmp_path: Path, params: str, output: str, expected: list[object]
) -> None:
    assert codes(found(tmp_path, _MODULE % (params, output), part=_PART)) == expected


def test_a_module_that_needs_params_and_gets_none_is_an_error(tmp_path: Path) -> None:
    text = "module m 'part.bicep' = {\n  name: 'm'\n}\n"
    assert codes(found(tmp_path, text, part=_PART)) == [(1, 8, "Error", "BCP035")]


def test_an_output_keeps_the_type_of_a_nested_module(tmp_path: Path) -> None:
    text = (_MODULE % ("one: 'x'", "said")).replace("string = m", "int = m")
    assert codes(found(tmp_path, text, part=_PART)) == [(7, 16, "Error", "BCP033")]
