"""What sources become: the compiler's rules, one by one, on small templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bicep.source import template

STORE = "resource st 'Microsoft.Storage/storageAccounts@2023-01-01' = "


def variable(folder: Path, expression: str, before: str = "") -> Any:
    """Return what a variable's value becomes."""
    return template(folder, f"{before}\nvar v = {expression}\n")["variables"]["v"]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("1 + 2 * 3", "[add(1, mul(2, 3))]"),
        ("a && b || !c", "[or(and(parameters('a'), parameters('b')), not(parameters('c')))]"),
        ("o.x + o.y", "[add(parameters('o').x, parameters('o').y)]"),
        ("!o.x", "[not(parameters('o').x)]"),
        ("a ? o.x : o.y.z", "[if(parameters('a'), parameters('o').x, parameters('o').y.z)]"),
        ("'${s}'", "[format('{0}', parameters('s'))]"),
        ("'a{b}${s}{c}'", "[format('a{{b}}{0}{{c}}', parameters('s'))]"),
        ("'a{b}'", "a{b}"),
        ("'[x]'", "[[x]"),
        ("'[x'", "[x"),
        ("'it\\'s ${s}'", "[format('it''s {0}', parameters('s'))]"),
        ("'//no comment'", "//no comment"),
        ("'''\nraw ${s}'''", "raw ${s}"),
        ("$'''${s}'''", "[format('{0}', parameters('s'))]"),
        ("s =~ 'X'", "[equals(toLower(parameters('s')), toLower('X'))]"),
        ("s != 'X'", "[not(equals(parameters('s'), 'X'))]"),
        ("-5", -5),
        ("-i", "[sub(0, parameters('i'))]"),
        ("5000000000", 5000000000),
        ("i + 5000000000", "[add(parameters('i'), json('5000000000'))]"),
        ("any({ a: 1 })", {"a": 1}),
        ("[true, null, {}]", [True, None, {}]),
        ("length([true, null])", "[length(createArray(true(), null()))]"),
        ("{ '${s}': 1 }", {"[format('{0}', parameters('s'))]": 1}),
        ("{ copy: 1 }", {"[string('copy')]": 1}),
        ("{ a: 1, ...o }", "[shallowMerge(createArray(createObject('a', 1), parameters('o')))]"),
        ("[1, ...l]", "[flatten(createArray(createArray(1), parameters('l')))]"),
        ("o['x']", "[parameters('o').x]"),
        ("o['we-ird']", "[parameters('o')['we-ird']]"),
        ("o.?x.y", "[tryGet(parameters('o'), 'x', 'y')]"),
        ("l[^1]", "[indexFromEnd(parameters('l'), 1)]"),
        ("map(l, i => i.p)", "[map(parameters('l'), lambda('i', lambdaVariables('i').p))]"),
        ("sys.concat('a', s)", "[concat('a', parameters('s'))]"),
        ("nameof(o.x)", "x"),
        ("s ?? 'x'", "[coalesce(parameters('s'), 'x')]"),
        ("resourceGroup('x')", {}),
    ],
)
def test_an_expression_becomes_arms(tmp_path: Path, source: str, wanted: object) -> None:
    declared = (
        "param a bool\nparam b bool\nparam c bool\nparam o object\nparam s string\nparam i int\nparam l array"
    )
    assert variable(tmp_path, source, declared) == wanted


def test_newlines_end_items_but_not_ternaries(tmp_path: Path) -> None:
    source = "[\n  toLower('A')\n  ('b')\n  true\n    ? 1\n    : 2\n]"
    assert variable(tmp_path, source) == ["[toLower('A')]", "b", "[if(true(), 1, 2)]"]


def test_columns_count_utf16_units_and_a_byte_order_mark_counts_nothing(tmp_path: Path) -> None:
    from tests.bicep.source import errors

    assert errors(tmp_path, "\ufeffvar a = '😀' + nope\n") == [(1, 16, "BCP057")]


def test_a_parameter_carries_its_decorators(tmp_path: Path) -> None:
    source = (
        "@description('  Why\n   not')\n@secure()\n@minLength(3)\nparam p string = newGuid()\nparam q any\n"
    )
    source = source.replace("'  Why\n   not'", "'''Why\n   not'''")
    assert template(tmp_path, source)["parameters"] == {
        "p": {
            "type": "securestring",
            "defaultValue": "[newGuid()]",
            "minLength": 3,
            "metadata": {"description": "Why\nnot"},
        },
        "q": {},
    }


