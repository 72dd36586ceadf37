from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders.alert_world import API, WEB, AlertWorld, alert, health, message_of, stamp
from tests.fakes.alert_processing import NOW, Killed
from tests.unit.alerts import samples
from vibedata import alerts
from vibedata.alerts.message import Message
from vibedata.errors import BadInput, Failed, Transient
from vibedata.operations_table import problems


@pytest.fixture
def world() -> AlertWorld:
    return AlertWorld()


def test_an_alert_becomes_a_row_an_incident_and_a_notice(world: AlertWorld) -> None:
    done = world.process(alert())
    (row,) = world.rows.alerts()
    assert not problems(row)
    assert (row["Category"], row["Operation"], row["Status"]) == ("Alert", "process_alert/metric", "Fired")
    assert (row["Component"], row["Severity"]) == ("postgres", "Error")
    assert row["EventId"] == done.event_id == alerts.event_id(done.delivery_key)
    assert row["EventTime"] == "2026-03-04T05:00:00+00:00"
    assert row["TimeGenerated"] == world.now.isoformat()
    assert row["Details"]["metrics"][0]["value"] == 93.0
    assert row["Details"]["suppressed"] is False
    (incident,) = world.incidents.list()
    assert incident.is_open
    assert world.notices.words() == ["open"]
    assert done.outcome == "written"


def test_the_same_message_again_writes_nothing(world: AlertWorld) -> None:
    world.process(alert())
    writes, rows = world.dying.calls, len(world.rows.rows)
    assert world.process(alert()).outcome == "seen"
    assert (world.dying.calls, len(world.rows.rows)) == (writes, rows)


def test_a_resolution_closes_the_incident_and_its_notice(world: AlertWorld) -> None:
    world.process(alert())
    world.process(alert(condition="Resolved", minute=10))
    (incident,) = world.incidents.list()
    assert incident.state == "Closed"
    assert world.notices.words() == ["open", "close"]
    assert len({row["OperationId"] for row in world.rows.rows}) == 1


def test_what_fires_after_its_resolution_has_arrived_opens_nothing(world: AlertWorld) -> None:
    world.process(alert(condition="Resolved", minute=10))
    world.process(alert())
    assert world.last()["Details"]["notice"] == "already-closed"
    assert world.last()["Details"]["incident"]["state"] == "Closed"
    assert world.notices.words() == ["close"]
    assert len(world.event_ids()) == 2


def test_what_fires_again_after_its_resolution_opens_again(world: AlertWorld) -> None:
    for document in (alert(), alert(condition="Resolved", minute=10), alert(minute=20)):
        world.process(document)
    (incident,) = world.incidents.list()
    assert incident.is_open
    assert world.notices.words() == ["open", "close", "open"]


def test_what_fires_while_it_is_open_has_a_row_and_no_notice(world: AlertWorld) -> None:
    world.process(alert())
    world.process(alert(minute=1))
    details = world.last()["Details"]
    assert (details["suppressed"], details["notice"]) == (True, "already-open")
    assert world.notices.words() == ["open"]


def test_an_activity_log_alert_never_resolves_and_its_incident_says_so(world: AlertWorld) -> None:
    world.process(samples.document("activity-administrative-fired"))
    (incident,) = world.incidents.list()
    assert incident.is_open
    assert not incident.facts.resolves


