"""Every query that ships is one that Kusto takes: its own parser and analyser say so, of the tables as they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from tests.kusto.asking import Analysis, analysed, stream, workspace
from tests.kusto.shipped import PIPED, Shipped, shipped, texts, transformations
from vibedata import contracts
from vibedata.operations_table import Ready, queries, table

T = table().name
RULES = contracts.load("alert_rules.json")["rules"]
MADE_OF_PARTS = (
    "vibedata/adapters/operations_query.py",
    "local_stack/logs/kql.py",
)  # a query in pieces; what is read
NUMBERS = {"int", "long", "real", "decimal"}


@cache
def answers() -> dict[str, list[Analysis]]:
    """Return what Kusto makes of everything that is asked here, in one question."""
    poorer = workspace()
    del poorer[T]["Severity"]
    asked = {
        "shipped": ([one.query for one in shipped()], workspace()),
        "transformations": ([one.query for one in transformations()], stream()),
        "wrong": ([query for query, *_ in WRONG], workspace()),
        "without Severity": ([one.query for one in shipped()], poorer),
    }
    return dict(zip(asked, analysed(*asked.values()), strict=True))


def objections(places: Sequence[Shipped], found: Sequence[Analysis]) -> list[str]:
    """Return what Kusto objects to, warnings too, as a person wants to read it."""
    return [
        f"{place}: {problem.severity} {problem.code}: {problem.message} "
        f"(line {problem.line}, column {problem.column}: {problem.text!r})\n{place.query}"
        for place, analysis in zip(places, found, strict=True)
        for problem in analysis.problems
        if problem.severity in ("Error", "Warning")
    ]


def test_kusto_takes_every_query_that_ships() -> None:
    assert objections(shipped(), answers()["shipped"]) == []


def test_kusto_takes_the_transformations_of_the_template() -> None:
    places = transformations()
    assert places
    assert objections(places, answers()["transformations"]) == []


def test_queries_of_every_source_were_asked() -> None:
    files = {one.file for one in shipped()}
    assert files >= {
        "vibedata/contracts/operations_queries.json",
        "vibedata/contracts/alert_rules.json",
        "vibedata/adapters/operations_query.py",
        "local_stack/core/cli.py",
        "docs/operations-table.md",
        "docs/local-stack.md",
    }


def test_no_file_has_a_query_that_was_not_asked() -> None:
    asked = {line.strip() for one in shipped() for line in one.query.splitlines() if "|" in line}
    asked |= {json.dumps(line)[1:-1] for line in asked}
    missed = [
        f"{file}:{number}: {line.strip()}"
        for file, text in texts()
        if file not in MADE_OF_PARTS
        for number, line in enumerate(text.splitlines(), 1)
        if PIPED.search(line) and not any(one in line for one in asked)
    ]
    assert missed == []


@pytest.mark.parametrize("ready", queries(), ids=lambda ready: ready.question)
def test_the_page_tells_the_columns_of_the_answer(ready: Ready) -> None:
    assert found_of(ready.query).columns == tuple(ready.columns.items())


def found_of(query: str) -> Analysis:
    return next(one for one in answers()["shipped"] if one.query == query)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])
def test_a_rule_measures_and_splits_by_columns_of_its_answer(rule: dict[str, Any]) -> None:
    columns = dict(found_of("\n".join(rule["query"])).columns or ())
    if "metricMeasureColumn" in rule:
        assert columns[rule["metricMeasureColumn"]] in NUMBERS
    assert {columns[name] for name in rule["dimensions"]} <= {"string", *NUMBERS}


# --- it can fail --------------------------------------------------------------------------------------------

WRONG = [
    (f"{T}\n| where Componnet == 'api'", "KS142", 2, "Componnet"),
    (f"{T} | wherre Component == 'api'", "KS176", 1, "wherre"),
    (f"{T} | where TimeGenerated > 5", "KS106", 1, ">"),
    (f"{T} | where TimeGenerated > ago('1h')", "KS107", 1, "'1h'"),
    (f"{T} | where Details", "KS141", 1, "Details"),
    (f"{T} | order by Details asc", "KS116", 1, "Details asc"),
    (f"{T} | summarize count() by Details.rule", "KS116", 1, "Details.rule"),
    (f"{T} | where Status == 'Failed", "KS001", 1, ""),
    (f"{T} | project EventTime | where Status == 'Failed'", "KS142", 1, "Status"),
    ("VibeData_Operation_CL | count", "KS204", 1, "VibeData_Operation_CL"),
]


@pytest.mark.parametrize("number", range(len(WRONG)), ids=lambda number: WRONG[number][0])
def test_a_wrong_query_is_refused_where_it_is_wrong(number: int) -> None:
    query, code, line, text = WRONG[number]
    analysis = answers()["wrong"][number]
    assert not analysis.accepted
    assert (code, line, text) in {(p.code, p.line, p.text) for p in analysis.problems}
    (first, *_) = objections([Shipped("docs/some.md", 7, query)], [analysis])
    assert first.startswith(f"docs/some.md:7: Error {code}: ")
    assert first.endswith(query)


def test_a_column_that_the_table_loses_is_noticed() -> None:
    found = objections(shipped(), answers()["without Severity"])
    assert all("'Severity'" in line for line in found)
    files = {line.partition(":")[0] for line in found}
    assert files >= {"vibedata/contracts/alert_rules.json", "docs/operations-table.md"}
