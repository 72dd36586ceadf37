"""The local stack's Kusto is a part of the real one: what it answers Kusto would, in the same columns."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

from local_stack.logs.errors import QueryError
from local_stack.logs.kql import parse
from local_stack.logs.kql_run import Table, run
from tests.kusto.asking import Analysis, Columns, analysed, workspace
from tests.kusto.generated import COLUMNS, Queries
from tests.local_stack.logs import test_query
from vibedata.operations_table import queries, table

SEED = 20_260_304
HOW_MANY = 700
BROKEN = 500  # of these most are refused by both
NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
ROW = {
    "At": NOW,
    "Seen": NOW - timedelta(hours=2),
    "Name": "a",
    "Kind": "b",
    "Count": 3,
    "Small": 2,
    "Share": 0.5,
    "Flag": True,
    "Details": '{"rule": "r", "incident": {"key": "k"}}',
}
# Where the local stack is stricter than Kusto's analyser, and why it may be.
STRICTER = (
    "is not answered by the local stack",  # another function or operator
    "Cannot compare values of types",  # Kusto's service refuses these too
    "The operator '",  # a bool is no number
    "The function '",  # dynamic values are cast first
    "avg() answers numbers here",
    "of a 'dynamic' type",  # Kusto's service refuses `top` by one
    "is already declared",  # count() twice is count_ and count_1 in Kusto
    "needs a name here",
    "datetime_diff() answers",
)


@cache
def answers() -> list[list[Analysis]]:
    """Return what Kusto makes of the made queries, and of those of the stand-in's own tests, in one question."""
    source = Queries(SEED)
    made, broken = (list(dict.fromkeys(some)) for some in (source.some(HOW_MANY), source.broken(BROKEN)))
    here, there = {"T": COLUMNS}, workspace()
    return analysed((made, here), (broken, here), (accepted_elsewhere(), there), (refused_elsewhere(), there))


def accepted_elsewhere() -> list[str]:
    wheres = [where for where, _ in _cases(test_query.test_where_selects)]
    return [f"{table().name} | where {w.replace('HALF-PAST', '2026-01-31T12:00:00Z')}" for w in wheres]


def refused_elsewhere() -> list[str]:
    return [query for query, _ in _cases(test_query.test_what_kusto_would_refuse_is_refused)]


def _cases(test: Any) -> list[tuple[str, str]]:
    (mark,) = [mark for mark in test.pytestmark if mark.name == "parametrize"]
    return list(mark.args[1])


def local(query: str, rows: list[dict[str, Any]]) -> tuple[Columns | None, str]:
    """Return the columns of the stand-in's answer, or its refusal."""
    try:
        found = run(parse(query), Table(COLUMNS, rows), NOW)
    except QueryError as error:
        return None, str(error)
    return tuple(found.columns.items()), ""


def test_what_it_answers_kusto_takes_and_in_the_same_columns() -> None:
    answered = 0
    for analysis in [*answers()[0], *answers()[1]]:
        columns, _ = local(analysis.query, [dict(ROW)])
        if columns is not None:
            answered += 1
            assert analysis.accepted, (analysis.query, analysis.problems)
            assert columns == analysis.columns, analysis.query
    assert answered > HOW_MANY / 4


def test_what_kusto_takes_it_refuses_only_where_it_is_known_to_be_stricter() -> None:
    for analysis in answers()[0]:
        columns, why = local(analysis.query, [dict(ROW)])
        if analysis.accepted and columns is None:
            assert any(known in why for known in STRICTER), (analysis.query, why)


def test_what_it_refuses_does_not_depend_on_the_rows() -> None:
    nulls: dict[str, Any] = dict.fromkeys(ROW) | {"Name": "", "Kind": ""}
    for analysis in answers()[0]:
        with_rows, why = local(analysis.query, [dict(ROW), nulls, dict(ROW)])
        assert (with_rows, why) == local(analysis.query, []), analysis.query


def test_what_its_own_tests_ask_kusto_takes() -> None:
    assert [one.problems for one in answers()[2] if not one.accepted] == []


def test_what_its_own_tests_have_refused_kusto_refuses_too() -> None:
    taken = {one.query.replace(table().name, "T") for one in answers()[3] if one.accepted}
    assert taken == {
        "",  # no query at all
        "T | where EventId == 1",  # the service refuses it, the analyser does not
        "T | where TimeGenerated > datetime(soon)",  # the same
        "T | where tolower(EventId) == 'a'",  # functions that are not answered here
        "T | extend x = strcat(EventId)",
        "T | extend x = datetime_diff('week', EventTime, EventTime)",
    }


def test_the_ready_queries_have_the_columns_that_the_page_tells() -> None:
    columns = {column.name: column.type for column in table().columns}
    for ready in queries():
        found = run(parse(ready.query), Table(columns, []), NOW)
        assert list(found.columns.items()) == list(ready.columns.items()), ready.question
