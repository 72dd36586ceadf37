# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""The contract of Deliveries and Incidents: in memory, and in Azure's tables on the local stack."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.builders.alert_world import AlertWorld, alert, health
from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import stored_cloud  # noqa: F401
from tests.fakes.alert_processing import FakeDeliveries, FakeIncidents
from vibedata.adapters.alert_deliveries import TableDeliveries
from vibedata.adapters.alert_incidents import TableIncidents
from vibedata.alerts import incident
from vibedata.alerts.cause import Cause
from vibedata.alerts.delivery import KEPT, KEPT_OPEN, Delivery, partitions, place
from vibedata.alerts.incident import MAX_STEPS, Facts, Incident, Step
from vibedata.alerts.noise import Ledger, Limited, Noticed
from vibedata.errors import Blocked, Transient

AT = datetime(2026, 3, 4, 5, 0, 0, 123456, tzinfo=timezone.utc)
EVERYWHERE = partitions(0, 1)


class Clock:
    """Holds the time that incidents are written at."""

    def __init__(self) -> None:
        self.now = datetime.now(timezone.utc).replace(microsecond=0)


class Fake:
    def __init__(self) -> None:
        self.clock = Clock()
        self.deliveries = FakeDeliveries()
        self.incidents = FakeIncidents(clock=lambda: self.clock.now)


class Real:
    def __init__(self, cloud: Cloud) -> None:
        self.clock = Clock()
        endpoint, credential = cloud._endpoint("table"), cloud.credential()
        self.deliveries = TableDeliveries(endpoint, credential)
        self.incidents = TableIncidents(endpoint, credential, clock=lambda: self.clock.now)


@pytest.fixture(params=["fake", "azure"])
def side(request: pytest.FixtureRequest) -> Any:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("stored_cloud"))


def name() -> str:
    return f"/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/{uuid.uuid4()}?#%'\\é"


def step(delivery: str = "d1", condition: Any = "Fired", minute: float = 0, **more: Any) -> Step:
    at = AT + timedelta(minutes=minute)
    return Step(delivery, condition, at, condition, at, f"event-{delivery}", **more)


def facts(**changes: Any) -> Facts:
    told = {
        "kind": "metric",
        "rule": "vd-cpu",
        "component": "postgres",
        "severity": "Error",
        "fingerprint": "f" * 64,
        "correlation": "c",
        "summary": "CPU über 85 % 'quoted'",
    }
    return Facts(**{**told, **changes})


def anyone(found: Incident) -> bool:
    return bool(found.key)


def begun(key: str, *steps: Step, **changes: Any) -> Incident:
    found = incident.begun(key, steps[0] if steps else step(), facts(**changes))
    for one in steps[1:]:
        found = incident.merge(found, one, facts(**changes))
    return found


def test_a_delivery_is_seen_once_it_is_recorded(side: Any) -> None:
    key = uuid.uuid4().hex * 2
    assert not side.deliveries.seen(key)
    done = Delivery(key, "event", name(), "eventhub", side.clock.now)
    side.deliveries.record(done)
    side.deliveries.record(done)
    assert side.deliveries.seen(key)


def test_deliveries_expire_when_nobody_can_repeat_them(side: Any) -> None:
    old, new = uuid.uuid4().hex * 2, uuid.uuid4().hex * 2
    now = side.clock.now
    for key, at in ((old, now - KEPT - timedelta(hours=1)), (new, now)):
        side.deliveries.record(Delivery(key, "event", "incident", "http", at))
    here = sorted({place(old)[0], place(new)[0]})
    assert side.deliveries.expire(now, [one for one in EVERYWHERE[:8] if one not in here], 100) == 0
    assert side.deliveries.expire(now, here, 0) == 0
    assert side.deliveries.expire(now, here, 100) == 1
    assert side.deliveries.expire(now, here, 100) == 0
    assert (side.deliveries.seen(old), side.deliveries.seen(new)) == (False, True)


def test_an_incident_is_read_as_it_was_written(side: Any) -> None:
    key = name()
    assert side.incidents.read(key) is None
    whole = begun(
        key, step(), step("d2", "Resolved", 5, verdict="close"), step("d3", minute=9, reconciled=True)
    )
    side.incidents.write(whole, None)
    found, version = side.incidents.read(key)
    assert found == whole
    assert version


