from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders.alert_instances import RULE, SUBSCRIPTION, TARGET, alert_id, delivered, listed, put_into
from vibedata import alerts
from vibedata.alerts import reconciling
from vibedata.alerts.incident import MAX_STEPS, Incident
from vibedata.alerts.reconciling import GRACE, KEPT, OVERLAP, Event, instance_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
FIRED = NOW - timedelta(hours=2)
RESOLVED = NOW - timedelta(hours=1)


def instance(**changes: Any) -> reconciling.AlertInstance:
    found = instance_of(listed("one", changes.pop("at", FIRED), **changes))
    assert found
    return found


def incident(*documents: dict[str, Any]) -> Incident:
    known = None
    for document in documents:
        known = put_into(known, document, NOW)
    assert known
    return known


def missing(one: reconciling.AlertInstance, known: Incident | None) -> list[str]:
    return [event.condition for event in reconciling.events(one) if reconciling.is_missing(event, known)]


def test_the_id_of_a_listing_becomes_that_of_a_delivery() -> None:
    assert instance().alert_id == alert_id("one")
    assert instance().keys == (
        alert_id("one").lower(),
        f"{TARGET}{alert_id('one')[len(SUBSCRIPTION) :]}".lower(),
    )
    other = instance_of({**listed("one", FIRED), "id": "/something/else"})
    assert other and other.alert_id == "/something/else"


def test_a_resolved_instance_tells_of_two_events() -> None:
    told = [(event.condition, event.at) for event in reconciling.events(instance(resolved_at=RESOLVED))]
    assert told == [("Fired", FIRED), ("Resolved", RESOLVED)]


def test_a_fired_one_is_not_resolved_by_a_time_of_resolution() -> None:
    one = instance(monitorConditionResolvedDateTime=RESOLVED.isoformat())
    assert [event.condition for event in reconciling.events(one)] == ["Fired"]


def test_what_nobody_delivered_is_missing() -> None:
    assert missing(instance(resolved_at=RESOLVED), None) == ["Fired", "Resolved"]


def test_what_was_delivered_at_nearly_that_time_is_not() -> None:
    known = incident(delivered("one", FIRED))
    assert missing(instance(), known) == []
    assert missing(instance(resolved_at=RESOLVED), known) == ["Resolved"]


def test_another_time_is_another_event() -> None:
    assert missing(instance(at=FIRED + timedelta(hours=1)), incident(delivered("one", FIRED))) == ["Fired"]


def test_a_delivered_resolution_without_a_time_is_known() -> None:
    document = delivered("one", FIRED, RESOLVED)
    del document["data"]["essentials"]["resolvedDateTime"]
    known = incident(delivered("one", FIRED), document)
    assert missing(instance(resolved_at=RESOLVED), known) == []


def test_an_event_of_the_activity_log_is_known_by_any_delivery_of_it() -> None:
    """Service health says Fired, while it tells that the incident is over."""
    known = incident(delivered("one", FIRED, RESOLVED))
    assert missing(instance(signalType="Activity Log", monitorService="ServiceHealth"), known) == []
    assert missing(instance(), known) == ["Fired"]


def test_what_an_incident_has_forgotten_is_not_told_again() -> None:
    again = [delivered("one", FIRED + timedelta(minutes=10 * n)) for n in range(MAX_STEPS + 1)]
    assert missing(instance(), incident(*again)) == []
    assert missing(instance(), incident(*again[1:MAX_STEPS])) == ["Fired"], "not full: it was never there"


@pytest.mark.parametrize(
    ("at", "changed", "due"),
    [
        (NOW - GRACE, NOW - GRACE, True),
        (NOW - GRACE + timedelta(seconds=1), NOW - GRACE + timedelta(seconds=1), False),
        (FIRED, NOW, True),
        (NOW, NOW - timedelta(hours=1), True),  # a strange one: but the watermark passes it now
    ],
)
def test_what_is_young_may_be_on_its_way(at: datetime, changed: datetime, due: bool) -> None:
    one = instance(at=at, changed_at=changed)
    assert reconciling.is_due(next(iter(reconciling.events(one))), NOW) is due


def test_the_first_look_goes_back_a_day() -> None:
    assert reconciling.look_from(None, NOW) == NOW - timedelta(days=1)


def test_a_later_look_overlaps() -> None:
    assert reconciling.look_from(NOW - timedelta(hours=3), NOW) == NOW - timedelta(hours=3) - OVERLAP


def test_a_watermark_from_the_future_hides_nothing() -> None:
    assert reconciling.look_from(NOW + timedelta(days=3), NOW) == NOW - OVERLAP


