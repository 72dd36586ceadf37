"""The template's Run Commands and `vibedata day0` start the same verbs in the same way, gate by gate (D2, D8)."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import MISSING, fields
from functools import cache
from typing import Any

import pytest

from tests.bicep.template import ROOT, Placed, compiled, everything, modules, of_type
from vibedata import contracts, day0, sequence
from vibedata.alert_settings import AlertSettings
from vibedata.day0 import Deployment
from vibedata.envelope import decode
from vibedata.settings import Settings

STEPS = contracts.load("sequence.json")["steps"]
ACTIONS = {step["step"]: step for step in STEPS if step["kind"] == "action"}

# The module of main.bicep that makes what an infrastructure step makes.
INFRASTRUCTURE = {
    "identity": "01-identity",
    "observability": "02-observability",
    "network": "03-network",
    "dns": "04-dns",
    "security": "05-security",
    "storage": "06-foundation",
    "registry": "06-foundation",
    "automation": "06-foundation",
    "worker": "06-hybrid-worker",
    "database": "09-database",
    "apps": "10-apps",
    "aks": "11-airbyte",
    "gateway": "12-gateway",
    "ai": "13-ai",
    "search": "13-ai",
}


def uses() -> dict[str, Placed]:
    """Return the uses of the module that runs a verb, by verb."""
    found = [p for p in everything() if "verb" in p.given]
    return {p.given["verb"]["value"]: p for p in found}


def outer(verb: str) -> dict[str, Any]:
    """Return the module of main.bicep that a verb's Run Command lies in, or is."""
    use = uses()[verb]
    return modules()[use.path[0] if use.path else use.body["name"]].body


def waits_for(module: str) -> set[str]:
    """Return the modules that must be done before one starts, however far back."""
    done: set[str] = set()
    todo = [module]
    while todo:
        for edge in modules()[todo.pop()].body.get("dependsOn", []):
            name = re.findall(r"'([^']+)'\)\]$", edge)[0]
            if name not in done:
                done.add(name)
                todo.append(name)
    return done


def command() -> dict[str, Any]:
    """Return the template of the module that runs a verb."""
    template: dict[str, Any] = uses()["publish_runbooks"].inner
    return template


def test_every_action_of_the_sequence_is_wired_once() -> None:
    assert set(uses()) == set(ACTIONS)
    scripts = of_type("Microsoft.Compute/virtualMachines/runCommands")
    assert len(scripts) == len(ACTIONS) + 1  # and the placeholder certificate


def test_a_verb_that_is_not_there_yet_is_wired_but_not_run() -> None:
    for verb, step in ACTIONS.items():
        condition = outer(verb).get("condition")
        if step["state"] == "ready" and step["phase"] in (7, 8, 14, 15):
            assert condition is None, verb
        else:
            assert condition == f"[contains(variables('ready'), '{verb}')]"


@pytest.mark.parametrize("verb", ACTIONS)
def test_an_action_waits_for_what_it_needs_and_for_the_gate_before_its_phase(verb: str) -> None:
    before = waits_for(outer(verb)["name"])
    phase = ACTIONS[verb]["phase"]
    gates = {outer(other)["name"] for other, step in ACTIONS.items() if step["phase"] < phase}
    assert gates <= before
    files = {int(name[:2]) for name in before | {outer(verb)["name"]}}
    assert set(range(1, phase)) <= files, "a phase before it is not waited for"


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["step"])
def test_a_step_waits_for_what_the_sequence_says_it_needs(step: dict[str, Any]) -> None:
    def module(name: str) -> str:
        return INFRASTRUCTURE.get(name) or outer(name)["name"]

    own = module(step["step"])
    needed = {module(name) for name in step["needs"]} - {own}
    # A cluster asks the registry for nothing before there are pods.
    assert needed - {"06-foundation" if step["step"] == "aks" else ""} <= waits_for(own)


def test_infrastructure_waits_for_no_action_but_for_images() -> None:
    actions = {outer(verb)["name"] for verb in ACTIONS}
    waiting = {
        name: waits_for(name) & actions
        for name in ("09-database", "11-airbyte", "12-gateway", "13-ai", "10-apps", "06-foundation")
    }
    assert waiting.pop("10-apps") == {"07-artifacts"}
    assert not any(waiting.values())


@pytest.mark.parametrize("estimate", sequence.ESTIMATES)
def test_the_templates_own_graph_takes_no_longer_than_the_plan(estimate: sequence.Estimate) -> None:
    took = {step.name: step.minutes[estimate] for step in sequence.steps()}
    modules_of = {**INFRASTRUCTURE, "automation": "06-automation", "worker": "06-worker"}
    minutes: dict[str, float] = {}
    for name, value in took.items():
        module = modules_of.get(name) or outer(name)["name"]
        minutes[module] = max(value, minutes.get(module, 0.0))

    @cache
    def end(module: str) -> float:
        before = [
            re.findall(r"'([^']+)'\)\]$", edge)[0] for edge in modules()[module].body.get("dependsOn", [])
        ]
        return max((end(name) for name in before), default=0.0) + minutes.get(module, 0.0)

    planned = sequence.plan(sequence.steps(), estimate).minutes
    assert end("15-health") <= planned + 0.01