def test_a_full_incident_fits(side: Any) -> None:
    steps = [
        step(f"{n:064d}", "Unknown", n, verdict="suppressed:cause:" + "x" * 400, reconciled=True)
        for n in range(MAX_STEPS)
    ]
    key = "/" + "k" * 2047
    whole = begun(key, *steps, summary="é" * 1024, rule="r" * 512, component="c" * 100)
    known = side.incidents.read(key)
    side.incidents.write(whole, known[1] if known else None)
    assert len(side.incidents.read(key)[0].steps) == MAX_STEPS


def test_who_writes_over_another_version_is_told(side: Any) -> None:
    key = name()
    side.incidents.write(begun(key), None)
    with pytest.raises(Transient, match="incident-changed"):
        side.incidents.write(begun(key), None)
    _, version = side.incidents.read(key)
    side.incidents.write(begun(key, step(), step("d2", minute=1)), version)
    with pytest.raises(Transient, match="incident-changed"):
        side.incidents.write(begun(key, step(), step("d3", minute=2)), version)


def test_causes_and_ledgers_are_read_as_they_were_written(side: Any) -> None:
    key = uuid.uuid4().hex
    assert side.incidents.read_cause(key) == (Cause(key), None)
    ended = name()
    cause = (
        Cause(key).opened(name(), AT).opened(ended, AT).closed(step("d9", "Resolved", 3)).ended([ended], AT)
    )
    side.incidents.write_cause(cause, None)
    found, version = side.incidents.read_cause(key)
    assert found == cause
    side.incidents.write_cause(found.opened(name(), AT), version)

    assert side.incidents.read_ledger(key) == (Ledger(key), None)
    ledger = Ledger(key).noticed(Noticed(AT, "d1", name(), "fingerprint"))
    side.incidents.write_ledger(ledger, None)
    assert side.incidents.read_ledger(key)[0] == ledger
    with pytest.raises(Transient):
        side.incidents.write_ledger(ledger, None)


def test_an_open_incident_of_a_component_is_found_while_it_is_marked(side: Any) -> None:
    component = f"pg-{uuid.uuid4().hex[:8]}"
    key, other = name(), name()
    assert side.incidents.open_of([component], anyone) is None
    opened = begun(key, component=component)
    side.incidents.mark(opened)
    side.incidents.write(opened, None)
    side.incidents.write(begun(other, component=f"{component}-2"), None)
    found = side.incidents.open_of(["nobody", component], anyone)
    assert found is not None
    assert found.key == key
    closed = incident.merge(opened, step("d2", "Resolved", 5), facts(component=component))
    side.incidents.write(closed, side.incidents.read(key)[1])
    assert side.incidents.open_of([component], anyone) is None  # the mark alone does not tell
    side.incidents.mark(closed)
    assert side.incidents.open_of([component], anyone) is None


def test_a_mark_outlives_an_end_that_comes_late(side: Any) -> None:
    component, key = f"pg-{uuid.uuid4().hex[:8]}", name()
    opened = begun(key, component=component)
    closed = incident.merge(opened, step("d2", "Resolved", 5), facts(component=component))
    again = incident.merge(closed, step("d3", minute=9), facts(component=component))
    side.incidents.write(again, None)
    side.incidents.mark(again)
    side.incidents.mark(closed)
    found = side.incidents.open_of([component], anyone)
    assert found is not None
    assert found.key == key


