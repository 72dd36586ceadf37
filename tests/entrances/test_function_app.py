"""The Function app as Azure loads it: what it is made of, what it loads, and what each trigger hands over."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure.functions.decorators.function_app import FunctionRegister

import function_app
from demo import alerting
from functions_app import blueprints
from tests.unit.test_settings import REQUIRED
from vibedata import alert_settings
from vibedata.alert_settings import AlertSettings
from vibedata.settings import Settings
from vibedata.wiring.functions import FunctionWires

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "https://127.0.0.1:1/account/"
SETTINGS: dict[str, Any] = {
    "tenant_id": "t",
    "subscription_id": "s",
    "resource_group": "g",
    "instance_id": "i",
    "uami_client_id": "11111111-2222-4333-8444-555555555555",
    "blob_endpoint": NOWHERE,
    "queue_endpoint": NOWHERE,
    "table_endpoint": NOWHERE,
    "logs_ingestion_endpoint": NOWHERE,
    "dcr_immutable_id": "dcr-1",
}
TRIGGERS = {
    "relay_alerts": ("eventHubTrigger", {"eventHubName": "alerts", "connection": "AlertHub"}),
    "receive_alert": ("httpTrigger", {"route": "alerts"}),
    "process_alert": ("queueTrigger", {"queueName": "alerts", "connection": "AlertQueue"}),
    "record_poisoned": ("queueTrigger", {"queueName": "alerts-poison", "connection": "AlertQueue"}),
    "record_stranded": ("timerTrigger", {}),
    "reconcile_alerts": ("timerTrigger", {}),
    "sweep_alerts": ("timerTrigger", {}),
}


def indexed() -> dict[str, Any]:
    """Return the functions as the host's indexing finds them, by name."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    for blueprint in blueprints(lambda: FunctionWires(AlertSettings(**SETTINGS))):
        app.register_functions(blueprint)
    return {one.get_function_name(): one for one in app.get_functions()}


@pytest.fixture(scope="module")
def functions() -> dict[str, Any]:
    return indexed()


def test_it_has_the_functions_it_should_have(functions: dict[str, Any]) -> None:
    assert set(functions) == set(TRIGGERS)


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_trigger_is_connected_to_what_it_should(name: str, functions: dict[str, Any]) -> None:
    kind, told = TRIGGERS[name]
    trigger = json.loads(functions[name].get_function_json())["bindings"]
    (found,) = [binding for binding in trigger if binding["type"] == kind]
    assert told.items() <= found.items()


@pytest.mark.parametrize("name", TRIGGERS)
def test_the_worker_would_accept_the_function(name: str, functions: dict[str, Any]) -> None:
    """Its parameters are its bindings, and the library knows each one's type: else the host would load none."""
    one = functions[name]
    handler = one.get_user_function()
    hints = typing.get_type_hints(handler)
    bound = {binding.name: binding.type for binding in one.get_bindings() if binding.name != "$return"}
    parameters = set(inspect.signature(handler).parameters)
    assert parameters - {"context"} == set(bound)
    known = func.get_binding_registry()
    assert known is not None
    for parameter, kind in bound.items():
        assert known.get(kind).check_input_type_annotation(hints[parameter]), parameter
    assert "return" in hints


def test_the_relay_tries_for_ever_and_reads_bytes(functions: dict[str, Any]) -> None:
    policy = functions["relay_alerts"].get_settings_dict("retry_policy")
    assert (policy["strategy"], policy["max_retry_count"]) == ("exponential_backoff", "-1")
    (trigger,) = functions["relay_alerts"].get_bindings()
    told = trigger.get_dict_repr()
    assert (told["cardinality"], told["dataType"]) == (func.Cardinality.MANY, func.DataType.BINARY)
    assert told["consumerGroup"] == "vibedata"


def test_there_is_one_app_and_no_second_name_for_it() -> None:
    apps = [name for name, value in vars(function_app).items() if isinstance(value, FunctionRegister)]
    assert apps == ["app"]


def test_the_entry_is_short() -> None:
    assert len((ROOT / "function_app.py").read_text("utf-8").splitlines()) <= 12


def test_loading_it_loads_no_sdk_reads_nothing_and_asks_nobody() -> None:
    script = """
import os, socket, sys
import azure.functions
class Spy(dict):
    def __getitem__(self, key): raise AssertionError(f"read {key}")
    get = __getitem__
def no(*words, **named): raise AssertionError("a socket")
socket.socket, real = no, os.environ
os.environ = Spy(real)
import function_app
os.environ = real
wrong = ("azure.mgmt", "azure.identity", "azure.storage", "azure.data", "azure.monitor", "azure.core")
wrong += ("oras", "psycopg", "oci", "requests", "jwt", "cryptography", "typer", "rich", "jsonschema")
print([name for name in sys.modules if name.startswith(wrong)])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", sorted(set(TRIGGERS) - {"relay_alerts"}))
def test_what_wiring_gives_a_flow_is_what_it_asks_for(name: str) -> None:
    flow = __import__(f"vibedata.flows.{name}", fromlist=["run"]).run
    ports = getattr(FunctionWires(AlertSettings(**SETTINGS)), name)()
    parameters = inspect.signature(flow).parameters
    assert set(ports) <= set(parameters)
    given = {"raw", "origin", "message", "dequeue_count"}
    required = {key for key, one in parameters.items() if one.default is inspect.Parameter.empty}
    assert required - set(ports) - given == set()


def test_the_ports_are_made_once_whoever_asks() -> None:
    wires = FunctionWires(AlertSettings(**SETTINGS))
    assert wires.queue() is wires.queue()
    assert wires.receive_alert()["queue"] is wires.queue()


def test_the_wires_of_a_process_wait_for_its_settings() -> None:
    script = """
import os
from vibedata.wiring.functions import FunctionWires
from vibedata.errors import BadInput
try:
    FunctionWires.of_this_process()
except BadInput as error:
    print(error.code)
os.environ.update({f"VIBEDATA_{name.upper()}": value for name, value in GIVEN.items()})
assert FunctionWires.of_this_process() is FunctionWires.of_this_process()
"""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VIBEDATA_")}
    done = subprocess.run(
        [sys.executable, "-c", f"GIVEN = {SETTINGS!r}" + script],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "settings-missing"), done.stderr


def test_the_sample_of_settings_lacks_none_and_has_no_key() -> None:
    values = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    assert alert_settings.load(values).alert_http_audience == ""
    assert set(values) == set(alerting.host_settings(Settings(**REQUIRED), "https://login"))
    for _, told in TRIGGERS.values():
        if "connection" in told:
            assert values[f"{told['connection']}__credential"] == "managedidentity"
    assert not [name for name in values if "key" in name.lower() or "connectionstring" in name.lower()]