def test_the_worker_waits_for_no_zone() -> None:
    # It is four minutes from the network: behind the zones it would lengthen the critical path.
    assert waits_for("06-worker") == {"01-identity", "02-observability", "03-network"}
    assert waits_for("06-automation") == {"02-observability"}
    assert waits_for("06-hybrid-worker") == waits_for("06-worker") | {"06-worker", "06-automation"}


def test_the_network_waits_for_nothing() -> None:
    assert not waits_for("03-network")
    assert waits_for("04-dns") == {"03-network"}


def test_the_script_is_the_bootstrap_and_failure_fails_the_deployment() -> None:
    script = (ROOT / "runbooks/bootstrap.py").read_text("utf-8")
    (name,) = re.findall(r"'(\$fxv#\d+)'", _command_body()["source"]["script"])
    assert command()["variables"][name] == script
    assert _command_body()["treatFailureAsDeploymentFailure"] is True
    assert _command_body()["asyncExecution"] is False


def test_a_run_commands_parameters_are_those_of_day0() -> None:
    phase = day0.phases()[0]
    open_ones = day0.parameters(_deployment(), day0.envelope(phase, "op"), "attempt")
    assert [entry["name"] for entry in _command_body()["parameters"]] == sorted(open_ones)
    text = _command_body()["protectedParameters"]
    assert re.findall(r"'(VIBEDATA_\w+)'", text) == [
        "VIBEDATA_PUBLISHER_PASSWORD",
        "VIBEDATA_PUBLISHER_USERNAME",
    ]
    assert text.startswith("[if(variables('needsPublisher'), ")
    assert _command_body()["timeoutInSeconds"] == "[variables('step').timeoutSeconds]"


@pytest.mark.parametrize("phase", day0.phases(), ids=lambda phase: phase.verb)
def test_the_envelope_is_byte_for_byte_that_of_day0(phase: day0.Phase) -> None:
    attempt = "11111111-2222-3333-4444-555555555555"
    step = ACTIONS[phase.verb]
    given = _envelope(step, attempt)
    text = json.dumps(given, separators=(",", ":"))  # as Resource Manager's string() writes an object
    word = base64.b64encode(text.encode()).decode().replace("+", "-").replace("/", "_").replace("=", "")
    assert word == day0.envelope(phase, attempt).encode()
    assert decode(word).operation_id == attempt
    assert uses()[phase.verb].body["name"][:2] == f"{phase.number:02d}"


def test_every_setting_of_the_engine_is_given_or_has_a_default() -> None:
    given = set(modules()["06-engine-settings"].given["settings"]["value"])
    known = {f.name for f in fields(Settings)}
    required = {f.name for f in fields(Settings) if f.default is MISSING and f.default_factory is MISSING}
    assert required <= given <= known
    # What follows from the names, or from no resource, keeps its default or comes as an override.
    assert known - given == {
        "action_group_id",
        "alert_http_audience",
        "functions_url",
        "dns_servers",
        "health_deadline_seconds",
        "job_deadline_seconds",
        "job_poll_seconds",
        "lease_seconds",
        "logs_query_endpoint",
        "propagation_seconds",
    }


def test_every_setting_of_the_function_app_is_given_or_has_a_default() -> None:
    text = json.dumps(modules()["10-apps"].inner["variables"])
    given = {name.lower() for name in re.findall(r"'VIBEDATA_(\w+)'", text)}
    required = {
        f.name for f in fields(AlertSettings) if f.default is MISSING and f.default_factory is MISSING
    }
    assert required <= given
    for connection in ("AzureWebJobsStorage", "AlertQueue", "AlertHub"):
        assert f"'{connection}__credential', 'value', 'managedidentity'" in text
        assert f"'{connection}__clientId'" in text


def test_pressing_create_again_is_another_attempt() -> None:
    assert compiled()["parameters"]["deploymentAttempt"]["defaultValue"] == "[newGuid()]"
    for verb, use in uses().items():
        given = use.given["deploymentAttempt"]["value"]
        assert given == "[parameters('deploymentAttempt')]", verb


def _command_body() -> dict[str, Any]:
    (resource,) = command()["resources"]
    body: dict[str, Any] = resource["properties"]
    return body


def _envelope(step: dict[str, Any], attempt: str) -> dict[str, Any]:
    """Evaluate the module's variable `envelope` for a step: its keys in the template's own order."""
    made = command()["variables"]["envelope"]
    is_job = step["as"] == "job"
    assert "createObject('args', variables('step').args, 'runbook', parameters('verb'))" in made["args"]
    values = {
        "args": {"args": step["args"], "runbook": step["step"]} if is_job else step["args"],
        "bundle": made["bundle"],
        "operationId": attempt,
        "schema": made["schema"],
        "verb": "start_job" if is_job else step["step"],
    }
    return {key: values[key] for key in made}


def _deployment() -> Deployment:
    required = {f.name: f"the-{f.name}" for f in fields(Settings) if f.default is MISSING}
    settings = Settings(**{**required, "release_keys": []})  # type: ignore[arg-type]
    return Deployment(
        settings, vm_id="/vm", location="here", bundle_repository="vibedata/bundle", bundle_digest="d"
    )