def test_a_process_knows_its_own_marks_without_asking(
    stored_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    incidents = Real(stored_cloud).incidents
    component = f"pg-{uuid.uuid4().hex[:8]}"
    assert incidents.open_of([component], anyone) is None
    asked: list[str] = []
    query = incidents._rows.query
    monkeypatch.setattr(incidents._rows, "query", lambda *given: [asked.append(given[0]), query(*given)][1])
    opened = [begun(name(), component=component) for _ in range(3)]
    for one in opened:
        incidents.mark(one)
        incidents.write(one, None)
    found = incidents.open_of([component], anyone)
    assert found is not None
    assert found.key == opened[-1].key
    assert asked == []
    for one in opened:
        closed = incident.merge(one, step("d2", "Resolved", 5), facts(component=component))
        incidents.write(closed, incidents.read(one.key)[1])  # type: ignore[index]
        incidents.mark(closed)
    assert incidents.open_of([component], anyone) is None
    assert len(asked) == 1  # there might have been more than it knew


def test_limited_windows_are_counted_once_for_each_delivery(side: Any) -> None:
    end = side.clock.now - timedelta(hours=2)
    one = Limited(f"/rules/{uuid.uuid4()}", end - timedelta(hours=1), end)
    assert side.incidents.count_limited(one, "d1") is True
    assert side.incidents.count_limited(one, "d1") is False
    assert side.incidents.count_limited(one, "d2") is False
    assert (one, 0) in side.incidents.limited(side.clock.now)
    assert side.incidents.counted(one) == 2
    assert one not in [found[0] for found in side.incidents.limited(end - timedelta(minutes=1))]
    side.incidents.limited_told(one, 2)
    assert (one, 2) in side.incidents.limited(side.clock.now)
    side.incidents.forget_limited(one)
    assert one not in [found[0] for found in side.incidents.limited(side.clock.now)]


def test_what_is_open_is_kept_much_longer_unless_nobody_could_close_it(side: Any) -> None:
    now = side.clock.now
    side.clock.now = now - KEPT - timedelta(days=1)
    lasting, closed, event = name(), name(), name()
    side.incidents.write(begun(lasting), None)
    side.incidents.write(begun(closed, step("d1", "Resolved")), None)
    side.incidents.write(begun(event, resolves=False), None)
    assert side.incidents.expire(now, sorted({place(key)[0] for key in (lasting, closed, event)}), 100) == 2
    assert side.incidents.read(lasting)
    assert not side.incidents.read(closed)
    assert not side.incidents.read(event)
    assert side.incidents.expire(now + KEPT_OPEN, [place(lasting)[0]], 100) >= 1
    assert not side.incidents.read(lasting)


def test_incidents_are_listed_and_nothing_beside_them(side: Any) -> None:
    opened, closed = name(), name()
    side.incidents.write(begun(opened), None)
    side.incidents.write(begun(closed, step("d1", "Resolved")), None)
    side.incidents.write_cause(Cause(uuid.uuid4().hex), None)
    keys = {one.key for one in side.incidents.list()}
    assert {opened, closed} <= keys
    assert all(key.startswith("/") for key in keys)
    assert closed not in {one.key for one in side.incidents.list(only_open=True)}


def test_many_at_once_lose_no_step(side: Any) -> None:
    """A burst of deliveries of one incident, by as many processors: each has its step in it at the end."""
    world = AlertWorld()
    world.incidents, world.deliveries = side.incidents, side.deliveries
    number = uuid.uuid4().int % 10**8
    documents = [alert(number, minute=minute) for minute in range(12)]
    lock = threading.Lock()

    def process(document: dict[str, Any]) -> None:
        mine = AlertWorld()
        mine.incidents, mine.deliveries = side.incidents, side.deliveries
        mine.process(document)
        with lock:
            world.rows.rows += mine.rows.rows
            world.notices.told |= mine.notices.told

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(process, [*documents, *documents[:4]]))
    found = side.incidents.read(documents[0]["data"]["essentials"]["alertId"].lower())
    assert len(found[0].steps) == 12
    assert len(world.event_ids()) == 12
    assert world.notices.words().count("open") == 1


def test_what_ends_something_finds_it_in_any_order_at_once(side: Any) -> None:
    number = uuid.uuid4().int % 10**7
    target = f"/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/{uuid.uuid4().hex}"
    documents = [health(number * 10 + n, "Unavailable", minute=n) for n in range(4)]
    documents += [health(number * 10 + 9, "Available", minute=9)]
    for one in documents:
        one["data"]["essentials"]["alertTargetIDs"] = [target]

    def process(document: dict[str, Any]) -> str:
        mine = AlertWorld()
        mine.incidents, mine.deliveries = side.incidents, side.deliveries
        return mine.process(document).incident

    with ThreadPoolExecutor(5) as pool:
        keys = list(pool.map(process, documents))
    assert {side.incidents.read(key)[0].state for key in keys} == {"Closed"}


def test_a_table_that_may_not_be_read_names_the_role(stored_cloud: Cloud) -> None:
    credential = stored_cloud.credential()
    stored_cloud.revoke_all()
    try:
        with pytest.raises(Blocked, match="role-missing"):
            TableDeliveries(stored_cloud._endpoint("table"), credential).seen("a")
    finally:
        stored_cloud.grant()
