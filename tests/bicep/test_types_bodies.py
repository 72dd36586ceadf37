"""Resource bodies against their types: what the compiler says, at which place, as an error or a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_stack.azure_types import AzureTypes
from local_stack.bicep.compilation import Compilation
from tests.bicep.things import codes, found

_THING = "resource a 'Microsoft.Test/Things@2024-01-01' = {\n  name: 'abc'\n  location: 'x'\n  properties: { %s }\n}\n"
_JOB = "resource j 'Microsoft.Test/jobs@2024-01-01' = {\n  name: 'j'\n  %s\n}\n"


def test_a_right_body_has_nothing_against_it(tmp_path: Path) -> None:
    inner = "inners: [\n { label: 'x', size: 3 } ], tier: 'Hot', speed: 'any word', count: 9, on: true, password: 'p'"
    assert codes(found(tmp_path, _THING % inner)) == []


@pytest.mark.parametrize(
    ("properties", "column", "code"),
    [
        ("nope: 1", 17, "BCP037"),
        ("tiers: 'Hot'", 17, "BCP089"),
        ("state: 'x'", 17, "BCP073"),
        ("tier: 'Warm'", 23, "BCP036"),
        ("on: 'yes'", 21, "BCP036"),
        ("count: 10", 24, "BCP327"),
        ("count: 0", 24, "BCP328"),
        ("inners: [ 'x' ]", 27, "BCP034"),
        ("inners: [ { size: 1 } ]", 27, "BCP035"),
        ("'${resourceGroup().name}': 1", 17, "BCP040"),
    ],
)
def test_a_mistake_below_the_body_warns(tmp_path: Path, properties: str, column: int, code: str) -> None:
    assert codes(found(tmp_path, _THING % properties)) == [(4, column, "Warning", code)]


def test_a_property_that_the_body_itself_lacks_is_an_error(tmp_path: Path) -> None:
    text = "resource a 'Microsoft.Test/Things@2024-01-01' = {\n  name: 'abc'\n  location: 'x'\n  propertys: {}\n}\n"
    diagnostics = found(tmp_path, text)
    assert codes(diagnostics) == [(4, 3, "Error", "BCP089")]
    assert 'Did you mean "properties"?' in diagnostics[0].message


def test_a_missing_name_is_an_error_and_any_other_missing_property_a_warning(tmp_path: Path) -> None:
    nameless = "resource a 'Microsoft.Test/Things@2024-01-01' = {\n  location: 'x'\n}\n"
    assert codes(found(tmp_path, nameless)) == [(1, 10, "Error", "BCP035")]
    placeless = "resource a 'Microsoft.Test/Things@2024-01-01' = {\n  name: 'abc'\n}\n"
    diagnostics = found(tmp_path, placeless)
    assert codes(diagnostics) == [(1, 10, "Warning", "BCP035")]
    assert diagnostics[0].message == (
        'The specified "resource" declaration is missing the following required properties: "location". If this is a '
        "resource type definition inaccuracy, report it using https://aka.ms/bicep-type-issues."
    )


@pytest.mark.parametrize(
    ("name", "code"), [("'ab'", "BCP333"), ("'abcdefghijk'", "BCP332"), ("'ABCD'", "BCP416")]
)
def test_a_name_of_the_wrong_length_or_letters_warns(tmp_path: Path, name: str, code: str) -> None:
    text = f"resource a 'Microsoft.Test/Things@2024-01-01' = {{\n  name: {name}\n  location: 'x'\n}}\n"
    assert codes(found(tmp_path, text)) == [(2, 9, "Warning", code)]


def test_a_name_that_may_be_too_short_warns_until_its_parameter_is_bounded(tmp_path: Path) -> None:
    text = "%sparam n string\nresource a 'Microsoft.Test/Things@2024-01-01' = {\n  name: 'a${n}'\n  location: 'x'\n}\n"
    assert [code for *_, code in codes(found(tmp_path, text % ""))] == ["BCP334"]
    assert codes(found(tmp_path, text % "@minLength(2)\n@maxLength(9)\n")) == []


def test_a_plain_parameter_passes_for_an_enum_and_another_string_does_not(tmp_path: Path) -> None:
    assert codes(found(tmp_path, "param p string\n" + _THING % "tier: p")) == []
    text = "param p string\n" + _THING % "tier: 'H${p}'"
    assert [code for *_, code in codes(found(tmp_path, text))] == ["BCP036"]


def test_a_mistake_in_a_variable_is_told_at_its_use(tmp_path: Path) -> None:
    text = "var v = { nope: 1 }\n" + (_THING % "").replace("{  }", "v")
    diagnostics = found(tmp_path, text)
    assert codes(diagnostics) == [(5, 15, "Warning", "BCP037")]
    assert '"nope" from source declaration "v"' in diagnostics[0].message


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("kind: 'Python'\n  module: 'm'", []),
        ("kind: 'Shell'", [(1, 10, "Warning", "BCP035")]),
        ("kind: 'Shell'\n  script: 's'\n  module: 'm'", [(5, 3, "Error", "BCP037")]),
        ("kind: 'Perl'", [(3, 9, "Warning", "BCP036")]),
        ("kind: 'Pythn'", [(3, 9, "Warning", "BCP088")]),
        ("knd: 'Python'", [(1, 47, "Error", "BCP078"), (3, 3, "Error", "BCP089")]),
    ],
)
def test_the_discriminator_decides(tmp_path: Path, body: str, expected: list[object]) -> None:
    assert codes(found(tmp_path, _JOB % body)) == expected


def test_a_discriminator_that_is_no_constant_switches_the_check_off(tmp_path: Path) -> None:
    text = "@allowed([\n  'Shell'\n  'Python'\n])\nparam k string\n" + _JOB % "kind: k"
    assert [code for *_, code in codes(found(tmp_path, text))] == ["BCP225"]


def test_an_unknown_type_or_version_warns_and_a_known_name_without_description_is_said(
    tmp_path: Path,
) -> None:
    text = "resource %s 'Microsoft.Test/%s' = {\n  name: '%s'\n}\n"
    unknown = text % ("a", "none@2024-01-01", "a") + text % ("b", "Things@1999-01-01", "b")
    assert [code for *_, code in codes(found(tmp_path, unknown))] == ["BCP081", "BCP081"]
    named = text % ("c", "named@2024-01-01", "c") + text % ("d", "named@2024-01-01", "d")
    assert [(each.line, each.level, each.code) for each in found(tmp_path, named)] == [(1, "Info", "VBC010")]


def test_without_a_catalogue_one_remark_says_that_nothing_was_checked(tmp_path: Path) -> None:
    (tmp_path / "main.bicep").write_text(_THING % "nope: 1")
    compilation = Compilation(AzureTypes(tmp_path / "absent"))
    assert compilation.build(tmp_path / "main.bicep") is not None
    assert [(each.level, each.code) for each in compilation.diagnostics] == [("Info", "VBC010")]


def test_a_type_that_cannot_be_deployed_takes_existing_only(tmp_path: Path) -> None:
    assert [
        code
        for *_, code in codes(
            found(tmp_path, "resource s 'Microsoft.Test/seen@2024-01-01' = {\n name: 's'\n}\n")
        )
    ] == ["BCP245"]
    text = "resource s 'Microsoft.Test/seen@2024-01-01' existing = {\n name: 's'\n}\noutput o string = s.id\n"
    assert codes(found(tmp_path, text)) == []


def test_an_existing_resource_takes_no_properties(tmp_path: Path) -> None:
    text = "resource a 'Microsoft.Test/Things@2024-01-01' existing = {\n name: 'abc'\n location: 'x'\n}\n"
    text += "output o string = a.id\n"
    assert codes(found(tmp_path, text)) == [(3, 2, "Error", "BCP173")]
