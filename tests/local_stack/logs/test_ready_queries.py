"""The queries of docs/operations-table.md, asked of the rows that the processor makes of a day of alerts."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from local_stack.logs.kql import parse
from local_stack.logs.kql_run import Table, run
from local_stack.logs.times import parse_time
from tests.builders.alert_world import WEB, AlertWorld, alert, message_of
from tests.flows.test_process_alert import different
from vibedata.operations_table import queries, table

NOW = datetime(2026, 3, 4, 6, 30, tzinfo=timezone.utc)


def answer(question: str, rows: list[dict[str, Any]], **replaced: str) -> list[dict[str, Any]]:
    (ready,) = [one for one in queries() if one.question == question]
    text = ready.query
    for old, new in replaced.items():
        text = text.replace(old, new)
    columns = {column.name: column.type for column in table().columns}
    return run(parse(text), Table(columns, [typed(row) for row in rows]), NOW).rows


def typed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as the workspace holds it."""
    held = {**row, "Details": json.dumps(row["Details"])}
    return held | {name: parse_time(str(row[name])) for name in ("TimeGenerated", "EventTime")}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """A day: a cause with a symptom, one that resolved, a noisy rule, one of a stranger, one by reconciliation."""
    world = AlertWorld(now=NOW - timedelta(minutes=5))
    world.process(alert(1))
    world.process(alert(2, target=WEB, rule="vd-web", minute=2))
    world.process(alert(3, rule="vd-memory", minute=5))
    world.process(alert(3, "Resolved", rule="vd-memory", minute=35, fired_minute=5))
    world.process(alert(4, target="/subscriptions/s/resourceGroups/g/providers/a.b/c/d", rule="vd-other"))
    world.process(message_of(alert(5, rule="vd-missed", minute=61), "reconciled"))
    for number in range(10, 25):
        world.process(different(number))
    for word, notice in list(world.notices.told.values()):
        from vibedata.alerts.alert_rows import notice_row

        world.rows.rows.append(notice_row("open" if word == "open" else "close", notice, "i", world.now))
    return [*world.rows.rows, *world.rows.rows[:7]]  # some arrived twice


def test_every_query_is_answered(rows: list[dict[str, Any]]) -> None:
    assert len(queries()) >= 12
    for ready in queries():
        answer(ready.question, rows)


def test_what_is_open(rows: list[dict[str, Any]]) -> None:
    found = answer("What is open right now?", rows)
    assert len(found) == 4 + 15
    assert "vd-memory" not in " ".join(row["Message"] for row in found)


def test_what_happened_to_a_component(rows: list[dict[str, Any]]) -> None:
    found = answer("What happened to this component, from every side?", rows)
    assert {row["Operation"] for row in found} == {"process_alert/metric", "process_alert/notice"}
    assert found == sorted(found, key=lambda row: row["EventTime"])


def test_the_story_of_an_incident(rows: list[dict[str, Any]]) -> None:
    operation = next(row["OperationId"] for row in rows if row["Details"].get("rule") == "vd-memory")
    found = answer(
        "What is the story of this incident?", rows, **{"00000000-0000-0000-0000-000000000000": operation}
    )
    assert Counter(row["Status"] for row in found) == Counter(["Fired", "Opened", "Resolved", "Closed"])


def test_what_people_were_told(rows: list[dict[str, Any]]) -> None:
    found = answer("What was I told of, and when?", rows)
    assert Counter(row["Status"] for row in found) == Counter(Opened=14, Closed=1)


def test_what_people_were_not_told(rows: list[dict[str, Any]]) -> None:
    found = answer("What was I not told of, and why?", rows)
    assert Counter(row["Reason"] for row in found) == Counter(limit=5, cause=1)
    assert "depends on postgres" in next(row["Why"] for row in found if row["Reason"] == "cause")


def test_which_rules_are_noisy(rows: list[dict[str, Any]]) -> None:
    found = answer("Which rules make the most noise?", rows)
    assert (found[0]["Rule"], found[0]["Alerts"], found[0]["Suppressed"]) == ("vd-any", 15, 5)


def test_how_many_came_each_hour(rows: list[dict[str, Any]]) -> None:
    found = answer("How many alerts came in each hour?", rows)
    assert sum(row["Alerts"] for row in found) == 20
    assert {row["EventTime"].hour for row in found} == {5, 6}


def test_how_long_incidents_last(rows: list[dict[str, Any]]) -> None:
    found = answer("How long do incidents last?", rows)
    assert [(row["Rule"], row["Minutes"]) for row in found] == [("vd-memory", 30)]


def test_what_concerns_nobody(rows: list[dict[str, Any]]) -> None:
    found = answer("Which alerts concern no component that we know?", rows)
    assert [row["Rule"] for row in found] == ["vd-other"]


def test_what_the_intake_missed(rows: list[dict[str, Any]]) -> None:
    (found,) = answer("Did the intake miss anything?", rows)
    assert (found["Alerts"], found["EventTime"].hour) == (1, 6)


def test_how_late_alerts_are(rows: list[dict[str, Any]]) -> None:
    (found,) = answer("How late are alerts here?", rows)
    assert found["Worst"] == 85 * 60
    assert found["Best"] == 24 * 60
