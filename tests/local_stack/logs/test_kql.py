"""The parser alone: what our reader quotes is one literal whatever it holds, and no text crashes it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_stack.logs.errors import QueryError
from local_stack.logs.kql import Column, Compare, Query, Step, parse
from local_stack.logs.kql_run import Table, run
from local_stack.logs.times import format_span, parse_time, parse_timespan
from vibedata.adapters.operations_query import quoted

NOW = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)

ROW = {"a": "x", "TimeGenerated": NOW}


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_a_quoted_value_is_one_literal_and_itself(text: str) -> None:
    query = parse(f"T | where A == {quoted(text)}")
    assert query == Query("T", (Step("where", expression=Compare(Column("A"), "==", text)),))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="T|where() 'ab\"\\=!<>.,0123in has ago(1h)betwn-*\n//@", max_size=60))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    table = Table({"a": "string", "TimeGenerated": "datetime"}, [ROW])
    try:
        run(parse(text), table, NOW)
    except QueryError as error:
        assert str(error)


@pytest.mark.parametrize("where", ["(" * 20_000 + "a == 'x'", "a == " + "9" * 5000, "a == 1.2.3"])
def test_queries_beyond_reason_are_refused(where: str) -> None:
    with pytest.raises(QueryError):
        parse(f"T | where {where}")


def test_a_range_needs_no_spaces() -> None:
    query = parse("T | where a between (1..5)")
    assert query.steps[0].expression == Compare(Column("a"), "between", (1, 5))


@pytest.mark.parametrize(
    "where", ["a > ago(99999999999999d)", "TimeGenerated > datetime(0001-01-01) - 9999d"]
)
def test_spans_beyond_reason_are_refused(where: str) -> None:
    with pytest.raises(QueryError):
        run(parse(f"T | where {where}"), Table({"a": "string", "TimeGenerated": "datetime"}, [ROW]), NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T12:00:00Z", NOW),
        ("2026-01-31T12:00:00.0000000Z", NOW),
        ("2026-01-31 12:00", NOW),
        ("2026-01-31T14:00:00+02:00", NOW),
        ("2026-02-30", None),
        ("soon", None),
        ("9999-12-31T23:59:59-23:59", None),
    ],
)
def test_times(text: str, expected: datetime | None) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    "text", ["PT1H", "PT3600.0S", "2026-01-31T11:00Z/2026-01-31T12:00Z", "2026-01-31T11:00Z/PT60M"]
)
def test_timespans_of_one_hour(text: str) -> None:
    assert parse_timespan(text, NOW) == (parse_time("2026-01-31T11:00Z"), NOW)


@pytest.mark.parametrize("text", ["P", "PT", "1h", "2026-01-31T11:00Z/", "a/b", "PT99999999999999999H"])
def test_other_timespans_are_none(text: str) -> None:
    assert parse_timespan(text, NOW) is None


EVENTS = Table(
    {"At": "datetime", "Name": "string", "Count": "long", "Details": "dynamic"},
    [
        {
            "At": NOW + timedelta(minutes=minute),
            "Name": name,
            "Count": count,
            "Details": f'{{"rule": "{name}", "incident": {{"key": "k{count}"}}, "suppressed": {flag}}}',
        }
        for minute, name, count, flag in [
            (0, "a", 1, "true"),
            (10, "b", 2, "false"),
            (70, "a", 3, "true"),
            (80, "a", 4, "false"),
        ]
    ],
)


def answer(pipe: str) -> list[dict]:
    return run(parse(f"T | {pipe}"), EVENTS, NOW).rows


def test_what_lies_within_a_dynamic_column_is_cast() -> None:
    found = answer("extend Key = tostring(Details.incident.key) | where Key == 'k2' | project Key, Name")
    assert found == [{"Key": "k2", "Name": "b"}]
    assert answer("where tobool(Details.suppressed) | count") == [{"Count": 2}]
    assert answer("where isempty(tostring(Details.nothing.here)) | count") == [{"Count": 4}]


def test_several_aggregates_are_made_for_each_group() -> None:
    pipe = "summarize N = count(), S = countif(tobool(Details.suppressed)), First = min(At), Last = max(At) by Name"
    assert answer(f"{pipe} | order by Name asc")[0] == {
        "Name": "a",
        "N": 3,
        "S": 2,
        "First": NOW,
        "Last": NOW + timedelta(minutes=80),
    }
    assert answer("summarize dcount(Name), make_set(Name)") == [{"dcount_Name": 2, "set_Name": '["a","b"]'}]
    assert answer("where Name == 'z' | summarize count(), max(Count)") == [{"count_": 0, "max_Count": None}]


def test_aggregates_of_some_rows_only() -> None:
    pipe = (
        "summarize F = minif(At, Count > 1), L = maxif(At, Count < 3), "
        "N = dcountif(Name, Count > 2), Z = maxif(At, Count > 9)"
    )
    assert answer(pipe) == [
        {"F": NOW + timedelta(minutes=10), "L": NOW + timedelta(minutes=10), "N": 1, "Z": None}
    ]


def test_the_newest_beside_other_aggregates() -> None:
    found = answer("summarize N = count(), arg_max(At, Count, Details) by Name | order by Name asc")
    assert [list(row) for row in found] == [["Name", "N", "At", "Count", "Details"]] * 2
    assert [(row["N"], row["At"].minute, row["Count"]) for row in found] == [(3, 20, 4), (1, 10, 2)]
    assert answer("where Count > 9 | summarize arg_max(At, Count)") == [{"At": None, "Count": None}]


@pytest.mark.parametrize(
    ("pipe", "limit"),
    [
        ("summarize count(), arg_max(At, *) by Name", "only where it stands alone"),
        ("summarize arg_max(At, *), count() by Name", "only where it stands alone"),
        ("summarize A = arg_max(At, Count) by Name", "without a name of its own"),
        ("summarize arg_max(At, Name) by Name", "already declared"),
        ("summarize minif(At, Count > 1)", "needs a name here"),
    ],
)
def test_a_refusal_names_the_real_limit(pipe: str, limit: str) -> None:
    with pytest.raises(QueryError, match=limit):
        answer(pipe)


def test_text_becomes_a_time() -> None:
    found = answer(
        "take 1 | extend A = todatetime('2026-01-31T12:00:00+00:00'), B = todatetime(Details.rule)"
    )
    assert (found[0]["A"], found[0]["B"]) == (NOW, None)


def test_times_are_put_into_bins() -> None:
    found = answer("summarize N = count() by bin(At, 1h), Name | order by At asc, Name asc")
    assert [(row["At"].hour, row["Name"], row["N"]) for row in found] == [
        (12, "a", 1),
        (12, "b", 1),
        (13, "a", 2),
    ]
    assert {row["B"] for row in answer("summarize count() by B = bin(Count, 2)")} == {0, 2, 4}


def test_the_newest_of_a_named_group_keeps_its_columns() -> None:
    found = answer("summarize arg_max(At, *) by Rule = tostring(Details.rule) | order by Rule asc")
    assert [(row["Rule"], row["Count"]) for row in found] == [("a", 4), ("b", 2)]


def test_top_distinct_and_choices() -> None:
    assert [row["Count"] for row in answer("top 2 by Count desc")] == [4, 3]
    assert sorted(row["Name"] for row in answer("distinct Name")) == ["a", "b"]
    found = answer("extend Big = iff(Count > 2, 'big', 'small') | distinct Big | order by Big asc")
    assert [row["Big"] for row in found] == ["big", "small"]


def test_differences_between_times() -> None:
    (found,) = answer(
        "summarize F = min(At), L = max(At) | extend M = datetime_diff('minute', L, F), S = L - F"
    )
    assert (found["M"], format_span(found["S"])) == (80, "01:20:00")
    assert format_span(timedelta(days=-1, seconds=1)) == "-23:59:59"
    assert format_span(timedelta(days=2, microseconds=500_000)) == "2.00:00:00.5000000"


WORDS = (
    *(
        "|",
        "(",
        ")",
        ",",
        "=",
        "==",
        "!=",
        ">",
        "<",
        "+",
        "-",
        ".",
        "..",
        "*",
        "by",
        "and",
        "or",
        "not",
        "1",
        "2.5",
    ),
    *("1h", "'x'", "At", "Name", "Count", "Details", "Details.rule", "Details.incident", "where", "extend"),
    *(
        "summarize",
        "project",
        "distinct",
        "order",
        "top",
        "take",
        "count",
        "count()",
        "countif(",
        "minif(",
        "dcountif(Name, Count > 1)",
        "arg_max(At, Name)",
        "todatetime(",
        "dcount(",
        "min(",
    ),
    *("max(", "make_set(", "arg_max(At, *)", "tostring(", "tobool(", "tolong(", "todouble(", "bin(", "iff("),
    *(
        "datetime_diff(",
        "'minute'",
        "isempty(",
        "ago(",
        "now()",
        "has",
        "in",
        "between",
        "asc",
        "desc",
        "true",
    ),
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["where", "extend a =", "summarize", "project a =", "order by"]),
    st.lists(st.sampled_from(WORDS)),
)
def test_no_query_does_more_than_be_refused(start: str, words: list[str]) -> None:
    try:
        run(parse(" ".join(["T |", start, *words])), EVENTS, NOW)
    except QueryError as error:
        assert str(error)