def test_a_variable_that_reads_a_resource_is_repeated_at_each_use(tmp_path: Path) -> None:
    source = (
        f"{STORE}{{ name: 's' }}\nvar url = st.properties.primaryEndpoints.blob\nvar id = st.id\n"
        "output a string = url\noutput b string = id\n"
    )
    built = template(tmp_path, source)
    assert built["variables"] == {"id": "[resourceId('Microsoft.Storage/storageAccounts', 's')]"}
    reference = "[reference(resourceId('Microsoft.Storage/storageAccounts', 's'), '2023-01-01').primaryEndpoints.blob]"
    assert built["outputs"]["a"]["value"] == reference


def test_dependencies_are_found_through_variables_and_existing_resources_and_sorted(tmp_path: Path) -> None:
    source = """
resource B 'My.Rp/things@2020-01-01' = { name: 'B' }
resource a 'My.Rp/things@2020-01-01' = { name: 'a' }
resource old 'My.Rp/things@2020-01-01' existing = { name: a.name }
var through = B.id
resource user 'My.Rp/things@2020-01-01' = { name: 'u', tags: { x: through, y: old.id } }
"""
    last = template(tmp_path, source)["resources"][-1]
    assert last["dependsOn"] == ["[resourceId('My.Rp/things', 'a')]", "[resourceId('My.Rp/things', 'B')]"]


def test_a_loop_becomes_copy_and_its_names_the_index(tmp_path: Path) -> None:
    source = """
@batchSize(2)
resource st 'My.Rp/things@2020-01-01' = [for (n, i) in ['x', 'y']: if (i > 0) { name: '${n}${i}' }]
resource child 'My.Rp/things/parts@2020-01-01' = [for i in range(0, 2): { parent: st[i], name: 'c' }]
output names array = [for i in range(0, 2): st[i].name]
"""
    built = template(tmp_path, source)
    first, second = built["resources"]
    assert first["copy"] == {
        "name": "st",
        "count": "[length(createArray('x', 'y'))]",
        "mode": "serial",
        "batchSize": 2,
    }
    assert first["condition"] == "[greater(copyIndex(), 0)]"
    parent = "format('{0}{1}', createArray('x', 'y')[range(0, 2)[copyIndex()]], range(0, 2)[copyIndex()])"
    assert second["name"] == f"[format('{{0}}/{{1}}', {parent}, 'c')]"
    assert second["dependsOn"] == [f"[resourceId('My.Rp/things', {parent})]"]
    assert built["outputs"]["names"]["copy"]["input"] == f"[{parent}]"


def test_nested_resources_take_type_version_and_conditions_of_the_outer(tmp_path: Path) -> None:
    source = """
param on bool
resource outer 'My.Rp/a@2020-01-01' = if (on) {
  name: 'o'
  resource inner 'b' = if (!on) {
    name: 'i'
  }
}
output id string = outer::inner.id
"""
    built = template(tmp_path, source)
    inner, outer = built["resources"]
    assert (inner["type"], inner["apiVersion"], inner["name"]) == (
        "My.Rp/a/b",
        "2020-01-01",
        "[format('{0}/{1}', 'o', 'i')]",
    )
    assert inner["condition"] == "[and(parameters('on'), not(parameters('on')))]"
    assert outer["condition"] == "[parameters('on')]"
    assert built["outputs"]["id"]["value"] == "[resourceId('My.Rp/a/b', 'o', 'i')]"


def test_scopes_decide_ids_and_keys(tmp_path: Path) -> None:
    source = """
resource kv 'Microsoft.KeyVault/vaults@2023-07-01' existing = { name: 'kv', scope: resourceGroup('sub', 'rg') }
resource lock 'Microsoft.Authorization/locks@2020-05-01' = { name: 'l', scope: st, properties: { level: 'x' } }
resource st 'Microsoft.Storage/storageAccounts@2023-01-01' = { name: 's' }
module m 'child.bicep' = {
  name: 'm'
  scope: resourceGroup('other')
  params: { secret: kv.getSecret('n', 'v'), list: [for i in range(0, 2): { a: i }] }
}
output o string = m.outputs.x
"""
    child = "@secure()\nparam secret string\nparam list array\noutput x string = 'y'\n"
    child += "output z int = length([secret, list])\n"
    built = template(tmp_path, source, child__bicep=child)
    lock, _, module = built["resources"]
    assert lock["scope"] == "[resourceId('Microsoft.Storage/storageAccounts', 's')]"
    assert module["resourceGroup"] == "other" and "location" not in module
    parameters = module["properties"]["parameters"]
    assert parameters["secret"]["reference"] == {
        "keyVault": {
            "id": "[extensionResourceId(format('/subscriptions/{0}/resourceGroups/{1}', 'sub', 'rg'), "
            "'Microsoft.KeyVault/vaults', 'kv')]"
        },
        "secretName": "n",
        "secretVersion": "v",
    }
    assert parameters["list"]["copy"][0]["input"] == "[createObject('a', range(0, 2)[copyIndex('value')])]"
    assert built["outputs"]["o"]["value"] == (
        "[reference(extensionResourceId(format('/subscriptions/{0}/resourceGroups/{1}', "
        "subscription().subscriptionId, 'other'), 'Microsoft.Resources/deployments', 'm'), '2025-04-01')"
        ".outputs.x.value]"
    )


