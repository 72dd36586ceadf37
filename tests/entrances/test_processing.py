"""The functions `process_alert` and `sweep_alerts`, by the real wiring on the local stack."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import azure.functions as func
import pytest
from azure.functions.queue import QueueMessage

from demo.instance import Instance
from functions_app import processing
from tests.builders.alert_world import alert, message_of
from vibedata.adapters.credentials import worker_credential
from vibedata.adapters.operations_query import operations_reader
from vibedata.alert_settings import AlertSettings
from vibedata.alerts.message import encode
from vibedata.errors import BadInput
from vibedata.operations_table import problems
from vibedata.wiring.functions import FunctionWires

NOW = datetime.now(timezone.utc)


def settings(instance: Instance) -> AlertSettings:
    s = instance.settings
    return AlertSettings(
        tenant_id=s.tenant_id,
        subscription_id=s.subscription_id,
        resource_group=s.resource_group,
        instance_id=s.instance_id,
        uami_client_id=s.uami_client_id,
        blob_endpoint=s.blob_endpoint,
        queue_endpoint=s.blob_endpoint,
        table_endpoint=s.table_endpoint,
        logs_ingestion_endpoint=s.logs_ingestion_endpoint,
        dcr_immutable_id=s.dcr_immutable_id,
        arm_endpoint=s.arm_endpoint,
    )


def functions(wires: Callable[[], FunctionWires]) -> dict[str, Callable[..., Any]]:
    app = func.FunctionApp()
    app.register_functions(processing.blueprint(wires))
    return {found.get_function_name(): found.get_user_function() for found in app.get_functions()}


@pytest.fixture
def wires(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, metadata_url: Callable[[str], str]
) -> FunctionWires:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata_url(instance.deployment.vm_id))
    return FunctionWires(settings(instance))


def rows(instance: Instance) -> list[dict[str, Any]]:
    credential = worker_credential(instance.settings.uami_client_id)
    return operations_reader(instance.settings, credential).rows(since=NOW - timedelta(hours=1))


def queued(document: dict[str, Any]) -> QueueMessage:
    return QueueMessage(id="1", body=encode(message_of(document)))


def test_an_alert_on_the_queue_becomes_a_row_and_a_second_time_nothing(
    instance: Instance, wires: FunctionWires
) -> None:
    process = functions(lambda: wires)["process_alert"]
    for _ in range(2):
        process(queued(alert()))
        process(queued(alert(condition="Resolved", minute=4)))
    found = rows(instance)
    assert sorted((row["Operation"], row["Status"]) for row in found) == [
        ("process_alert/metric", "Fired"),
        ("process_alert/metric", "Resolved"),
        ("process_alert/notice", "Closed"),
        ("process_alert/notice", "Opened"),
    ]
    assert not [problem for row in found for problem in problems(row) if "column" not in problem]
    (incident,) = wires.incidents().list()
    assert not incident.is_open
    (swept,) = [functions(lambda: wires)["sweep_alerts"](None)]
    assert swept is None
    assert len(rows(instance)) == 4


def test_a_bare_alert_put_on_the_queue_by_hand_is_processed(instance: Instance, wires: FunctionWires) -> None:
    import json

    functions(lambda: wires)["process_alert"](QueueMessage(id="1", body=json.dumps(alert()).encode()))
    assert {row["Details"].get("origin") for row in rows(instance)} == {"queue", None}


def test_what_is_no_alert_goes_to_poison_with_the_reason(wires: FunctionWires) -> None:
    with pytest.raises(BadInput, match="message-unreadable"):
        functions(lambda: wires)["process_alert"](QueueMessage(id="1", body=b"hello"))


def test_the_triggers_are_those_that_the_host_is_told_of() -> None:
    app = func.FunctionApp()
    app.register_functions(processing.blueprint(lambda: None))  # type: ignore[arg-type,return-value]
    triggers = {
        found.get_function_name(): found.get_trigger().get_dict_repr() for found in app.get_functions()
    }
    assert triggers["process_alert"]["queueName"] == "alerts"
    assert triggers["process_alert"]["connection"] == "AlertQueue"
    assert triggers["sweep_alerts"]["schedule"] == "0 */5 * * * *"
    assert triggers["sweep_alerts"]["runOnStartup"] is False
