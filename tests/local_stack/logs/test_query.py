"""The query API: the forms of KQL that code and docs use, and the refusal of every other by its name."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import cache

import pytest
from azure.core.exceptions import HttpResponseError
from azure.monitor.ingestion import LogsIngestionClient
from azure.monitor.query import LogsQueryClient

from local_stack.logs.kql import OPERATORS
from tests.local_stack.logs.seeding import Instance, seed
from vibedata.operations_table import docs_page, table


@cache
def filled_at() -> datetime:
    """When the table was filled: a moment ago, however long the tests before these took."""
    return datetime.now(timezone.utc)


T = "VibeData_Operations_CL"


@pytest.fixture
def filled(logs: Instance) -> Instance:
    rows = [
        {
            "EventId": "a",
            "age": 50,
            "Status": "Started",
            "Component": "api",
            "Phase": 7,
            "Message": "old words",
        },
        {
            "EventId": "a",
            "age": 40,
            "Status": "Started",
            "Component": "api",
            "Phase": 7,
            "Message": "new words",
        },
        {
            "EventId": "b",
            "age": 30,
            "Status": "Failed",
            "Component": "web",
            "Phase": 8,
            "Message": "it's over-done",
        },
        {
            "EventId": "c",
            "age": 5,
            "Status": "Succeeded",
            "Component": "",
            "Message": "Pull done",
            "DurationMs": 9,
        },
    ]
    for row in rows:
        row["TimeGenerated"] = (filled_at() - timedelta(minutes=row.pop("age"))).isoformat()
    client = LogsIngestionClient(logs.ingestion_url, logs.credential)
    client.upload(logs.rule_id, table().stream, rows)
    return logs


def ask(logs: Instance, query: str, timespan=None):
    client = LogsQueryClient(logs.credential, endpoint=logs.query_url, audience="https://api.loganalytics.io")
    (found,) = client.query_workspace(logs.customer_id, query, timespan=timespan).tables
    return found


def ids(logs: Instance, where: str) -> str:
    found = ask(logs, f"{T} | where {where} | order by TimeGenerated asc | project EventId")
    return "".join(row[0] for row in found.rows)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("EventId == 'a'", "aa"),
        ('EventId == "a"', "aa"),
        ("EventId != 'a'", "bc"),
        ("EventId =~ 'A'", "aa"),
        ("EventId !~ 'A'", "bc"),
        ("EventId in ('b', 'c')", "bc"),
        ("EventId !in ('b', 'c')", "aa"),
        ("Message has 'DONE'", "bc"),
        ("Message has 'don'", ""),
        ("Message !has 'done'", "aa"),
        ("Message contains 'on'", "bc"),
        ("Message startswith 'pull'", "c"),
        (r"Message == 'it\'s over-done'", "b"),
        ("Phase == 7", "aa"),
        ("Phase > 7", "b"),
        ("Phase <= 8", "aab"),
        ("isempty(Component)", "c"),
        ("isnotempty(Component) and Phase == 8", "b"),
        ("EventId == 'b' or EventId == 'c'", "bc"),
        ("EventId == 'a' and Phase == 7 or EventId == 'c'", "aac"),
        ("not(EventId == 'a')", "bc"),
        ("(EventId == 'a' or EventId == 'b') and Phase == 8", "b"),
        ("TimeGenerated > ago(10m)", "c"),
        ("TimeGenerated > ago(45m)", "abc"),
        ("TimeGenerated between (ago(45m) .. ago(20m))", "ab"),
        ("TimeGenerated > now() - 10m", "c"),
        ("TimeGenerated < datetime(2020-01-01)", ""),
        ("TimeGenerated >= datetime(HALF-PAST)", "bc"),
        ("TimeGenerated > ago(1h) // a comment", "aabc"),
    ],
)
def test_where_selects(filled: Instance, where: str, expected: str) -> None:
    half_past = (filled_at() - timedelta(minutes=31)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    where = where.replace("HALF-PAST", half_past).replace("// a comment", "")
    assert ids(filled, where) == expected


def test_comments_are_no_words(filled: Instance) -> None:
    assert ask(filled, f"{T} // all of them\n| count // how many").rows[0][0] == 4


def test_folding_keeps_the_newest_row_of_each_event(filled: Instance) -> None:
    found = ask(filled, f"{T} | summarize arg_max(TimeGenerated, *) by EventId | order by TimeGenerated asc")
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    assert (rows[0]["EventId"], rows[0]["Message"]) == ("a", "new words")
    assert [row["EventId"] for row in rows] == ["a", "b", "c"]
    assert found.columns[:2] == ["EventId", "TimeGenerated"]


def test_counting_by_a_column(filled: Instance) -> None:
    found = ask(filled, f"{T} | summarize count() by Status | order by count_ desc, Status asc")
    assert found.columns == ["Status", "count_"]
    assert [tuple(row) for row in found.rows] == [("Started", 2), ("Failed", 1), ("Succeeded", 1)]
    assert ask(filled, f"{T} | where EventId == 'x' | summarize count()").rows[0][0] == 0


def test_order_is_descending_unless_said_and_nulls_are_least(filled: Instance) -> None:
    by = [row[0] for row in ask(filled, f"{T} | sort by Phase | project EventId").rows]
    up = [
        row[0] for row in ask(filled, f"{T} | order by Phase asc, TimeGenerated asc | project EventId").rows
    ]
    assert by[0] == "b"
    assert by[-1] == "c"
    assert up == ["c", "a", "a", "b"]


def test_take_project_and_count(filled: Instance) -> None:
    assert len(ask(filled, f"{T} | take 2").rows) == 2
    assert len(ask(filled, f"{T} | limit 1").rows) == 1
    assert ask(filled, f"{T} | project Id = EventId, Status").columns == ["Id", "Status"]
    assert ask(filled, f"{T} | where Phase == 7 | count").rows[0][0] == 2


def test_a_timespan_narrows_the_query(filled: Instance) -> None:
    assert len(ask(filled, T, timespan=timedelta(minutes=10)).rows) == 1
    between = (filled_at() - timedelta(minutes=45), filled_at() - timedelta(minutes=20))
    assert len(ask(filled, T, timespan=between).rows) == 2


def test_the_query_of_the_docs_page_is_answered(filled: Instance) -> None:
    query = docs_page().split("```kusto\n")[1].split("```")[0]
    assert len(ask(filled, query).rows) == 3


@pytest.mark.parametrize(
    "operator",
    ["join", "union", "mv-expand", "parse", "render", "lookup", "evaluate", "make-series"],
)
def test_any_other_operator_is_refused_by_its_name(filled: Instance, operator: str) -> None:
    with pytest.raises(HttpResponseError) as refused:
        ask(filled, f"{T} | {operator} x")
    error = refused.value.response.json()["error"]
    assert refused.value.status_code == 400
    assert error["code"] == "BadArgumentError"
    assert error["innererror"]["code"] == "SyntaxError"
    assert f"'{operator}'" in error["innererror"]["innererror"]["message"]
    assert operator not in OPERATORS


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        (f"{T} | where EventId = 'a'", "SyntaxError"),
        (f"{T} | where EventId == ", "SyntaxError"),
        (f"{T} | where (EventId == 'a'", "SyntaxError"),
        (f"{T} where EventId == 'a'", "SyntaxError"),
        (f"{T} | where tolower(EventId) == 'a'", "SyntaxError"),
        (f"{T} | summarize percentile(Phase)", "SyntaxError"),
        (f"{T} | summarize by Details.text", "SyntaxError"),
        (f"{T} | summarize by x = Details.text", "SemanticError"),
        (f"{T} | summarize min(Details)", "SemanticError"),
        (f"{T} | order by Details", "SemanticError"),
        (f"{T} | extend x = strcat(EventId)", "SyntaxError"),
        (f"{T} | extend x = bin(EventId, 1h)", "SemanticError"),
        (f"{T} | where tostring(EventId)", "SyntaxError"),
        (f"{T} | extend x = datetime_diff('week', EventTime, EventTime)", "SemanticError"),
        (f"{T} | where EventId == 'a", "SyntaxError"),
        (f"{T} | where TimeGenerated > datetime(soon)", "SyntaxError"),
        ("", "SyntaxError"),
        ("Nothing_CL", "SemanticError"),
        (f"{T} | where Missing == 1", "SemanticError"),
        (f"{T} | project Missing", "SemanticError"),
        (f"{T} | where EventId == 1", "SemanticError"),
        (f"{T} | where EventId > 1h", "SemanticError"),
        (f"{T} | where TimeGenerated > ago('x')", "SemanticError"),
        (f"{T} | where EventId > 'a'", "SemanticError"),
        (f"{T} | where EventId between ('a' .. 'b')", "SemanticError"),
        (f"{T} | where EventId.text == 'a'", "SemanticError"),
        (f"{T} | where tobool(Details.a) and iff(Phase > 1, 1, 2)", "SyntaxError"),
        (f"{T} | project EventId, EventId", "SemanticError"),
        (f"{T} | summarize arg_max(Details, *) by EventId", "SemanticError"),
        (f"{T} | summarize avg(EventId)", "SemanticError"),
        (f"{T} | top 1 by EventId, Phase", "SyntaxError"),
        (f"{T} | top 1by EventId", "SyntaxError"),
    ],
)
def test_what_kusto_would_refuse_is_refused(filled: Instance, query: str, kind: str) -> None:
    with pytest.raises(HttpResponseError) as refused:
        ask(filled, query)
    assert refused.value.status_code == 400
    assert refused.value.response.json()["error"]["innererror"]["code"] == kind


def test_reading_needs_a_role_at_the_workspace(logs: Instance) -> None:
    stranger = seed(logs.stack, roles=False)
    with pytest.raises(HttpResponseError) as refused:
        ask(stranger, T)
    assert refused.value.status_code == 403
    stranger.assign("Reader", stranger.group)
    assert ask(stranger, T).rows == []


def test_an_unknown_workspace_is_404_and_another_audience_401(logs: Instance) -> None:
    logs.workspace["properties"]["customerId"] = "00000000-0000-0000-0000-000000000000"
    with pytest.raises(HttpResponseError) as unknown:
        ask(logs, T)
    client = LogsQueryClient(logs.credential, endpoint=logs.query_url, audience="https://vault.azure.net")
    with pytest.raises(HttpResponseError) as refused:
        client.query_workspace(logs.customer_id, T, timespan=None)
    assert (unknown.value.status_code, refused.value.status_code) == (404, 401)


def test_more_than_one_workspace_is_refused(filled: Instance) -> None:
    client = LogsQueryClient(
        filled.credential, endpoint=filled.query_url, audience="https://api.loganalytics.io"
    )
    with pytest.raises(HttpResponseError) as refused:
        client.query_workspace(filled.customer_id, T, timespan=None, additional_workspaces=["other"])
    assert refused.value.status_code == 400