def test_what_never_resolves_has_a_notice_again_after_an_hour(world: AlertWorld) -> None:
    """The alertId of a budget is the same each time, and its incident never ends."""
    for hour, spent in ((0, "$50.00"), (0.5, "$50.00"), (9, "$80.00")):
        document = samples.document("budget-actual-fired")
        document["data"]["essentials"]["firedDateTime"] = stamp(60 * hour)
        document["data"]["alertContext"]["AlertData"]["NotificationThresholdAmount"] = spent
        world.process(document)
    assert [row["Details"]["notice"] for row in world.rows.alerts()] == ["open", "already-open", "open"]
    assert world.notices.words() == ["open", "open"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_health_event_closes_what_another_opened(world: AlertWorld, order: tuple[int, int]) -> None:
    events = [health(1, "Unavailable", minute=0), health(2, "Available", minute=5)]
    for number in order:
        world.process(events[number])
    assert {incident.state for incident in world.incidents.list()} == {"Closed"}
    assert [row["Status"] for row in world.rows.alerts()] == [["Fired", "Resolved"][n] for n in order]


def test_a_health_event_closes_the_notice_of_what_it_ends(world: AlertWorld) -> None:
    world.process(health(1, "Unavailable", minute=0))
    world.process(health(2, "Available", minute=5))
    closed = [notice.incident for word, notice in world.notices.told.values() if word == "close"]
    assert len(closed) == 2  # its own, and that of the incident which it ended
    opened = [notice.incident for word, notice in world.notices.told.values() if word == "open"]
    assert opened[0] in closed


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_health_event_closes_what_was_told_after_it_had_ended(
    world: AlertWorld, order: tuple[int, int]
) -> None:
    """Azure takes minutes from an event to its alert; a resource may be well again before the first one fires."""
    events = [health(1, "Unavailable", minute=3), health(2, "Available", minute=6)]
    for event, minute in zip(events, (0, 2), strict=True):
        event["data"]["alertContext"]["eventTimestamp"] = stamp(minute)
    for number in order:
        world.process(events[number])
    assert {incident.state for incident in world.incidents.list()} == {"Closed"}


def test_a_service_incident_that_was_mitigated_before_it_was_told_of_is_closed(world: AlertWorld) -> None:
    for number, stage in ((1, "Active"), (2, "Resolved")):
        document = health(number, "", minute=30 * number)
        document["data"]["essentials"]["monitoringService"] = "ServiceHealth"
        document["data"]["alertContext"]["properties"] = {
            "trackingId": "VD12-X34",
            "stage": stage,
            "impactMitigationTime": stamp(20),
        }
        world.process(document)
    assert {incident.state for incident in world.incidents.list()} == {"Closed"}
    assert [row["Status"] for row in world.rows.alerts()] == ["Fired", "Resolved"]


def test_a_resolution_without_a_time_is_of_the_moment_it_came(world: AlertWorld) -> None:
    """Else it would be no later than the beginning, and readers who ask for the newest row would find it open."""
    resolved = alert(condition="Resolved", minute=10)
    del resolved["data"]["essentials"]["resolvedDateTime"]
    world.process(alert())
    world.process(resolved)
    assert [row["EventTime"] for row in world.rows.alerts()] == ["2026-03-04T05:00:00+00:00", NOW.isoformat()]
    (incident,) = world.incidents.list()
    assert incident.state == "Closed"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_resolution_ends_the_firing_it_names_whatever_the_clocks_say(
    world: AlertWorld, order: tuple[int, int]
) -> None:
    documents = [alert(minute=5), alert(condition="Resolved", minute=4.9, fired_minute=5)]
    for number in order:
        world.process(documents[number])
    (incident,) = world.incidents.list()
    assert incident.state == "Closed"


@pytest.mark.parametrize("nothing", ["0001-01-01T00:00:00", "9999-12-31T23:59:59.9999999Z"])
def test_what_dotnet_writes_for_no_time_is_none(world: AlertWorld, nothing: str) -> None:
    document = alert()
    document["data"]["essentials"]["firedDateTime"] = nothing
    world.process(document)
    assert world.last()["EventTime"] == NOW.isoformat()


def test_a_later_trouble_is_not_closed_by_an_earlier_end(world: AlertWorld) -> None:
    world.process(health(1, "Available", minute=5))
    world.process(health(2, "Unavailable", minute=9))
    assert sorted(incident.state for incident in world.incidents.list()) == ["Closed", "Open"]


def test_a_legacy_alert_has_a_row_of_its_kind(world: AlertWorld) -> None:
    world.process(samples.document("legacy-metric-fired"))
    row = world.last()
    assert row["Operation"] == "process_alert/legacy"
    assert row["Details"]["schema"] == "AzureMonitorMetricAlert"


@pytest.mark.parametrize("name", samples.names())
def test_every_sample_becomes_a_complete_row(world: AlertWorld, name: str) -> None:
    world.process(samples.document(name))
    (row,) = world.rows.alerts()
    assert not problems(row)
    assert len(world.deliveries.done) == 1


def test_a_claimed_body_is_read(world: AlertWorld) -> None:
    whole = message_of(alert())
    claim = world.claims.store(whole.delivery_key, whole.body or b"")
    done = world.process(Message(whole.delivery_key, "eventhub", whole.received_at, None, claim))
    assert done.outcome == "written"


def test_a_claim_that_is_gone_is_poison(world: AlertWorld) -> None:
    whole = message_of(alert())
    with pytest.raises(Failed, match="alert-claim-missing"):
        world.process(Message(whole.delivery_key, "eventhub", whole.received_at, None, "gone"))


def test_a_body_that_is_no_alert_is_poison_with_the_reason(world: AlertWorld) -> None:
    with pytest.raises(BadInput, match=r"message-no-alert.*no field tells of an alert"):
        world.process(Message("a" * 64, "queue", world.now, b'{"hello": "world"}'))
    assert not world.rows.rows


def test_rows_that_nobody_takes_leave_the_message_undone(world: AlertWorld) -> None:
    world.rows.trouble = Transient("alert-rows-undelivered", "down", hint="wait")
    with pytest.raises(Transient):
        world.process(alert())
    assert not world.deliveries.done
    world.rows.trouble = None
    world.process(alert())
    assert len(world.event_ids()) == 1
    assert world.notices.words() == ["open"]


def test_an_incident_that_others_change_meanwhile_is_decided_anew(world: AlertWorld) -> None:
    other = AlertWorld()
    other.incidents = world.incidents
    left = [alert(condition="Resolved", minute=10)]

    def disturb(key: str) -> None:
        if key.startswith("incident:") and left:
            other.process(left.pop())

    world.incidents.disturb = disturb
    world.process(alert())
    (incident,) = world.incidents.list()
    assert not incident.is_open
    assert {step.condition for step in incident.steps} == {"Fired", "Resolved"}
    assert world.last()["Details"]["notice"] == "already-closed"


def test_a_storm_on_one_row_ends_as_transient(world: AlertWorld) -> None:
    def disturb(key: str) -> None:
        raise Transient("incident-changed", key, hint="read again")

    world.incidents.disturb = disturb
    with pytest.raises(Transient, match="incident-changed"):
        world.process(alert())
    assert len(world.slept) > 40


def test_a_symptom_is_grouped_under_its_cause(world: AlertWorld) -> None:
    world.process(alert(1))
    world.process(alert(2, target=WEB, rule="vd-web"))
    details = world.last()["Details"]
    assert (details["notice"], details["suppressed"]) == ("cause", True)
    assert "web depends on postgres" in details["suppressedWhy"]
    assert world.notices.words() == ["open"]


def test_a_symptom_is_told_once_its_cause_is_over(world: AlertWorld) -> None:
    world.process(alert(1))
    world.process(alert(1, "Resolved", minute=5))
    world.process(alert(2, target=API, rule="vd-api", minute=6))
    assert world.last()["Details"]["notice"] == "open"


def test_a_cause_that_nobody_closes_does_not_hide_its_symptoms_for_ever(world: AlertWorld) -> None:
    """A log rule without state never says Resolved."""
    world.process(alert(1))
    world.process(alert(2, target=API, rule="vd-api", minute=23 * 60))
    assert world.last()["Details"]["notice"] == "cause"
    world.process(alert(3, target=API, rule="vd-api-errors", minute=25 * 60))
    assert world.last()["Details"]["notice"] == "open"


def test_a_cause_that_nobody_closes_does_not_hide_a_new_one(world: AlertWorld) -> None:
    for number in (1, 9):
        world.process(alert(number, rule=f"vd-{number}", minute=0 if number == 1 else 25 * 60))
    world.process(alert(2, target=API, rule="vd-api", minute=25 * 60 + 1))
    assert world.last()["Details"]["notice"] == "cause"


def test_a_cause_of_a_time_to_come_does_not_hide_its_symptoms(world: AlertWorld) -> None:
    """A clock that is years ahead, a forged alert, or a date that was misread: no Resolved would ever close it."""
    world.process(alert(1, minute=10 * 365 * 24 * 60))
    world.process(alert(2, target=API, rule="vd-api"))
    assert world.last()["Details"]["notice"] == "open"


def test_a_component_is_no_symptom_of_what_depends_on_it(world: AlertWorld) -> None:
    world.process(alert(1, target=WEB, rule="vd-web"))
    world.process(alert(2))
    assert world.notices.words() == ["open", "open"]


def test_the_end_of_a_symptom_is_never_suppressed(world: AlertWorld) -> None:
    world.process(alert(1))
    world.process(alert(2, target=WEB, rule="vd-web"))
    world.process(alert(2, "Resolved", target=WEB, rule="vd-web", minute=3))
    assert world.last()["Details"]["suppressed"] is False
    assert world.notices.words() == ["open", "close"]


def test_the_same_trouble_under_another_id_has_no_second_notice(world: AlertWorld) -> None:
    world.process(alert(1))
    world.process(alert(2, minute=1))
    assert world.last()["Details"]["notice"] == "repeat"
    assert world.notices.words() == ["open"]


def test_the_same_trouble_after_its_end_has_a_notice_again(world: AlertWorld) -> None:
    world.process(alert(1))
    world.process(alert(1, "Resolved", minute=2))
    world.process(alert(2, minute=3))
    assert world.notices.words() == ["open", "close", "open"]


def different(number: int, minute: float = 0) -> dict:
    """An alert of one rule over many series: no trouble is the same as another."""
    document = alert(number, minute=minute, rule="vd-any")
    criterion = document["data"]["alertContext"]["condition"]["allOf"][0]
    criterion["dimensions"] = [{"name": "database", "value": f"db{number}"}]
    return document


def test_a_rule_has_so_many_notices_and_then_one_row_that_says_so(world: AlertWorld) -> None:
    for number in range(15):
        world.process(different(number))
    assert world.notices.words() == ["open"] * world.limits.notices
    limits = [row for row in world.rows.rows if row["Operation"] == "process_alert/limit"]
    assert len(limits) == 1
    assert len(world.event_ids()) == 15
    suppressed = [row for row in world.rows.alerts() if row["Details"]["suppressed"]]
    assert {row["Details"]["notice"] for row in suppressed} == {"limit"}
    assert len(suppressed) == 5


def test_the_next_window_of_a_rule_has_notices_again(world: AlertWorld) -> None:
    for number in range(15):
        world.process(different(number))
    world.process(different(20, minute=60))
    assert world.last()["Details"]["notice"] == "open"


def test_a_day_without_trouble_asks_storage_for_no_more_than_it_must(world: AlertWorld) -> None:
    world.process(alert(condition="Resolved"))
    assert world.dying.calls == 4  # incident, row, notice, delivery


def test_an_alert_that_tells_no_time_is_of_the_moment_it_was_received(world: AlertWorld) -> None:
    document = alert()
    del document["data"]["essentials"]["firedDateTime"]
    received = world.now - timedelta(minutes=3)
    world.process(document, received_at=received)
    assert world.last()["EventTime"] == received.isoformat()


@pytest.mark.parametrize("before", ["cause:", "incident:"])
def test_an_end_that_comes_while_the_beginning_is_processed_finds_it(world: AlertWorld, before: str) -> None:
    """The one that ends may look for the incident before it is written: then the one that begins finds the end."""
    other = AlertWorld()
    other.incidents, other.notices = world.incidents, world.notices
    left = [health(2, "Available", minute=5)]

    def disturb(key: str) -> None:
        if key.startswith(before) and left:
            other.process(left.pop())

    world.incidents.disturb = disturb
    world.process(health(1, "Unavailable", minute=0))
    assert not left
    assert {incident.state for incident in world.incidents.list()} == {"Closed"}
    closed = {notice.incident for word, notice in world.notices.told.values() if word == "close"}
    opened = {notice.incident for word, notice in world.notices.told.values() if word == "open"}
    assert opened <= closed


def test_a_mark_without_an_incident_hides_nothing(world: AlertWorld) -> None:
    """Who marked it died before it was written, and then it was written as closed."""
    world.dying.at, world.dying.after = world.dying.calls + 1, True  # after the ledger, the mark
    with pytest.raises(Killed):
        world.process(alert(1))
    world.dying.at = -1
    assert len(world.incidents.marked) == 1
    assert not list(world.incidents.list())
    world.process(alert(1, "Resolved", minute=4))
    world.process(alert(2, target=API, rule="vd-api", minute=5))
    assert world.last()["Details"]["notice"] == "open"
