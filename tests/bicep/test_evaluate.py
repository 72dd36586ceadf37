"""The evaluator gives what Resource Manager gives: held against values that Azure and its own compiler computed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.bicep.evaluate import deploy
from tests.bicep.expressions import ExpressionError, is_expression
from tests.bicep.functions import FUNCTIONS
from tests.peers import function_vectors

# `uniqueString` is a stand-in here; places like {0:N0}, objects in format and JSON in single quotes are refused.
NOT_OURS = re.compile(r"uniqueString\(|\{\d+:|\{4\}<|json\('(\{''|'')")
OF_THE_DEPLOYMENT = {"parameters", "variables", "lambda", "lambdavariables", "if", "and", "or"}


def template(value: Any, **members: Any) -> dict[str, Any]:
    """Return a template whose one output is the value."""
    return {"resources": [], **members, "outputs": {"it": {"type": "object", "value": value}}}


def value_of(expression: str, context: dict[str, Any]) -> Any:
    """Evaluate an expression with parameters and variables."""
    declared = {name: {"type": "object"} for name in context.get("parameters", {})}
    given = {name: {"value": value} for name, value in context.get("parameters", {}).items()}
    made = deploy(template(expression, parameters=declared), given)
    made.cache |= {("variable", name): value for name, value in context.get("variables", {}).items()}
    return made.output("it")


def attempt(expression: str, context: dict[str, Any]) -> Any:
    """Evaluate an expression, or say why not."""
    try:
        return value_of(expression, context)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def test_every_function_that_has_a_known_value_gives_it() -> None:
    known = set(FUNCTIONS) | OF_THE_DEPLOYMENT
    checked: set[str] = set()
    wrong = []
    for vector in function_vectors():
        expression = vector["expression"]
        names = {name.lower() for name in re.findall(r"(\w+)\(", re.sub(r"'(?:[^']|'')*'", "", expression))}
        error = isinstance(vector["expected"], dict) and "$error" in vector["expected"]
        if (
            names <= known
            and not NOT_OURS.search(expression)
            and not error
            and vector["trust"] != "docs-conflicting"
        ):
            checked |= names
            found = attempt(expression, vector["context"])
            if json.dumps(found) != json.dumps(vector["expected"]) and found != vector["expected"]:
                wrong.append(f"{expression}: {found!r}, not {vector['expected']!r}")
    assert not wrong, "\n".join(wrong)
    unproven = {"uniquestring"}  # the stand-in
    assert set(FUNCTIONS) - checked == unproven


def test_what_is_no_expression_stays_text() -> None:
    assert not is_expression("[[not one]")
    assert deploy(template("[[not one]"), {}).output("it") == "[not one]"


@pytest.mark.parametrize(
    "expression",
    [
        "[utcNow()]",
        "[parameters('none')]",
        "[variables('one').none]",
        "[concat('a']",
        "[concat('a') 'b']",
        "[substring('ab', 1, 2)]",
    ],
)
def test_what_it_does_not_know_is_an_error_and_no_guess(expression: str) -> None:
    with pytest.raises((ExpressionError, KeyError)):
        value_of(expression, {"variables": {"one": {}}})


def test_loops_conditions_and_modules_are_counted_out() -> None:
    inner = {
        "parameters": {"names": {"type": "array"}},
        "resources": [
            {
                "copy": {"name": "turn", "count": "[length(parameters('names'))]"},
                "condition": "[not(equals(copyIndex(), 1))]",
                "type": "Some.Thing/parents/children",
                "apiVersion": "1",
                "name": "[format('p/{0}', parameters('names')[copyIndex()])]",
                "properties": {
                    "copy": [{"name": "list", "count": 2, "input": "[add(copyIndex('list'), copyIndex())]"}]
                },
            }
        ],
        "outputs": {"count": {"type": "int", "value": "[length(parameters('names'))]"}},
    }
    module = {
        "type": "Microsoft.Resources/deployments",
        "name": "inner",
        "properties": {"template": inner, "parameters": {"names": {"value": ["a", "b", "c"]}}},
    }
    asked = "[reference(resourceId('Microsoft.Resources/deployments', 'inner'), '1').outputs.count.value]"
    main = deploy({**template(asked), "resources": [module]}, {})
    found = list(main.resources())
    assert main.output("it") == 3
    assert [one.name for one in found] == ["p/a", "p/c"]
    assert [one.properties["list"] for one in found] == [[0, 1], [2, 3]]
    assert found[0].id.endswith("/resourceGroups/mrg-vibedata/providers/Some.Thing/parents/p/children/a")
    assert found[0].path == ("inner",)


def test_a_module_that_is_not_deployed_has_no_outputs() -> None:
    module = {
        "type": "Microsoft.Resources/deployments",
        "name": "inner",
        "condition": "[false()]",
        "properties": {"template": {"resources": [], "outputs": {}}},
    }
    asked = "[reference(resourceId('Microsoft.Resources/deployments', 'inner'), '1').outputs.count.value]"
    with pytest.raises(ExpressionError, match="not deployed"):
        deploy({**template(asked), "resources": [module]}, {}).output("it")
