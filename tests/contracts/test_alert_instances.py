"""AlertInstances: the fake and Alerts Management on the local stack list the same; what only a service can do."""

from __future__ import annotations

import time
import tracemalloc
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest

from local_stack.threaded import ThreadedStack
from tests.builders.alert_instances import listed
from tests.contracts.tenant import Tenant
from tests.environment import World, deployer
from tests.fakes.alert_instances import FakeAlertInstances
from tests.local_stack.firing import alert, resolved
from vibedata import retry
from vibedata.adapters.alert_instances import MAX_PAGES, AlertsManagement
from vibedata.adapters.rest import Rest, arm
from vibedata.alerts.reconciling import AlertInstance
from vibedata.errors import Blocked, Failed, Transient

NOW = datetime.now(timezone.utc)
LONG_AGO = NOW - timedelta(days=29)


def patience(attempts: int, waited: list[float]) -> retry.Patience:
    return retry.Patience(
        retry.network(attempts, 0.0),
        retry.propagation(0.0),
        waited.append,
        lambda: datetime.now(timezone.utc),
    )


class Azure:
    """Alerts that fire at an action group without receivers, and their list as vibedata-uami reads it."""

    def __init__(self, stack: ThreadedStack) -> None:
        self.tenant = Tenant(stack)
        self.waited: list[float] = []
        properties = {"groupShortName": "vibedata", "enabled": True}
        self.tenant.put("group", "Microsoft.Insights/actionGroups", "ag", properties=properties)
        self.tenant.grant("inventory")
        self.target = f"{self.tenant.ids['resourceGroup']}/providers/Microsoft.Web/sites/app-web"
        self._firing = arm(stack.addresses.url("arm"), deployer(stack))

    def instances(self, attempts: int = 3, max_pages: int = MAX_PAGES) -> AlertsManagement:
        rest = arm(self.tenant.stack.addresses.url("arm"), cast(Any, self.tenant.credential))
        group, waits = self.tenant.ids["resourceGroup"], patience(attempts, self.waited)
        return AlertsManagement(rest, group, waits, max_pages=max_pages)

    def fire(self, *, at: datetime, ended: bool = False) -> str:
        name = str(uuid.uuid4())
        subscription = self.tenant.arm.subscription_id
        told = alert(
            subscription,
            self.target,
            alertId=f"/subscriptions/{subscription}/providers/Microsoft.AlertsManagement/alerts/{name}",
            firedDateTime=at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        )
        for one in (told, resolved_of(told, at)) if ended else (told,):
            path = f"{self.tenant.ids['group']}/deliver"
            self._firing.call("POST", path, params={"api-version": "2024-10-01-preview"}, body=one)
        return name


