"""What a user gets wrong, with the compiler's own codes at the compiler's own places, and what the stand-in refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bicep.source import compiled, errors

THING = "resource r 'My.Rp/things@2020-01-01' = "
LOOPED = f"{THING}[for i in range(0, 2): {{ name: 'n${{i}}' }}]\n"


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("var a = nope\n", [(1, 9, "BCP057")]),
        ("var a = concta('x')\n", [(1, 9, "BCP082")]),
        ("var a = {\n  b: 1\n  b: 2\n}\n", [(2, 3, "BCP025"), (3, 3, "BCP025")]),
        ("var a = 1\nparam a int\n", [(1, 5, "BCP028"), (2, 7, "BCP028")]),
        ("output o int = 1\noutput o int = 2\n", [(1, 8, "BCP145"), (2, 8, "BCP145")]),
        ("var a = a\n", [(1, 9, "BCP079")]),
        ("var a = b\nvar b = a\n", [(1, 9, "BCP080"), (2, 9, "BCP080")]),
        ("module m 'no.bicep' = {\n  name: 'm'\n}\n", [(1, 10, "BCP091")]),
        ("module m 'main.bicep' = {\n  name: 'm'\n}\n", [(1, 10, "BCP094")]),
        ("var a = 1\nparam p int = a\n", [(2, 15, "BCP072")]),
        ("var a = { b: [for i in [1]: i] }\n", [(1, 15, "BCP138")]),
        (f"{LOOPED}output o array = [for i in [1]: r]\n", [(2, 33, "BCP144")]),
        ("var a = utcNow()\n", [(1, 9, "BCP065")]),
        ("var a = toLower()\n", [(1, 16, "BCP071")]),
        ("@secret()\nparam p string\n", [(1, 2, "BCP082")]),
        ("@secure()\nparam p int\n", [(1, 1, "BCP124")]),
        ("param p strin\n", [(1, 9, "BCP302")]),
        ("var a = [1, 2\n", [(1, 9, "BCP018")]),
        ("hello\n", [(1, 1, "BCP007")]),
        ("var a = 'x\n", [(1, 9, "BCP004")]),
        ("var a = \"x\"\n", [(1, 9, "BCP103"), (1, 11, "BCP103"), (1, 9, "BCP009")]),
        (f"{THING}{{\n  name: 'a/b'\n}}\n", [(2, 9, "BCP169")]),
        ("resource r 'nonsense' = {\n  name: 'x'\n}\n", [(1, 12, "BCP029")]),
        (f"{THING}{{\n  name: 'x'\n  scope: subscription()\n}}\n", [(3, 10, "BCP139")]),
        ("targetScope = 'nowhere'\n", [(1, 15, "BCP033")]),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_with_the_compilers_code(
    tmp_path: Path, source: str, wanted: list[tuple[int, int, str]]
) -> None:
    assert sorted(errors(tmp_path, source)) == sorted(wanted)


@pytest.mark.parametrize(
    "source",
    [
        "type t = string\n",
        "func f(a string) string => a\n",
        "import { x } from 'y.bicep'\n",
        "param p string?\n",
        "param p 'a' | 'b'\n",
        "param p string[]\n",
        "param p { a: string }\n",
        "var v string = 'x'\n",
        "@secure()\noutput o string = 'x'\n",
        "module m 'child.bicep' = {\n}\n",
        "@retryOn(['x'])\nresource r 'My.Rp/a@2020-01-01' = {\n  name: 'x'\n}\n",
        f"{LOOPED}output o array = map(r, x => x.id)\n",
        "resource r 'My.Rp/a@2020-01-01' existing = {\n  name: 'x'\n  dependsOn: []\n}\n",
        "module m 'br:example.azurecr.io/a:1' = {\n  name: 'm'\n}\n",
        "var v = loadYamlContent('a.yaml')\n",
    ],
)
def test_what_languageversion_1_lacks_is_refused_by_name_and_place(tmp_path: Path, source: str) -> None:
    built, found = compiled(tmp_path, source, child__bicep="")
    refusals = [each for each in found if each.code == "VBC001"]
    assert built is None
    assert refusals and all(
        each.line and each.column and "not supported" in each.message for each in refusals
    )


def test_a_modules_errors_are_told_in_the_module_and_at_its_declaration(tmp_path: Path) -> None:
    source = "module m 'child.bicep' = {\n  name: 'm'\n}\n"
    built, found = compiled(tmp_path, source, child__bicep="var a = nope\n")
    told = {(Path(each.path).name, each.line, each.column, each.code) for each in found}
    assert built is None
    assert told == {("child.bicep", 1, 9, "BCP057"), ("main.bicep", 1, 10, "BCP104")}


def test_modules_that_name_each_other_are_a_cycle(tmp_path: Path) -> None:
    source = "module m 'child.bicep' = {\n  name: 'm'\n}\n"
    built, found = compiled(tmp_path, source, child__bicep=source.replace("child", "main"))
    assert built is None
    assert any(each.code == "BCP095" for each in found)


def test_a_directive_never_silences_an_error(tmp_path: Path) -> None:
    assert errors(tmp_path, "#disable-next-line BCP057\nvar a = nope\n") == [(2, 9, "BCP057")]


def test_a_line_reads_as_the_compilers(tmp_path: Path) -> None:
    _, found = compiled(tmp_path, "var a = nope\n")
    assert str(found[0]) == (
        f'{tmp_path / "main.bicep"}(1,9) : Error BCP057: The name "nope" does not exist in the current context. '
        "[https://aka.ms/bicep/core-diagnostics#BCP057]"
    )


@pytest.mark.parametrize(
    ("argument", "wanted"),
    [
        ("minLength('x')", (1, 12, "BCP070")),
        ("minLength(-1)", (1, 12, "BCP168")),
        ("maxLength(1 + 1)", (1, 12, "BCP032")),
        ("maxLength((1))", (1, 12, "BCP032")),
        ("allowed('x')", (1, 10, "BCP070")),
        ("allowed([])", (1, 10, "BCP099")),
        ("allowed(['x', 1])", (1, 16, "BCP034")),
        ("allowed([nope])", (1, 11, "BCP057")),
        ("allowed([nope()])", (1, 11, "BCP057")),
        ("description(5)", (1, 14, "BCP070")),
        ("description('a${5}')", (1, 14, "BCP032")),
        ("metadata('x')", (1, 11, "BCP070")),
        ("metadata({ description: 1 })", (1, 26, "BCP036")),
    ],
)
def test_what_a_decorator_is_given_must_fit(
    tmp_path: Path, argument: str, wanted: tuple[int, int, str]
) -> None:
    assert errors(tmp_path, f"@{argument}\nparam p string\noutput o string = p\n") == [wanted]


@pytest.mark.parametrize(
    ("kind", "lower", "upper"), [("string", "minLength", "maxLength"), ("int", "minValue", "maxValue")]
)
def test_a_lower_bound_above_the_upper_is_an_error(tmp_path: Path, kind: str, lower: str, upper: str) -> None:
    source = f"@{upper}(3)\n@{lower}(5)\nparam p {kind}\noutput o {kind} = p\n"
    assert errors(tmp_path, source) == [(2, 1, "BCP331")]
    assert errors(tmp_path, source.replace("(5)", "(3)")) == []


def test_an_arrays_allowed_values_may_be_its_items(tmp_path: Path) -> None:
    assert errors(tmp_path, "@allowed(['a', 1])\nparam p array\noutput o array = p\n") == []
    assert errors(tmp_path, "@allowed([['a'], 1])\nparam p array\noutput o array = p\n") == [
        (1, 18, "BCP034")
    ]


@pytest.mark.parametrize(
    ("scope", "call", "fits"),
    [
        ("resourceGroup", "resourceGroup()", True),
        ("resourceGroup", "subscription()", True),
        ("resourceGroup", "managementGroup()", False),
        ("subscription", "resourceGroup()", False),
        ("subscription", "resourceGroup('g')", True),
        ("subscription", "subscription()", True),
        ("managementGroup", "subscription()", False),
        ("managementGroup", "resourceGroup('g')", False),
        ("managementGroup", "managementGroup()", True),
        ("tenant", "managementGroup()", False),
        ("tenant", "resourceGroup('s', 'g')", True),
    ],
)
def test_a_scope_that_the_file_is_not_in_must_be_named_in_full(
    tmp_path: Path, scope: str, call: str, fits: bool
) -> None:
    found = errors(tmp_path, f"targetScope = '{scope}'\noutput o object = {call}\n")
    assert found == ([] if fits else [(2, 19 + call.index("("), "BCP071")])


def test_a_scope_that_is_called_wrongly_says_nothing_more(tmp_path: Path) -> None:
    source = "module m 'part.bicep' = {\n  name: 'm'\n  scope: managementGroup()\n}\n"
    assert errors(tmp_path, source, part__bicep="") == [(3, 25, "BCP071")]


def test_a_decorator_on_a_type_that_there_is_none_of_says_nothing_more(tmp_path: Path) -> None:
    assert errors(tmp_path, "@minLength(3)\nparam p strin\noutput o string = p\n") == [(2, 9, "BCP302")]