def test_nothing_is_asked_that_azure_has_forgotten() -> None:
    mark = NOW - KEPT - timedelta(days=2)
    assert reconciling.look_from(mark, NOW) == NOW - KEPT
    assert reconciling.gap(mark, NOW) == timedelta(days=2)
    assert reconciling.gap(NOW, NOW) == reconciling.gap(None, NOW) == timedelta()


def test_the_message_parses_as_the_alert_that_was_missed() -> None:
    event = list(reconciling.events(instance(resolved_at=RESOLVED)))[1]
    message = reconciling.message(event, NOW)
    found = alerts.read(message.body or b"")
    alert = alerts.parse(found[0].document, found[0].shape)
    assert alert
    assert (alert.kind, alert.condition, alert.alert_id) == ("metric", "Resolved", alert_id("one"))
    assert (alert.rule, alert.rule_id, alert.severity, alert.service) == (
        "vd-web-5xx",
        RULE,
        "Sev2",
        "Platform",
    )
    assert (alert.fired_at, alert.at, alert.targets) == (FIRED, RESOLVED, (TARGET,))
    assert alert.incident_key == alert_id("one").lower()
    assert message.origin == "reconciled"


def test_the_message_never_has_the_key_of_the_delivery_that_may_still_come() -> None:
    event = next(reconciling.events(instance()))
    delivered = alerts.read(json.dumps(reconciling.document(event)).encode())[0]  # of the very same times
    message = reconciling.message(event, NOW)
    assert message.delivery_key != alerts.delivery_key(delivered.document, delivered.shape)


def test_the_same_event_has_the_same_key_whenever_and_whatever_else_changed() -> None:
    first, *_ = reconciling.events(instance())
    later, *_ = reconciling.events(instance(resolved_at=RESOLVED, alertState="Closed", description="edited"))
    keys = {
        reconciling.message(one, NOW + timedelta(days=n)).delivery_key for n, one in enumerate((first, later))
    }
    assert len(keys) == 1


@pytest.mark.parametrize(
    "item",
    [
        None,
        [],
        "text",
        {},
        {"id": "/x"},
        {"id": "/x", "properties": {"essentials": None}},
        {"id": "/x", "properties": {"essentials": {"monitorCondition": "Fired"}}},
        {"id": "/x", "properties": {"essentials": {"startDateTime": FIRED.isoformat()}}},
        {
            "id": 7,
            "properties": {"essentials": {"startDateTime": FIRED.isoformat(), "monitorCondition": "Fired"}},
        },
    ],
)
def test_what_is_no_instance_is_none(item: Any) -> None:
    assert instance_of(item) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(listed("x", FIRED)["properties"]["essentials"])), JSON))
@settings(max_examples=60, deadline=None)
def test_whatever_azure_lists_is_an_instance_or_none(changes: dict[str, Any]) -> None:
    item = listed("one", FIRED)
    item["properties"]["essentials"].update(changes)
    found = instance_of(item)
    for event in reconciling.events(found) if found else ():
        message = reconciling.message(event, NOW)
        body = alerts.read(message.body or b"")[0]
        alert = alerts.parse(body.document, body.shape)
        assert alert and alert.delivery_key != message.delivery_key
        assert reconciling.is_missing(event, None)


@given(
    st.lists(st.integers(0, 200), min_size=1, max_size=12),
    st.integers(-400, 400),
    st.sampled_from(["Fired", "Resolved"]),
)
@settings(max_examples=60, deadline=None)
def test_an_event_is_known_exactly_when_a_delivery_is_near(
    told: list[int], when: int, condition: str
) -> None:
    known = incident(*[delivered("one", FIRED + timedelta(minutes=n)) for n in dict.fromkeys(told)])
    at = FIRED + timedelta(minutes=when)
    one = instance(at=at) if condition == "Fired" else instance(at=at, resolved_at=at + timedelta(minutes=30))
    event = Event(one, "Fired", at) if condition == "Fired" else list(reconciling.events(one))[1]
    near = any(abs(step.at - event.at) <= timedelta(minutes=5) for step in known.steps)
    assert reconciling.is_missing(event, known) is not (near and condition == "Fired")


def test_a_row_is_found_by_the_id_as_it_is_listed_too() -> None:
    assert len(instance().keys) == 2
    plain = instance_of({**listed("one", FIRED), "id": alert_id("one")})
    assert plain and plain.keys == (alert_id("one").lower(),)


def test_instances_that_say_the_same_share_their_texts() -> None:
    texts: dict[str, str] = {}
    one, other = (instance_of(json.loads(json.dumps(listed(name, FIRED)))) for name in ("one", "other"))
    assert one and other and one.target is not other.target
    shared = [reconciling.sharing(found, texts) for found in (one, other)]
    assert shared == [one, other]
    assert all(getattr(shared[0], name) is getattr(shared[1], name) for name in reconciling.REPEATED)
