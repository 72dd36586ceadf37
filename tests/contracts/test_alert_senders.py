"""The ways in for alerts sent by hand: each hands the body over as it is, and says who must do what where it cannot."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
from aiohttp import web
from azure.storage.queue import QueueClient

from demo.instance import Instance
from local_stack.core.context import Context
from local_stack.core.service import Listener, Route
from local_stack.threaded import ThreadedStack
from tests.contracts.tenant import Identity
from tests.environment import World
from tests.fakes.alert_sender import FakeAlertSender
from tests.local_stack.firing import alert
from tests.local_stack.hubs import RECEIVER, SENDER
from tests.local_stack.support import deployer_credential
from vibedata.adapters.alert_senders import HttpSender
from vibedata.alerts.message import decode
from vibedata.errors import BadInput, Blocked, Failed, VibedataError
from vibedata.settings import Settings
from vibedata.wiring import alert_senders


@pytest.fixture(scope="module")
def seeded(world: World, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """One instance for all of these: they look only at what they sent themselves."""
    return world.instance(tmp_path_factory.mktemp("worker"))


def body(instance: Instance) -> bytes:
    told = alert(instance.settings.subscription_id, f"{instance.ids['resourceGroup']}/x")
    return json.dumps(told, indent=2).encode()


def arrived(stack: ThreadedStack, instance: Instance) -> list[bytes]:
    """Return what lies in the hub, whoever sent it."""
    principal, _ = stack.create_application(f"reader-{uuid.uuid4().hex[:6]}")
    hub = instance.ids["eventHub"]
    stack.ctx.roles.assign(f"{hub}/{uuid.uuid4()}", principal.oid, RECEIVER, hub)
    token = stack.ctx.tokens.mint(principal, "https://eventhubs.azure.net")
    found: list[bytes] = []
    for partition in range(4):
        url = f"https://{instance.settings.event_hub_namespace}/alerts/consumergroups/vibedata/partitions"
        reply = requests.get(
            f"{url}/{partition}/events?max=1000",
            headers={"Authorization": f"Bearer {token}"},
            verify=str(stack.ca_file),
            timeout=30,
        )
        found += [base64.b64decode(event["body"]) for event in reply.json()["events"]]
    return found


def changed(instance: Instance, **more: Any) -> Settings:
    return replace(instance.settings, **more)


def test_through_the_action_group_into_the_hub(stack: ThreadedStack, seeded: Instance) -> None:
    raw = body(seeded)
    answer = alert_senders.sender(seeded.settings, "actiongroup").send(raw)
    assert [(each["name"], each["status"]) for each in answer["receivers"]] == [("alerts", 201)]
    assert raw in arrived(stack, seeded)


def test_a_group_that_may_not_send_to_its_hub_is_a_failure_that_says_so(
    new_instance: Callable[..., Instance],
) -> None:
    instance = new_instance(without_roles={"hub-send"})
    with pytest.raises(Failed) as caught:
        alert_senders.sender(instance.settings, "actiongroup").send(body(instance))
    assert caught.value.code == "alert-not-delivered"
    assert "401" in caught.value.message
    assert "Azure Event Hubs Data Sender" in caught.value.hint


def test_where_no_group_can_be_told_to_deliver_the_error_names_the_other_way(seeded: Instance) -> None:
    settings = changed(seeded, action_group_id=seeded.ids["actionGroup"] + "-other")
    with pytest.raises(Blocked) as caught:
        alert_senders.sender(settings, "actiongroup").send(b"{}")
    assert caught.value.code == "alert-path-shut"
    assert "--through eventhub" in caught.value.hint


@pytest.mark.parametrize("raw", [b"no json", b"", b"\xff\xfe"])
def test_what_the_group_takes_for_no_alert_is_said_to_be_none(seeded: Instance, raw: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        alert_senders.sender(seeded.settings, "actiongroup").send(raw)
    assert caught.value.code == "alert-unrecognised"
    assert "--through eventhub" in caught.value.hint


def test_through_the_event_hub_needs_its_role_and_says_which(stack: ThreadedStack, seeded: Instance) -> None:
    raw, who = body(seeded), stack.deployer["object_id"]
    sender = alert_senders.sender(seeded.settings, "eventhub")
    with pytest.raises(Blocked) as caught:
        sender.send(raw)
    assert (caught.value.code, SENDER in caught.value.message) == ("role-missing", True)
    stack.ctx.roles.assign(f"{seeded.ids['eventHub']}/{uuid.uuid4()}", who, SENDER, seeded.ids["eventHub"])
    assert sender.send(raw) == {"status": 201}
    assert raw in arrived(stack, seeded)


def test_through_the_queue_as_intake_would(
    stack: ThreadedStack,
    seeded: Instance,
    metadata_url: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata_url(seeded.ids["worker"]))
    raw = body(seeded)
    assert alert_senders.sender(seeded.settings, "queue").send(raw) == {"messages": 1}
    uami = stack.ctx.principals.of_resource(seeded.ids["uami"])
    assert uami is not None
    queue = QueueClient(seeded.settings.queue_endpoint, "alerts", credential=Identity(stack, uami))
    messages = [decode(base64.b64decode(one.content)) for one in queue.receive_messages(max_messages=32)]
    (mine,) = [one for one in messages if one.body == raw]
    assert mine.origin == "queue"
    with pytest.raises(BadInput) as caught:
        alert_senders.sender(seeded.settings, "queue").send(b"no alert")
    assert caught.value.code == "alert-unrecognised"


def test_through_the_http_fallback_with_a_token_for_it(stack: ThreadedStack, seeded: Instance) -> None:
    got: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        got.append(await request.read())
        return web.Response(status=202)

    async def listen(ctx: Context) -> str:
        routes = [Route("POST", "/api/alerts", take, "alerts.post")]
        return await ctx.listen("identity", Listener("fallback", routes, ("api://vibedata",)))

    url, raw = stack.call(listen), body(seeded)
    assert HttpSender(url, deployer_credential(stack), "api://vibedata").send(raw) == {"status": 202}
    assert got == [raw]
    with pytest.raises(Blocked) as caught:
        HttpSender(url, deployer_credential(stack), "api://other").send(raw)
    assert caught.value.code == "alert-path-shut"
    shut = changed(seeded, alert_http_audience="")
    with pytest.raises(BadInput) as missing:
        alert_senders.sender(shut, "http")
    assert missing.value.code == "settings-missing"


def test_without_settings_the_names_are_the_templates(seeded: Instance) -> None:
    plain = changed(seeded, action_group_id="", event_hub_namespace="", functions_url="", name_suffix="x7k2")
    assert alert_senders.action_group_id(plain).endswith("/actionGroups/ag-vibedata-x7k2")
    assert alert_senders.event_hub_namespace(plain) == "evhns-x7k2.servicebus.windows.net"
    assert alert_senders.functions_url(plain) == "https://func-operations-x7k2.azurewebsites.net"
    with pytest.raises(BadInput):
        alert_senders.functions_url(changed(seeded, functions_url="", name_suffix=""))


def test_the_fake_keeps_what_is_sent_and_raises_as_told() -> None:
    trouble: VibedataError = Blocked("role-missing", "no", hint="")
    fake = FakeAlertSender(trouble, after=1)
    assert fake.send(b"x")["status"] == 201
    with pytest.raises(Blocked):
        fake.send(b"y")
    assert fake.bodies == [b"x"]
