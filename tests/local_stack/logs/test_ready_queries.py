"""The queries of docs/operations-table.md, asked of the rows that the processor makes of a day of alerts."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from local_stack.logs.kql import parse
from local_stack.logs.kql_run import Table, run
from local_stack.logs.times import parse_time
from tests.builders.alert_world import WEB, AlertWorld, alert, message_of
from tests.flows.test_process_alert import different
from vibedata.alerts.outage import outage_row
from vibedata.errors import Transient
from vibedata.operations import Event, Operation, row
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
    assert len(queries()) >= 19
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


def test_what_fired_in_the_last_hour(rows: list[dict[str, Any]]) -> None:
    found = answer("What fired in the last hour, and on which component?", rows)
    assert sum(row["Alerts"] for row in found) == 20
    mine = {rule for row in found if row["Component"] == "postgres" for rule in json.loads(row["Rules"])}
    assert {"vd-memory", "vd-any"} <= mine
    assert found == sorted(found, key=lambda row: (row["Alerts"], row["Last"]), reverse=True)


def test_which_rules_are_noisy(rows: list[dict[str, Any]]) -> None:
    found = answer("Which rules make the most noise?", rows)
    assert (found[0]["Rule"], found[0]["Alerts"], found[0]["Suppressed"]) == ("vd-any", 15, 5)


def test_how_many_came_each_hour(rows: list[dict[str, Any]]) -> None:
    found = answer("How many alerts fired in each hour?", rows)
    assert sum(row["Alerts"] for row in found) == 20
    assert {row["EventTime"].hour for row in found} == {5, 6}


def test_how_long_incidents_last(rows: list[dict[str, Any]]) -> None:
    found = answer("How long do incidents last?", rows)
    assert [(row["Rule"], row["Minutes"]) for row in found] == [("vd-memory", 30)]


def test_how_long_resolving_takes(rows: list[dict[str, Any]]) -> None:
    (found,) = answer("How long does it take until they are resolved?", rows)
    assert found == {"Component": "postgres", "Incidents": 1, "Mean": 30.0, "Longest": 30}


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


# --- what others than the processor write -------------------------------------------------------------------

MADE = Operation("11111111-2222-3333-4444-555555555555", "run_health", "instance", phase=15)


def made(verb: str, *events: Event) -> list[dict[str, Any]]:
    """Return the rows of events, each twice."""
    return [row(replace(MADE, verb=verb, operation_id=event.at.isoformat()), event) for event in events] * 2


def changed(status: str, minute: int, before: str | None, component: str = "api") -> Event:
    at = NOW - timedelta(minutes=minute)
    told = {"before": before, "reason": "connection-refused"}
    return Event("health-changed", status, at, component, "Health", details=told)


def test_when_health_changed() -> None:
    rows = made("run_health", changed("Healthy", 9, None), changed("Unhealthy", 5, "Healthy"))
    found = answer("When did a component's health change, and why?", rows)
    assert [(row["Before"], row["Status"]) for row in found] == [("Healthy", "Unhealthy"), ("", "Healthy")]
    assert found[0]["Reason"] == "connection-refused"


def test_whether_health_gets_better() -> None:
    days = [("Healthy", 0), ("Unhealthy", 0), ("Healthy", 1), ("Degraded", 1), ("Degraded", 1)]
    events = [
        Event("health-summary", status, NOW - timedelta(days=day, minutes=number), category="Health")
        for number, (status, day) in enumerate(days)
    ]
    found = answer(
        "Does health get better or worse?", made("run_health", *events, changed("Unhealthy", 1, None))
    )
    told = [(row["EventTime"].day, row["Runs"], row["Unhealthy"], row["Degraded"]) for row in found]
    assert told == [(3, 3, 0, 2), (4, 2, 1, 0)]


def test_what_the_deployment_did() -> None:
    first, last = NOW - timedelta(minutes=5), NOW - timedelta(minutes=4)
    rows = [
        *made(
            "deployment",
            Event("11-aks", "Failed", last, severity="Error", duration_ms=7, error_code="Conflict"),
        ),
        *made(
            "import_artifacts",
            Event("pull", "Started", first),
            Event("pull", "Succeeded", first, duration_ms=5),
        ),
        *made("run_health", Event("", "Succeeded", last)),
    ]
    found = answer("What did the deployment do, and how long did each step take?", rows)
    assert [(row["Operation"], row["DurationMs"]) for row in found] == [
        ("import_artifacts/pull", 5),
        ("deployment/11-aks", 7),
    ]


def test_whether_the_way_of_the_alerts_is_in_order(rows: list[dict[str, Any]]) -> None:
    question = "Is the way of the alerts itself in order?"
    assert answer(question, rows) == []
    trouble = outage_row(Transient("azure-unreachable", "No answer.", hint="Wait."), "instance", NOW)
    (found,) = answer(question, [*rows, trouble, trouble])
    assert (found["Status"], found["ErrorCode"], found["Remedy"]) == ("PutOff", "azure-unreachable", "Wait.")
