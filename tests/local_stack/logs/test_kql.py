"""The parser alone: what our reader quotes is one literal whatever it holds, and no text crashes it."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_stack.logs.errors import QueryError
from local_stack.logs.kql import Column, Compare, Query, Step, parse
from local_stack.logs.kql_run import Table, run
from local_stack.logs.times import parse_time, parse_timespan
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
