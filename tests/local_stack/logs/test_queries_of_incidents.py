"""What the ready queries say of incidents, against what the processor's own list of them says, in every order."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from azure.monitor.ingestion import LogsIngestionClient
from azure.monitor.query import LogsQueryClient

from tests.builders.alert_world import WEB, AlertWorld, alert, health, message_of
from tests.fakes.alert_backlog import FakeAlertBacklog
from tests.flows.test_alert_convergence import DELIVERIES
from tests.local_stack.logs.seeding import Instance
from tests.local_stack.logs.test_ready_queries import answer
from vibedata import operations
from vibedata.alerts.alert_rows import notice_row
from vibedata.alerts.incident import operation_id
from vibedata.alerts.incident_list import Choice
from vibedata.alerts.message import Message
from vibedata.flows import list_alerts
from vibedata.operations_table import queries, table

OPEN, LASTED, RESOLVING = (
    "What is open right now?",
    "How long do incidents last?",
    "How long does it take until they are resolved?",
)


def reconciled(document: dict[str, Any]) -> Message:
    return message_of(document, "reconciled")


def administrative() -> dict[str, Any]:
    """Return an event of the activity log, which nobody ever resolves."""
    made = alert(7)
    made["data"]["essentials"] |= {
        "signalType": "Activity Log",
        "monitoringService": "Activity Log - Administrative",
    }
    made["data"]["alertContext"] = {
        "eventSource": "Administrative",
        "operationName": "Microsoft.Web/sites/stop/action",
    }
    return made


def told_late(number: int, status: str, *, minute: float, event: float) -> dict[str, Any]:
    """Return a health event of which Azure told some minutes after it was."""
    made = health(number, status, minute=minute)
    made["data"]["alertContext"]["eventTimestamp"] = alert(minute=event)["data"]["essentials"][
        "firedDateTime"
    ]
    return made


def timeless(number: int) -> dict[str, Any]:
    """Return a resolution that does not say when it was."""
    made = alert(number, "Resolved", minute=4)
    del made["data"]["essentials"]["resolvedDateTime"]
    return made


def large(document: dict[str, Any]) -> dict[str, Any]:
    """Return an alert whose Details do not fit the table."""
    document["data"]["customProperties"] = {f"p{number}": "x" * 2000 for number in range(40)}
    return document


FIRED, RESOLVED = alert(1), alert(1, "Resolved", minute=10)
REFIRED = alert(1, minute=20)
UNHEALTHY, WELL = health(4, "Unavailable", minute=0), health(5, "Available", minute=30)
UNKNOWN = alert(1, "Acknowledged")
# What arrives, in whichever order; how many are open then; how many minutes those that ended lasted (None: the order
# decides, for what reconciliation takes for a beginning was told of as one).
SEQUENCES: dict[str, tuple[Sequence[Any], int, list[int] | None]] = {
    "it fires and ends": ([FIRED, RESOLVED], 0, [10]),
    "it fires again": ([FIRED, RESOLVED, REFIRED], 1, []),
    "it fires again and ends again": (
        [FIRED, RESOLVED, REFIRED, alert(1, "Resolved", minute=25, fired_minute=20)],
        0,
        [25],
    ),
    "it fires each minute": ([FIRED, alert(1, minute=1), alert(1, minute=2)], 1, []),
    "only its end is known": ([RESOLVED], 0, []),
    "a health event ends another": ([UNHEALTHY, WELL], 0, [30]),
    "a health event begins once more": ([UNHEALTHY, WELL, health(6, "Unavailable", minute=40)], 1, [30]),
    "Azure tells of health late": (  # both are of when their alerts fired
        [told_late(4, "Unavailable", minute=6, event=0), told_late(5, "Available", minute=31, event=3)],
        0,
        [25],
    ),
    "nobody resolves it": ([administrative()], 1, []),
    "it says neither": ([UNKNOWN], 1, []),
    "it says neither, and ends": ([UNKNOWN, RESOLVED], 0, [10]),
    "reconciled and delivered": ([FIRED, reconciled(alert(1, minute=0.05))], 1, []),
    "its end reconciled and delivered": (
        [FIRED, RESOLVED, reconciled(alert(1, "Resolved", minute=10.05))],
        0,
        [10],
    ),
    "reconciled health": (
        [UNHEALTHY, WELL, reconciled(health(4, "Unavailable", minute=0.05))],
        0,
        [30],
    ),
    "Azure lists an end as fired": (
        [
            UNHEALTHY,
            reconciled(health(5, "Unavailable", minute=30)),
            told_late(5, "Available", minute=30.05, event=29),
        ],
        0,
        None,
    ),
    "it ends before it fires, by Azure's clocks": ([FIRED, alert(1, "Resolved", minute=-1)], 0, [0]),
    "its end is of the moment it fired": ([FIRED, alert(1, "Resolved")], 0, [0]),
    "its end has no time, and it fires again": ([FIRED, timeless(1), alert(1, minute=5)], 1, []),
    "a symptom is not told of": ([FIRED, alert(2, target=WEB, rule="vd-web", minute=2)], 2, []),
    "a symptom ends": (
        [
            FIRED,
            alert(2, target=WEB, rule="vd-web", minute=2),
            alert(2, "Resolved", target=WEB, rule="vd-web", minute=12, fired_minute=2),
        ],
        1,
        [10],
    ),
    "its Details are too large": ([large(alert(1)), large(alert(1, "Resolved", minute=10))], 0, [10]),
}


def lived(arriving: Iterable[Any]) -> AlertWorld:
    """Return the world in which these have arrived, a minute after the other."""
    world = AlertWorld(now=datetime(2026, 3, 4, 6, tzinfo=timezone.utc))
    for one in arriving:
        world.now += timedelta(seconds=1)
        world.process(one if isinstance(one, Message) else message_of(one, received_at=world.now))
    return world


def rows_of(world: AlertWorld) -> list[dict[str, Any]]:
    """Return what the log has of it, as the table holds it; some arrived twice."""
    notices = [
        notice_row("open" if word == "open" else "close", notice, "i", world.now)
        for word, notice in world.notices.told.values()
    ]
    rows = [operations.overflow(row)[0] for row in (*world.rows.rows, *notices)]
    return [*rows, *rows[::2]]


def open_by_the_list(world: AlertWorld) -> list[str]:
    """Return what `vibedata alerts list` has."""
    found = list_alerts.run(incidents=world.incidents, backlog=FakeAlertBacklog(), choice=Choice())
    return sorted(one["operationId"] for one in found.data["incidents"])


def open_by_the_query(world: AlertWorld) -> list[str]:
    return sorted(row["OperationId"] for row in answer(OPEN, rows_of(world)))


@pytest.mark.parametrize("name", SEQUENCES)
def test_the_query_and_the_list_agree_on_what_is_open_in_every_order(name: str) -> None:
    arriving, expected, _ = SEQUENCES[name]
    for order in itertools.permutations(arriving):
        world = lived(order)
        assert open_by_the_query(world) == open_by_the_list(world), order
        assert len(open_by_the_list(world)) == expected, order


def test_they_agree_whatever_arrives_however_often() -> None:
    source = random.Random(5)
    for _ in range(25):
        arriving = [source.choice(DELIVERIES) for _ in range(9)]
        world = lived(arriving)
        assert open_by_the_query(world) == open_by_the_list(world), arriving


@pytest.mark.parametrize("name", SEQUENCES)
def test_how_long_incidents_lasted_in_every_order(name: str) -> None:
    arriving, _, minutes = SEQUENCES[name]
    for order in itertools.permutations(arriving):
        world = lived(order)
        rows = rows_of(world)
        found = answer(LASTED, rows)
        assert minutes in (None, [row["Minutes"] for row in found]), order
        assert not {row["OperationId"] for row in found} & set(open_by_the_list(world))
        if minutes:
            (by_component,) = answer(RESOLVING, rows)
            assert by_component["Incidents"] == len(minutes)
            assert by_component["Longest"] == max(minutes)


def test_an_end_is_that_of_the_incident_which_it_ended() -> None:
    for order in ((UNHEALTHY, WELL), (WELL, UNHEALTHY)):
        (found,) = answer(LASTED, rows_of(lived(order)))
        essentials = UNHEALTHY["data"]["essentials"]
        assert found["OperationId"] == operation_id(essentials["alertId"].lower())
        assert (found["Rule"], found["Component"]) == ("vd-health", "postgres")


def test_a_reconciled_row_that_its_delivery_has_replaced_is_asked_of_no_more() -> None:
    listed = reconciled(
        alert(5, target="/subscriptions/s/resourceGroups/g/providers/a.b/c/d", rule="vd-other")
    )
    rows = rows_of(lived([listed, alert(5, rule="vd-other", minute=0.05)]))
    assert answer("Which alerts concern no component that we know?", rows) == []
    ended = [
        reconciled(health(5, "Unavailable", minute=30)),
        told_late(5, "Available", minute=30.05, event=29),
    ]
    fired = answer("What fired in the last hour, and on which component?", rows_of(lived(ended)))
    assert fired == []


def test_what_is_no_component_is_not_counted_as_one() -> None:
    stranger = "/subscriptions/s/resourceGroups/g/providers/a.b/c/d"
    rows = rows_of(
        lived([alert(1, rule="r"), alert(2, rule="r", target=stranger), alert(3, rule="r", target=WEB)])
    )
    (found,) = answer("Which rules make the most noise?", rows)
    assert (found["Alerts"], found["Components"]) == (3, 2)


def test_a_replay_and_old_times_are_not_late() -> None:
    replayed = replace(message_of(alert(2)), origin="replayed")
    old = alert(3, minute=-60 * 24 * 300)
    rows = rows_of(lived([alert(1, minute=55), replayed, old, alert(4, "Acknowledged", minute=58)]))
    (found,) = answer("How late are alerts here?", rows)
    assert (found["Worst"], found["Best"], found["Alerts"]) == (301, 124, 2)


def test_what_was_put_back_is_not_late() -> None:
    requeued = replace(message_of(alert(2)), requeued=True)
    (found,) = answer("How late are alerts here?", rows_of(lived([alert(1, minute=55), requeued])))
    assert found["Alerts"] == 1


def test_rows_whose_details_are_too_large_are_asked_of_like_all_others() -> None:
    stranger = "/subscriptions/s/resourceGroups/g/providers/a.b/c/d"
    rows = rows_of(lived([large(alert(1, rule="vd-other", target=stranger))]))
    (found,) = answer("Which alerts concern no component that we know?", rows)
    assert (found["Rule"], found["Why"] != "") == ("vd-other", True)

    replayed = replace(message_of(large(alert(2))), origin="replayed")
    requeued = replace(message_of(large(alert(3))), requeued=True)
    assert answer("How late are alerts here?", rows_of(lived([replayed, requeued]))) == []

    rows = rows_of(lived([large(alert(1)), large(alert(1, minute=1))]))
    nobody = "00000000-0000-0000-0000-000000000000"
    told = answer("What is the story of this incident?", rows, **{nobody: rows[0]["OperationId"]})
    assert {row["Notice"] for row in told if row["Operation"] == "process_alert/metric"} == {
        "open",
        "already-open",
    }
    assert all(row["Why"] for row in told if row["Notice"] == "already-open")

    rows = rows_of(lived([message_of(large(alert(1)), "reconciled")]))
    (found,) = answer("Did the intake miss anything?", rows)
    assert found["Alerts"] == 1


@pytest.mark.parametrize("question", [one.question for one in queries()])
def test_no_query_reads_details_past_those_that_are_too_large(question: str) -> None:
    (ready,) = [one for one in queries() if one.question == question]
    told = "iff(isnull(Details.preview), Details, Details.preview)"
    assert "Details." not in ready.query.replace(told, "")


def test_what_the_queries_ask_of_is_in_the_preview_of_an_alert_that_has_everything() -> None:
    requeued = replace(message_of(large(alert(2)), "reconciled"), requeued=True)
    asked = {name for one in queries() for name in re.findall(r"\bTold\.(\w+)", one.query)}
    of_others = {"link", "before", "reason"}  # notices and health runs, whose Details are small
    world = lived([large(alert(1)), requeued])
    shown = [set(operations.overflow(row)[0]["Details"]["preview"]) for row in world.rows.rows]
    missing = asked - of_others - set.union(*shown)
    assert missing <= {"closedAt"}, "of an incident that has not closed"
    assert all({"componentWhy", "origin", "rule"} <= one for one in shown)


def test_what_says_neither_is_counted_with_what_fired() -> None:
    rows = rows_of(lived([FIRED, alert(2, "Acknowledged"), RESOLVED]))
    assert sum(row["Alerts"] for row in answer("How many alerts fired in each hour?", rows)) == 2
    fired = answer("What fired in the last hour, and on which component?", rows)
    assert sum(row["Alerts"] for row in fired) == 2


def test_the_page_explains_every_reason_for_telling_nobody() -> None:
    (about,) = [one.about for one in queries() if one.question == "What was I not told of, and why?"]
    reasons = {"already-open", "already-closed", "cause", "repeat", "limit", "reconciled"}
    assert all(f"`{reason}`" in about for reason in reasons)
    worlds = [
        lived([FIRED, REFIRED]),
        lived([RESOLVED, FIRED]),
        lived([reconciled(FIRED), alert(1, minute=0.05)]),
    ]
    found = [
        row["Reason"] for one in worlds for row in answer("What was I not told of, and why?", rows_of(one))
    ]
    assert found == ["already-open", "already-closed", "reconciled"]


def test_they_agree_over_the_workspace(logs: Instance) -> None:
    """Through Logs Ingestion and Logs Query: what is in the rows survives the way there and back."""
    for name in ("it fires again", "a health event ends another", "reconciled and delivered"):
        rows, worlds = [], []
        for number, order in enumerate(itertools.permutations(SEQUENCES[name][0])):
            worlds.append(lived(order))
            one = json.loads(json.dumps(rows_of(worlds[-1])))
            rows += [
                row | {part: f"{number}-{row[part]}" for part in ("EventId", "OperationId")} for row in one
            ]
        asked = next(one.query for one in queries() if one.question == OPEN)
        rows = [row | {"InstanceId": name} for row in rows]
        LogsIngestionClient(logs.ingestion_url, logs.credential).upload(logs.rule_id, table().stream, rows)
        query = asked.replace("| summarize", f"| where InstanceId == '{name}'\n| summarize", 1)
        client = LogsQueryClient(
            logs.credential, endpoint=logs.query_url, audience="https://api.loganalytics.io"
        )
        (found,) = client.query_workspace(logs.customer_id, query, timespan=None).tables
        at = found.columns.index("OperationId")
        expected = [f"{n}-{one}" for n, world in enumerate(worlds) for one in open_by_the_list(world)]
        assert sorted(row[at] for row in found.rows) == sorted(expected)
