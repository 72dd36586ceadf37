"""Alert instances as Alerts Management lists them: what one is, in which order it may be told, what a list shows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from local_stack.threaded import ThreadedStack
from tests.local_stack.firing import Group, resolved, stamp
from tests.local_stack.support import Rest

SERVICES = ("identity", "arm", "event_hub", "monitor")


@pytest.fixture(scope="module")
def monitor_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    with ThreadedStack(tmp_path_factory.mktemp("monitor") / "stack", services=SERVICES) as stack:
        yield stack


@pytest.fixture
def stack(monitor_stack: ThreadedStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedStack]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(monitor_stack.ca_file))
    yield monitor_stack
    monitor_stack.faults.clear()


@pytest.fixture
def group(stack: ThreadedStack) -> Group:
    return Group(stack)


def conditions(group: Group) -> list[str]:
    return [each["properties"]["essentials"]["monitorCondition"] for each in group.alerts()]


def test_an_instance_says_what_azure_knows_and_has_times_of_its_own(group: Group) -> None:
    fired = group.alert()
    group.deliver(fired)
    (listed,) = group.alerts()
    told, shown = fired["data"]["essentials"], listed["properties"]["essentials"]
    guid = told["alertId"].rsplit("/", 1)[-1]
    assert listed["id"] == f"{told['alertTargetIDs'][0]}/providers/Microsoft.AlertsManagement/alerts/{guid}"
    assert listed["type"] == "Microsoft.AlertsManagement/alerts"
    assert (shown["severity"], shown["monitorCondition"], shown["alertState"]) == ("Sev2", "Fired", "New")
    assert shown["targetResource"] == told["alertTargetIDs"][0]
    assert (shown["targetResourceName"], shown["targetResourceGroup"]) == ("app-web", "rg")
    assert shown["targetResourceType"] == "Microsoft.Web/sites"
    lag = moment(shown["startDateTime"]) - moment(told["firedDateTime"])
    assert timedelta() < lag < timedelta(minutes=1)
    assert "monitorConditionResolvedDateTime" not in shown
    assert "context" not in listed["properties"]


def test_fired_and_resolved_are_one_instance_in_either_order(group: Group) -> None:
    for flip in (False, True):
        fired = group.alert()
        pair = [fired, resolved(fired)]
        for each in reversed(pair) if flip else pair:
            group.deliver(each)
    assert conditions(group) == ["Resolved", "Resolved"]
    assert all("monitorConditionResolvedDateTime" in a["properties"]["essentials"] for a in group.alerts())


def test_what_fires_again_is_fired(group: Group) -> None:
    fired = group.alert(firedDateTime=stamp(datetime.now(timezone.utc) - timedelta(hours=1)))
    group.deliver(fired)
    group.deliver(resolved(fired, after=60))
    again = group.alert(alertId=fired["data"]["essentials"]["alertId"])
    group.deliver(again)
    assert conditions(group) == ["Fired"]


def test_the_same_delivery_again_changes_nothing(group: Group, stack: ThreadedStack) -> None:
    fired = group.alert()
    group.deliver(fired)
    before = group.alerts()
    stack.clock.advance(60)
    group.deliver(fired)
    assert group.alerts() == before
    upper = fired["data"]["essentials"]
    upper["alertId"] = upper["alertId"].upper()
    group.deliver(fired)
    assert group.alerts() == before


@pytest.mark.parametrize(
    "alert_id",
    [
        "0" * 64,
        "/subscriptions/x/resourceGroups/rg/providers/Microsoft.Insights/activityLogAlerts/Test",
        "/providers/Microsoft.CostManagement/alerts/1",
        None,
        7,
    ],
)
def test_alerts_of_other_services_have_no_instance_and_are_delivered(group: Group, alert_id: Any) -> None:
    answer = group.deliver(group.alert(alertId=alert_id)).json()
    assert (answer["alerts"], answer["receivers"][0]["status"]) == ([], 201)
    assert group.alerts() == []


@pytest.mark.parametrize("body", [{"schemaId": "AzureMonitorMetricAlert", "data": {}}, {}, 7, "x"])
def test_what_is_no_common_alert_is_delivered_all_the_same(group: Group, body: Any) -> None:
    assert group.deliver(body).json()["receivers"][0]["status"] == 201


@pytest.mark.parametrize(
    "odd",
    [
        {"firedDateTime": "9999-12-31T23:59:59.9999999Z"},
        {"firedDateTime": "0001-01-01T00:00:00Z"},
        {"firedDateTime": None, "monitorCondition": "Resolved"},
        {"alertRule": None, "monitoringService": None, "alertTargetIDs": None, "severity": None},
        {"alertTargetIDs": [{"a": 1}], "alertRule": ["x"], "description": {"deep": [1]}},
    ],
)
def test_odd_alerts_are_listed_too(group: Group, odd: dict[str, Any]) -> None:
    assert group.deliver(group.alert(**odd)).status_code == 202
    assert len(group.alerts()) == 1


def test_what_is_no_json_is_refused(group: Group) -> None:
    answer = group.rest(
        "POST", f"{group.group_id}/deliver?api-version=2024-10-01-preview", None, params={"x": "1"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidPayload")


def test_arrays_and_records_tell_of_each_alert(group: Group) -> None:
    group.deliver([group.alert(), group.alert()])
    group.deliver({"records": [group.alert()]})
    assert len(group.alerts()) == 3


def test_a_time_range_is_about_the_last_change(group: Group, stack: ThreadedStack) -> None:
    fired = group.alert()
    group.deliver(fired)
    stack.clock.advance(2 * 3600)
    group.deliver(group.alert())
    assert [len(group.alerts(timeRange=r)) for r in ("1h", "1d", "7d", "30d")] == [1, 2, 2, 2]
    group.deliver(resolved(fired))
    assert len(group.alerts(timeRange="1h")) == 2
    stack.clock.advance(25 * 3600)
    assert [len(group.alerts()), len(group.alerts(timeRange="7d"))] == [0, 2]


def test_the_range_can_be_made_to_go_by_the_start(group: Group, stack: ThreadedStack) -> None:
    old = group.alert(firedDateTime=stamp(stack.clock.now() - timedelta(hours=2)))
    group.deliver(old)
    assert len(group.alerts(timeRange="1h")) == 1
    stack.faults.set("monitor.range_by", "started")
    assert [len(group.alerts(timeRange=r)) for r in ("1h", "1d")] == [0, 1]


def test_a_custom_time_range_has_two_ends_within_30_days(group: Group, stack: ThreadedStack) -> None:
    group.deliver(group.alert())
    now = stack.clock.now()

    def asked(start: datetime, end: datetime) -> str:
        return quote(f"{start.isoformat()}/{end.isoformat()}", safe="")

    hour = timedelta(hours=1)
    assert len(group.alerts(customTimeRange=asked(now - hour, now + hour))) == 1
    assert len(group.alerts(customTimeRange=asked(now - 2 * hour, now - hour))) == 0
    assert len(group.alerts(customTimeRange=asked(now - timedelta(days=30), now + hour))) == 1
    too_old = group.listed(customTimeRange=asked(now - timedelta(days=31), now))
    both = group.listed(customTimeRange=asked(now - hour, now), timeRange="1h")
    torn = group.listed(customTimeRange="yesterday")
    assert [answer.status_code for answer in (too_old, both, torn)] == [400, 400, 400]


def test_an_instance_is_forgotten_after_30_days(group: Group, stack: ThreadedStack) -> None:
    fired = group.alert()
    group.deliver(fired)
    stack.clock.advance(31 * 86400)
    assert group.alerts(timeRange="30d") == []
    group.deliver(group.alert())
    assert group.rest("GET", f"{fired['data']['essentials']['alertId']}").status_code == 404


def test_filters_narrow_the_list(group: Group) -> None:
    fired = group.alert(severity="Sev0", alertRule="vd-one")
    group.deliver(fired)
    other = group.alert(monitoringService="Activity Log - Administrative", alertRule="vd-two")
    group.deliver(other)
    group.deliver(resolved(other))
    target = fired["data"]["essentials"]["alertTargetIDs"][0]
    wanted = [
        ("monitorCondition", "Fired", 1),
        ("monitorCondition", "Resolved", 1),
        ("severity", "Sev0", 1),
        ("alertRule", "vd-two", 1),
        ("monitorService", "ActivityLog Administrative", 1),
        ("targetResource", target, 2),
        ("targetResource", target.upper(), 2),
        ("targetResourceGroup", "other", 0),
        ("alertState", "New", 2),
    ]
    for name, value, count in wanted:
        assert len(group.alerts(**{name: value})) == count, (name, value)
    for name in ("monitorCondition", "timeRange", "sortBy", "pageCount"):
        assert group.listed(**{name: "wrong"}).status_code == 400


def test_a_scope_shows_what_lies_below_it(group: Group) -> None:
    group.deliver(group.alert())
    assert len(group.alerts(group.group)) == 1
    assert len(group.alerts(group.id("Microsoft.Web/sites", "app-web"))) == 1
    assert len(group.alerts(group.id("Microsoft.Web/sites", "app-api"))) == 0
    assert len(group.alerts(f"/subscriptions/{uuid.uuid4()}")) == 0


def test_pages_hold_every_instance_once_even_while_others_come(group: Group) -> None:
    for _ in range(7):
        group.deliver(group.alert())
    url = group.listed(pageCount=3).request.url
    seen: list[str] = []
    sizes: list[int] = []
    while url:
        body = group.rest("GET", url).json()
        seen += [each["id"] for each in body["value"]]
        sizes.append(len(body["value"]))
        group.deliver(group.alert())
        url = body.get("nextLink")
    assert (sizes, len(set(seen))) == ([3, 3, 1], 7)
    assert group.listed(ctoken="bogus").status_code == 400


def test_newest_first_unless_asked_otherwise(group: Group) -> None:
    rules = [f"rule-{number}" for number in range(3)]
    for rule in rules:
        group.deliver(group.alert(alertRule=rule))
    assert [each["name"] for each in group.alerts()] == rules[::-1]
    assert [each["name"] for each in group.alerts(sortOrder="asc", sortBy="startDateTime")] == rules


def test_one_instance_is_read_by_either_id(group: Group) -> None:
    fired = group.alert()
    group.deliver(fired)
    (listed,) = group.alerts()
    for path in (listed["id"], fired["data"]["essentials"]["alertId"]):
        assert group.rest("GET", path).json() == listed
    assert group.rest("GET", f"{listed['id'][:-1]}").status_code == 404


def test_reading_needs_the_right_at_the_scope(group: Group) -> None:
    group.deliver(group.alert())
    reader = group.rest_as(group.application("Reader"))
    path = "/providers/Microsoft.AlertsManagement/alerts"
    assert reader("GET", group.group + path).status_code == 200
    assert reader("GET", f"/subscriptions/{group.subscription}{path}").status_code == 403


def test_a_list_can_be_throttled(group: Group, stack: ThreadedStack) -> None:
    stack.faults.add("monitor", "alerts.list", status=429, retry_after=2, times=1)
    struck = group.listed()
    assert (struck.status_code, struck.headers["Retry-After"]) == (429, "2")
    assert group.listed().ok


def test_instances_outlive_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadedStack(tmp_path / "again", services=SERVICES) as stack:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stack.ca_file))
        group = Group(stack)
        group.deliver(group.alert())
        before = group.alerts()
    assert [path.name for path in (tmp_path / "again" / "files" / "monitor").iterdir()] == ["alerts.db"]
    with ThreadedStack(tmp_path / "again", services=SERVICES) as again:
        group.rest = Rest(again)
        assert group.alerts() == before


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