def test_loaded_files_become_variables_of_their_own(tmp_path: Path) -> None:
    source = "var t = loadTextContent('a.txt')\nvar j = loadJsonContent('b.json', '$.list[1]')\n"
    source += "output o array = filter(loadJsonContent('b.json').list, i => i > 1)\n"
    built = template(tmp_path, source, a__txt="[text]", b__json='{"list": [1, 2.5, 3]}')
    assert built["variables"] == {
        "$fxv#0": "[json('2.5')]",
        "$fxv#1": {"list": [1, "[json('2.5')]", 3]},
        "t": "[[text]",
        "j": "[variables('$fxv#0')]",
    }
    assert built["outputs"]["o"]["value"].startswith("[filter(variables('$fxv#1').list, lambda('i'")


def test_the_generator_names_itself_and_never_microsofts_compiler(tmp_path: Path) -> None:
    generator = template(tmp_path, "")["metadata"]["_generator"]
    assert generator["name"] == "local_stack.bicep"
    assert generator["templateHash"].isdigit()


def test_two_escapes_may_be_the_halves_of_one_character(tmp_path: Path) -> None:
    assert variable(tmp_path, "'\\u{d83d}\\u{de00}'") == "😀"


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    from tests.bicep.source import errors

    assert errors(tmp_path, "var v = '\\u{d83d}'\n") == [(1, 9, "VBC001")]


def test_a_literal_type_allows_its_one_value(tmp_path: Path) -> None:
    built = template(tmp_path, "param p 'x' = 'x'\n")
    assert built["parameters"]["p"] == {"type": "string", "allowedValues": ["x"], "defaultValue": "x"}


PART = "output x string = 'x'\n"
MODULE = "param on bool = true\nmodule m 'part.bicep' = if (on) { name: 'm' }\n"
READ = "reference(resourceId('Microsoft.Resources/deployments', 'm'), '2025-04-01')"


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("m!.outputs.x", f"[{READ}.outputs.x.value]"),
        ("(m).outputs.x", f"[{READ}.outputs.x.value]"),
        ("any(m).outputs.x", f"[{READ}.outputs.x]"),
        ("any(m!.outputs).x", f"[{READ}.outputs.x]"),
        ("m!.outputs['x']", f"[{READ}.outputs.x]"),
        ("any(m).name", "m"),
    ],
)
def test_only_what_is_known_to_be_an_output_is_read_by_its_value(
    tmp_path: Path, source: str, wanted: str
) -> None:
    built = template(tmp_path, f"{MODULE}output o string = {source}\n", part__bicep=PART)
    assert built["outputs"]["o"]["value"] == wanted


def test_a_module_is_compared_by_reading_it(tmp_path: Path) -> None:
    source = f"{MODULE}output o bool = on && m != null\noutput p array = [m]\n"
    from tests.bicep.source import errors

    assert errors(tmp_path, source, part__bicep=PART) == [(4, 19, "VBC001")]
    built = template(tmp_path, source.rsplit("output p", 1)[0], part__bicep=PART)
    assert built["outputs"]["o"]["value"] == f"[and(parameters('on'), not(equals({READ}, null())))]"


def test_a_key_that_arm_takes_for_a_loop_is_escaped_wherever_it_comes_from(tmp_path: Path) -> None:
    source = "metadata copy = 'm'\nvar v = { copy: { COPY: 1 } }\nvar j = loadJsonContent('b.json')\n"
    built = template(tmp_path, source, b__json='{"list": [{"copy": {"count": 3}}]}')
    assert built["metadata"]["[string('copy')]"] == "m"
    assert built["variables"] == {
        "$fxv#0": {"list": [{"[string('copy')]": {"count": 3}}]},
        "v": {"[string('copy')]": {"[string('COPY')]": 1}},
        "j": "[variables('$fxv#0')]",
    }
