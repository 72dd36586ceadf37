"""The intake, for real: the action group fires, the host runs the real app, and the alert is on the queue."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from demo import alerting
from demo.instance import Instance
from local_stack.functions_host.options import Identity, Options
from local_stack.functions_host.threaded import FunctionsHost
from local_stack.identity import app_service_environment
from local_stack.monitor.receivers import MONITOR_APP, MONITOR_ROLE
from tests.contracts.tenant import Identity as As
from tests.environment import World, deployer
from tests.flows.test_receive_alert import alert
from vibedata.adapters.alert_claims import BlobAlertClaims
from vibedata.alerts.message import Message, decode

APP = Path(__file__).resolve().parents[2]
OFF = ("process_alert", "record_poisoned", "reconcile_alerts", "sweep_alerts")


class Intake:
    """One instance, the real app on the host, and a look at what came of it."""

    def __init__(self, world: World, instance: Instance) -> None:
        self.stack, self.instance = world.stack, instance
        settings = instance.settings
        told = alerting.host_settings(settings, world.stack.addresses.url("identity"))
        told |= {f"AzureWebJobs.{name}.Disabled": "true" for name in OFF}
        environment = app_service_environment(world.stack.ctx, instance.ids["functionApp"])
        options = Options(directory=world.stack.directory, identity=Identity.of(environment), drain=5.0)
        self.host = FunctionsHost(APP, told, options)
        uami = world.stack.ctx.principals.of_resource(instance.ids["uami"])
        assert uami is not None
        who: Any = As(world.stack, uami)
        self._queue = QueueClient(settings.queue_endpoint, "alerts", credential=who)
        self.claims = BlobAlertClaims(settings.blob_endpoint, who)
        self._rejected = BlobServiceClient(settings.blob_endpoint, credential=who).get_container_client(
            "alerts-rejected"
        )

    def fire(self, document: Any) -> None:
        where = f"{self.instance.ids['actionGroup']}/deliver?api-version=2024-10-01-preview"
        token = deployer(self.stack).get_token("https://management.azure.com/.default").token
        answer = requests.post(
            self.stack.addresses.url("arm") + where,
            json=document,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        assert answer.status_code == 202, answer.text

    def call(self, body: bytes, *, roles: tuple[str, ...] = (MONITOR_ROLE,), method: str = "POST") -> Any:
        ctx = self.stack.ctx
        caller = ctx.principals.first_party(*MONITOR_APP)
        token = ctx.tokens.mint(caller, self.instance.settings.alert_http_audience, roles=roles)
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, f"{self.host.url}/api/alerts", data=body, headers=headers, timeout=30)

    def arrived(self, count: int, seconds: float = 60.0) -> list[Message]:
        deadline, found = time.monotonic() + seconds, []
        while len(found) < count and time.monotonic() < deadline:
            for one in self._queue.receive_messages(max_messages=32):
                found.append(decode(base64.b64decode(one.content)))
                self._queue.delete_message(one)
            time.sleep(0.05)
        return found

    def rejected(self) -> set[bytes]:
        return {self._rejected.download_blob(blob.name).readall() for blob in self._rejected.list_blobs()}


@pytest.fixture(scope="module")
def intake(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    made = Intake(world, world.instance(tmp_path_factory.mktemp("worker")))
    with made.host:
        yield made


def test_what_fires_at_the_action_group_is_on_the_queue(intake: Intake) -> None:
    small, large = alert(1), alert(2, description="x" * 60_000)
    for document in (small, large):
        intake.fire(document)
    inline, claimed = sorted(intake.arrived(2), key=lambda message: message.claim or "")
    assert (inline.origin, claimed.origin) == ("eventhub", "eventhub")
    assert json.loads(inline.body or b"") == small
    assert json.loads(intake.claims.read(claimed.claim or "")) == large


def test_an_event_that_is_no_alert_is_kept_and_does_not_hold_up_the_next(intake: Intake) -> None:
    intake.fire({"no": "alert"})
    intake.fire(alert(3))
    (message,) = intake.arrived(1)
    assert json.loads(message.body or b"") == alert(3)
    assert {"no": "alert"} in [json.loads(raw) for raw in intake.rejected()]


def test_a_hub_whose_queue_is_down_loses_nothing(intake: Intake, stack: Any) -> None:
    stack.faults.add("storage", "queue.PutMessage", status=503, times=6)
    intake.fire(alert(4))
    assert alert(4) in [json.loads(message.body or b"") for message in intake.arrived(1)]


def test_an_action_group_may_call_instead(intake: Intake) -> None:
    answer = intake.call(json.dumps([alert(5), alert(6)]).encode())
    assert (answer.status_code, answer.json()) == (202, {"enqueued": 2, "rejected": []})
    assert {message.origin for message in intake.arrived(2)} == {"http"}
    assert intake.call(b"hello").json()["rejected"][0]["code"] == "not-json"
    assert b"hello" in intake.rejected()


def test_nobody_else_may_call(intake: Intake) -> None:
    assert intake.call(b"{}", roles=()).status_code == 401
    assert intake.call(b"{}", method="GET").status_code == 405
    assert requests.post(f"{intake.host.url}/api/alerts", json=alert(7), timeout=30).status_code == 401
    assert intake.arrived(1, seconds=0.5) == []


def test_a_caller_hears_of_trouble_in_time_to_come_again(intake: Intake, stack: Any) -> None:
    stack.faults.add("storage", "queue.PutMessage", status=503)
    began = time.monotonic()
    answer = intake.call(json.dumps(alert(8)).encode())
    assert (answer.status_code, answer.json()) == (503, {"code": "azure-busy"})
    assert time.monotonic() - began < 30
    stack.faults.clear()
    assert intake.call(json.dumps(alert(8)).encode()).status_code == 202
    assert len(intake.arrived(1)) == 1