def resolved_of(told: dict[str, Any], at: datetime) -> dict[str, Any]:
    essentials = {**told["data"]["essentials"], "firedDateTime": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    return resolved({**told, "data": {**told["data"], "essentials": essentials}})


class Fake:
    def __init__(self) -> None:
        self._fake = FakeAlertInstances()

    def instances(self) -> FakeAlertInstances:
        return self._fake

    def fire(self, *, at: datetime, ended: bool = False) -> str:
        name = str(uuid.uuid4())
        ends = {"resolved_at": at + timedelta(seconds=60)} if ended else {}
        self._fake.listed.append(listed(name, at, **{"changed_at": datetime.now(timezone.utc), **ends}))
        return name


@pytest.fixture(scope="module")
def azure(world: World) -> Azure:
    return Azure(world.stack)


@pytest.fixture
def clean(azure: Azure) -> Iterator[Azure]:
    azure.tenant.stack.faults.clear()
    azure.waited.clear()
    yield azure
    azure.tenant.stack.faults.clear()


@pytest.fixture(params=["fake", "azure"])
def side(request: pytest.FixtureRequest) -> Any:
    return Fake() if request.param == "fake" else request.getfixturevalue("clean")


def found(side: Any, *names: str, since: datetime = LONG_AGO) -> dict[str, AlertInstance]:
    told = {one.alert_id.rsplit("/", 1)[-1]: one for one in side.instances().changed(since)}
    return {name: one for name, one in told.items() if name in names}


def test_an_alert_that_fired_is_listed(side: Any) -> None:
    name = side.fire(at=NOW)
    one = found(side, name)[name]
    assert (one.condition, one.severity, one.signal, one.service) == ("Fired", "Sev2", "Metric", "Platform")
    assert abs(one.started_at - NOW) < timedelta(seconds=5)
    assert one.resolved_at is None
    assert one.alert_id.count("/") == 6, "the id as deliveries give it"


def test_an_alert_that_ended_says_when(side: Any) -> None:
    name = side.fire(at=NOW - timedelta(hours=1), ended=True)
    one = found(side, name)[name]
    assert one.condition == "Resolved"
    assert one.resolved_at
    assert timedelta(seconds=55) < one.resolved_at - one.started_at < timedelta(seconds=65)


def test_what_fired_long_ago_and_changed_now_is_listed(side: Any) -> None:
    name = side.fire(at=NOW - timedelta(days=20))
    assert set(found(side, name, since=datetime.now(timezone.utc) - timedelta(minutes=5))) == {name}


def test_what_has_not_changed_since_is_not(side: Any) -> None:
    name = side.fire(at=NOW)
    assert found(side, name, since=datetime.now(timezone.utc) + timedelta(minutes=5)) == {}


def test_all_pages_are_read_but_no_more_than_needed(clean: Azure) -> None:
    clean.tenant.stack.faults.set("monitor.page_size", 2)
    names = [clean.fire(at=NOW) for _ in range(5)]
    assert len(found(clean, *names)) == 5
    later = datetime.now(timezone.utc)
    time.sleep(0.01)
    newest = clean.fire(at=NOW)
    clean.tenant.stack.faults.add("*", "alerts.list", status=500, skip=2)
    assert set(found(clean, newest, since=later)) == {newest}, (
        "the second page was old, so no third was asked"
    )


@pytest.mark.parametrize("by", ["started", "changed"])
def test_of_more_than_can_be_read_what_changed_first_is_complete(world: World, by: str) -> None:
    azure = Azure(world.stack)
    try:
        azure.tenant.stack.faults.set("monitor.page_size", 2)
        azure.tenant.stack.faults.set("monitor.range_by", by)
        azure.fire(at=NOW - timedelta(hours=1))  # changed before, so nobody asks for it
        time.sleep(0.01)
        since = datetime.now(timezone.utc)
        early = azure.fire(at=NOW - timedelta(days=20))  # started before, changed since
        names = [early, *(azure.fire(at=datetime.now(timezone.utc)) for _ in range(8))]
        instances = azure.instances(max_pages=2)
        with pytest.raises(Failed):
            list(instances.changed(since))
        read: list[str] = []
        for _ in range(9):
            until = datetime.now(timezone.utc) + timedelta(minutes=1)
            found, reached = instances.changed_first(since, until)
            read += [one.alert_id.rsplit("/", 1)[-1] for one in found]
            if reached == until:
                break
            assert reached > since
            since = reached
        assert reached == until
        assert set(read) == set(names)
    finally:
        azure.tenant.stack.faults.clear()


def test_whichever_time_a_range_is_about_nothing_is_lost(clean: Azure) -> None:
    clean.tenant.stack.faults.set("monitor.range_by", "started")
    name = clean.fire(at=NOW - timedelta(days=20))
    assert set(found(clean, name, since=datetime.now(timezone.utc) - timedelta(minutes=5))) == {name}


def test_being_asked_to_wait_is_obeyed(clean: Azure) -> None:
    name = clean.fire(at=NOW)
    clean.tenant.stack.faults.add("*", "alerts.list", status=429, retry_after=7, times=2)
    assert set(found(clean, name)) == {name}
    assert clean.waited == [7.0, 7.0]


def test_being_asked_to_wait_for_ever_ends_in_trying_again_later(clean: Azure) -> None:
    clean.tenant.stack.faults.add("*", "alerts.list", status=429, retry_after=7)
    with pytest.raises(Transient) as caught:
        list(clean.instances(attempts=2).changed(LONG_AGO))
    assert (caught.value.code, caught.value.retry_after, clean.waited) == ("azure-busy", 7.0, [7.0, 7.0])


def test_other_resource_groups_are_not_listed(clean: Azure, world: World) -> None:
    other = Azure(world.stack).fire(at=NOW)
    assert found(clean, other) == {}


def test_without_the_role_it_is_named(world: World) -> None:
    azure = Azure(world.stack)
    azure.tenant.revoke_all()
    with pytest.raises(Blocked) as caught:
        list(azure.instances().changed(LONG_AGO))
    assert (caught.value.code, caught.value.detail["role"]) == ("role-missing", "Reader")


class Pages:
    """Resource Manager with prepared pages."""

    def __init__(self, *pages: Any) -> None:
        self.asked: list[str] = []
        self._pages = list(pages)

    def get(self, path: str, **_: str) -> Any:
        self.asked.append(path)
        return self._pages.pop(0) if len(self._pages) > 1 else self._pages[0]


def prepared(*pages: Any) -> tuple[AlertsManagement, Pages]:
    rest = Pages(*pages)
    return AlertsManagement(cast(Rest, rest), "/subscriptions/s", patience(0, [])), rest


def test_a_next_page_elsewhere_is_asked_of_our_own_endpoint() -> None:
    link = "https://attacker.example/subscriptions/s/providers/microsoft.alertsmanagement/alerts?ctoken=%2bA"
    instances, rest = prepared({"value": [listed("a", NOW)], "nextLink": link}, {"value": [listed("b", NOW)]})
    assert len(list(instances.changed(LONG_AGO))) == 2
    assert rest.asked[1] == "/subscriptions/s/providers/microsoft.alertsmanagement/alerts?ctoken=%2bA"


def test_a_next_page_that_is_no_list_of_alerts_is_refused() -> None:
    instances, _ = prepared(
        {"value": [listed("a", NOW)], "nextLink": "https://arm/subscriptions/s?api-version=1"}
    )
    with pytest.raises(Failed) as caught:
        list(instances.changed(LONG_AGO))
    assert caught.value.code == "alert-instances-strange"


def test_pages_without_an_end_have_one() -> None:
    link = "https://arm/subscriptions/s/providers/Microsoft.AlertsManagement/alerts?again"
    instances, rest = prepared({"value": [listed("a", NOW)], "nextLink": link})
    with pytest.raises(Failed) as caught:
        list(instances.changed(LONG_AGO))
    assert (caught.value.code, len(rest.asked)) == ("alert-instances-endless", MAX_PAGES + 1)


class ManyPages:
    """Resource Manager with pages of one that is new and a hundred that are not, each with texts of its own."""

    def __init__(self, count: int) -> None:
        self._left = count

    def get(self, path: str, **_: str) -> Any:
        self._left -= 1
        old = [
            listed(f"{self._left}-{n}", LONG_AGO, description=f"{self._left}-{n} {'x' * 1000}")
            for n in range(100)
        ]
        page: dict[str, Any] = {"value": [listed(f"{self._left}", NOW), *old]}
        return page | ({"nextLink": f"https://arm{path.partition('?')[0]}?more"} if self._left else {})


def test_what_is_not_kept_of_a_list_takes_no_memory() -> None:
    instances = AlertsManagement(cast(Rest, ManyPages(50)), "/subscriptions/s", patience(0, []))
    tracemalloc.start()
    try:
        kept = sum(1 for _ in instances.changed(NOW - timedelta(hours=1)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert kept == 50
    assert peak < 2_000_000  # a page or two; all 5,000 texts are 5 MB


def test_texts_that_are_the_same_are_held_once() -> None:
    instances, _ = prepared(
        {"value": [listed(name, NOW, description="x" * 50 + "".join(["y"])) for name in "ab"]}
    )
    one, other = instances.changed(LONG_AGO)
    assert one.description is other.description


@pytest.mark.parametrize("answer", [None, [], {"value": None}, {"value": [None, {}, "x"]}, {}])
def test_a_strange_answer_is_an_empty_one(answer: Any) -> None:
    instances, _ = prepared(answer)
    assert list(instances.changed(LONG_AGO)) == []
