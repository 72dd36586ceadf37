"""Action groups: whom they call, as whom, and what they try again."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise

import jwt
import pytest

from local_stack.core.context import Context
from local_stack.core.writes import Write
from local_stack.threaded import ThreadedStack
from tests.local_stack.firing import Group, Hook
from tests.local_stack.hubs import RECEIVER

SERVICES = ("identity", "arm", "event_hub", "monitor")
GAPS = (5, 20, 5, 40, 5)  # seconds


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
def new_hook() -> Iterator[Callable[..., Hook]]:
    made: list[Hook] = []

    def make(*statuses: int) -> Hook:
        made.append(Hook(*statuses))
        return made[-1]

    yield make
    for hook in made:
        hook.close()


def webhook(hook: Hook, **more: object) -> dict[str, object]:
    return {"name": "hook", "serviceUri": hook.url, "useCommonAlertSchema": True, **more}


def test_the_alert_lies_in_the_hub_as_it_was_fired(stack: ThreadedStack) -> None:
    group = Group(stack)
    answer = group.deliver(group.alert())
    assert answer.status_code == 202
    assert answer.json()["receivers"] == [{"name": "hub", "type": "eventHub", "status": 201, "detail": ""}]
    (events,) = [found for n in range(4) if (found := group.caller(RECEIVER).events(n))]
    assert base64.b64decode(events[0]["body"]) == answer.request.body


def test_without_its_role_the_group_is_refused_and_azure_remembers_the_alert(stack: ThreadedStack) -> None:
    group = Group(stack, role=False)
    fired = group.alert()
    (told,) = group.deliver(fired).json()["receivers"]
    assert told["status"] == 401
    assert "'Send' claim(s) are required" in told["detail"]
    (listed,) = group.alerts()
    assert listed["id"].endswith(fired["data"]["essentials"]["alertId"].rsplit("/", 1)[-1])
    group.grant()
    assert group.deliver(fired).json()["receivers"][0]["status"] == 201


def test_a_receiver_that_names_no_identity_is_called_as_azure_monitor(stack: ThreadedStack) -> None:
    group = Group(stack)
    (hub,) = group.body["properties"]["eventHubReceivers"]
    group.put_group(eventHubReceivers=[{key: hub[key] for key in hub if key != "managedIdentity"}])
    assert group.deliver(group.alert()).json()["receivers"][0]["status"] == 401


def test_a_user_assigned_identity_is_named_by_its_id(stack: ThreadedStack) -> None:
    group = Group(stack)
    uami = group.put("Microsoft.ManagedIdentity/userAssignedIdentities", "other")
    (hub,) = group.body["properties"]["eventHubReceivers"]
    group.put_group(eventHubReceivers=[{**hub, "managedIdentity": uami["id"]}])
    before = stack.writes.last
    assert group.deliver(group.alert()).json()["receivers"][0]["status"] == 401
    (write,) = stack.writes.since(before, service="event_hub")
    assert write.principal == "other"


def test_a_namespace_that_is_gone_is_told(stack: ThreadedStack) -> None:
    group = Group(stack)
    group.rest("DELETE", group.namespace_body["id"])
    assert group.deliver(group.alert()).json()["receivers"][0]["status"] == 404


def test_a_hub_that_is_busy_is_not_asked_again(stack: ThreadedStack) -> None:
    group = Group(stack)
    stack.faults.add("event_hub", "events.send", status=503)
    before = stack.writes.last
    assert group.deliver(group.alert()).json()["receivers"][0]["status"] == 503
    assert len(stack.writes.since(before, service="event_hub")) == 1
    assert len(group.alerts()) == 1


def test_a_disabled_group_calls_nobody_and_the_alert_exists(stack: ThreadedStack) -> None:
    group = Group(stack, enabled=False)
    answer = group.deliver(group.alert()).json()
    assert (answer["enabled"], answer["receivers"], len(group.alerts())) == (False, [], 1)


def test_a_secure_webhook_gets_the_action_groups_own_token(
    stack: ThreadedStack, new_hook: Callable[..., Hook]
) -> None:
    hook, group = new_hook(202), Group(stack)
    group.put_group(
        webhookReceivers=[
            webhook(
                hook, useAadAuth=True, identifierUri="api://vibedata", objectId="o", tenantId=stack.tenant_id
            )
        ]
    )
    answered = {r["name"]: r["status"] for r in group.deliver(group.alert()).json()["receivers"]}
    assert answered == {"hub": 201, "hook": 202}
    ((headers, body),) = hook.calls
    claims = stack.ctx.tokens.claims(headers["Authorization"].removeprefix("Bearer "), ["api://vibedata"])
    assert claims["appid"] == "461e8683-5575-4561-ac7f-899cc907d62a"
    assert claims["roles"] == ["ActionGroupsSecureWebhook"]
    assert body["schemaId"] == "azureMonitorCommonAlertSchema"


def test_a_plain_webhook_gets_no_token(stack: ThreadedStack, new_hook: Callable[..., Hook]) -> None:
    hook, group = new_hook(200), Group(stack)
    group.put_group(webhookReceivers=[webhook(hook)], eventHubReceivers=[])
    group.deliver(group.alert())
    assert "Authorization" not in hook.calls[0][0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 502])
def test_what_azure_drops_is_not_tried_again(
    stack: ThreadedStack, new_hook: Callable[..., Hook], status: int
) -> None:
    hook, group = new_hook(status), Group(stack)
    group.put_group(webhookReceivers=[webhook(hook)], eventHubReceivers=[])
    (told,) = group.deliver(group.alert()).json()["receivers"]
    assert told["status"] == status
    assert "retrying" not in told
    stack.clock.advance(3600)
    group.deliver(group.alert())  # and it is called for the next alert at once
    assert len(hook.calls) == 2


@pytest.mark.parametrize("status", [408, 429, 503, 504])
def test_what_azure_retries_is_tried_again(
    stack: ThreadedStack, new_hook: Callable[..., Hook], status: int
) -> None:
    hook, group = new_hook(status, 200), Group(stack)
    group.put_group(webhookReceivers=[webhook(hook)], eventHubReceivers=[])
    before = stack.writes.last
    (told,) = group.deliver(group.alert()).json()["receivers"]
    assert (told["status"], told["retrying"]) == (status, True)
    settle(stack, before, 1)
    stack.clock.advance(5)
    hook.wait(2)
    settle(stack, before, 2)
    stack.clock.advance(3600)
    time.sleep(0.05)
    assert len(hook.calls) == 2
    assert hook.calls[0][1] == hook.calls[1][1]


def test_five_retries_at_azures_pace_and_then_a_quarter_of_an_hour_of_silence(
    stack: ThreadedStack, new_hook: Callable[..., Hook]
) -> None:
    hook, group = new_hook(503), Group(stack)
    group.put_group(webhookReceivers=[webhook(hook)], eventHubReceivers=[])
    before = stack.writes.last
    group.deliver(group.alert())
    for number, gap in enumerate(GAPS, 1):
        settle(stack, before, number)
        stack.clock.advance(gap)
        hook.wait(number + 1)
    settle(stack, before, 6)
    called = [datetime.fromisoformat(write.time) for write in _calls(stack, before)]
    passed = [(after - one).total_seconds() for one, after in pairwise(called)]
    assert all(gap <= seconds < gap + 14 for gap, seconds in zip(GAPS, passed, strict=True)), passed
    (told,) = group.deliver(group.alert()).json()["receivers"]
    assert (told["status"], len(hook.calls)) == (0, 6)
    assert "pause" in told["detail"]
    stack.clock.advance(15 * 60)
    group.deliver(group.alert())
    assert len(hook.calls) == 7


def test_a_receiver_that_nobody_answers_for_is_tried_again(
    stack: ThreadedStack, new_hook: Callable[..., Hook]
) -> None:
    hook, group = new_hook(200), Group(stack)
    nobody = {**webhook(hook), "serviceUri": "http://127.0.0.1:9/none"}
    group.put_group(webhookReceivers=[nobody], eventHubReceivers=[])
    (told,) = group.deliver(group.alert()).json()["receivers"]
    assert (told["status"], told["retrying"]) == (0, True)


def test_the_write_log_has_each_delivery_and_no_secret(
    stack: ThreadedStack, new_hook: Callable[..., Hook]
) -> None:
    hook, group = new_hook(200), Group(stack)
    group.put_group(webhookReceivers=[webhook(hook)])
    before = stack.writes.last
    group.deliver(group.alert())
    writes = stack.writes.since(before, service="monitor")
    assert sorted(write.operation for write in writes) == ["alert.deliver", "webhook.call"]
    (delivery,) = [write for write in writes if write.operation == "alert.deliver"]
    assert {(r["name"], r["status"]) for r in delivery.detail["receivers"]} == {("hub", 201), ("hook", 200)}
    assert "secret" not in str(writes)


def test_only_who_may_fires_alerts(stack: ThreadedStack) -> None:
    group = Group(stack)
    reader = group.rest_as(group.application("Monitoring Reader"))
    path = f"{group.group_id}/deliver?api-version=2024-10-01-preview"
    assert reader("POST", path, group.alert()).status_code == 403
    assert group.rest("POST", path.replace("/ag/", "/none/"), group.alert()).status_code == 404


@pytest.mark.parametrize(
    "properties",
    [
        {"groupShortName": "longer-than-twelve"},
        {"webhookReceivers": [{"name": "a", "serviceUri": "ftp://x"}]},
        {"webhookReceivers": [{"name": "a", "serviceUri": "https://x", "useAadAuth": True}]},
        {"webhookReceivers": [{"name": "hub", "serviceUri": "https://x"}]},
        {"webhookReceivers": [{"name": str(n), "serviceUri": "https://x"} for n in range(11)]},
    ],
)
def test_a_group_that_azure_would_not_take_is_refused(
    stack: ThreadedStack, properties: dict[str, object]
) -> None:
    group = Group(stack)
    kept = {**group.body["properties"], **properties}
    body = {"location": "Global", "identity": {"type": "SystemAssigned"}, "properties": kept}
    assert group.rest("PUT", f"{group.group_id}?api-version=2024-10-01-preview", body).status_code == 400


def test_an_identity_that_the_group_lacks_cannot_be_named(stack: ThreadedStack) -> None:
    group = Group(stack)
    body = {"location": "Global", "properties": group.body["properties"]}
    refused = group.rest("PUT", f"{group.group_id}?api-version=2024-10-01-preview", body)
    assert refused.status_code == 400


def test_the_token_for_the_hub_is_asked_for_once(stack: ThreadedStack) -> None:
    group, seen = Group(stack), []
    stack.ctx.tokens.watchers.append(seen.append)
    try:
        for _ in range(5):
            assert group.deliver(group.alert()).json()["receivers"][0]["status"] == 201
    finally:
        stack.ctx.tokens.watchers.remove(seen.append)
    audiences = [jwt.decode(token, options={"verify_signature": False})["aud"] for token in seen]
    assert audiences == ["https://eventhubs.azure.net"]


def settle(stack: ThreadedStack, before: int, calls: int) -> None:
    """Wait until so many calls of webhooks have ended, and whoever made them waits or is done."""
    deadline = time.monotonic() + 60
    while len(_calls(stack, before)) < calls:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    async def nothing(_ctx: Context) -> None:
        """Have a turn of the loop."""

    stack.call(nothing)


def _calls(stack: ThreadedStack, before: int) -> list[Write]:
    return [one for one in stack.writes.since(before, service="monitor") if one.operation == "webhook.call"]
