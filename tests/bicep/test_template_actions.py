"""The template's Run Commands and `vibedata day0` start the same verbs in the same way (D2).

What they carry, byte for byte, is in test_template_evaluated.py; what waits for what in test_template_sequence.py.
"""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from typing import Any

from tests.bicep.template import ROOT, Placed, compiled, everything, modules, of_type
from vibedata import contracts, day0
from vibedata.alert_settings import AlertSettings
from vibedata.day0 import Deployment
from vibedata.settings import Settings

STEPS = contracts.load("sequence.json")["steps"]
ACTIONS = {step["step"]: step for step in STEPS if step["kind"] == "action"}


def uses() -> dict[str, Placed]:
    """Return the uses of the module that runs a verb, by verb."""
    found = [p for p in everything() if "verb" in p.given]
    return {p.given["verb"]["value"]: p for p in found}


def outer(verb: str) -> dict[str, Any]:
    """Return the module of main.bicep that a verb's Run Command lies in, or is."""
    use = uses()[verb]
    return modules()[use.path[0] if use.path else use.body["name"]].body


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


def _deployment() -> Deployment:
    required = {f.name: f"the-{f.name}" for f in fields(Settings) if f.default is MISSING}
    settings = Settings(**{**required, "release_keys": []})  # type: ignore[arg-type]
    return Deployment(
        settings, vm_id="/vm", location="here", bundle_repository="vibedata/bundle", bundle_digest="d"
    )
