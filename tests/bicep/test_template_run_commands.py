"""What the template hands to the engine, evaluated: the engine reads it as if `vibedata day0` had sent it."""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.bicep.deployed import ENVIRONMENTS, of_type, one, parameters, resources, values
from tests.bicep.evaluate import ATTEMPT, GROUP, SUBSCRIPTION, Reference, deploy
from tests.bicep.template import ROOT, compiled
from vibedata import alert_settings, day0, sequence, settings
from vibedata.envelope import decode

COMMANDS = "Microsoft.Compute/virtualMachines/runCommands"
READY = {phase.verb: phase for phase in day0.phases()}


def command(verb: str, environment: str = "offer") -> dict[str, Any]:
    """Return the properties of a verb's Run Command."""
    (found,) = [r for r in of_type(COMMANDS, environment) if r.name.endswith(verb.replace("_", "-"))]
    return found.properties


def given(body: dict[str, Any], key: str = "parameters") -> dict[str, Any]:
    """Return a Run Command's parameters, by name."""
    return {entry["name"]: entry["value"] for entry in body[key]}


def worker_settings(environment: str, folder: Path) -> settings.Settings:
    """Load what the Run Commands carry as the worker does: written to settings.json, then read."""
    word = given(command("publish_runbooks", environment))["VIBEDATA_SETTINGS"]
    (folder / "settings.json").write_bytes(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
    return settings.load({}, folder / "settings.json")


@pytest.mark.parametrize("verb", READY)
def test_a_run_commands_envelope_is_that_of_day0(verb: str) -> None:
    word = given(command(verb))["VIBEDATA_ENVELOPE"]
    assert word == day0.envelope(READY[verb], ATTEMPT).encode()
    assert decode(word).operation_id == ATTEMPT


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_settings_load_as_the_engines_own(environment: str, tmp_path: Path) -> None:
    found = worker_settings(environment, tmp_path)
    asked = {name: value["value"] for name, value in parameters(environment).items() if "value" in value}
    suffix = found.name_suffix
    assert (found.subscription_id, found.resource_group) == (SUBSCRIPTION, GROUP)
    assert found.instance_id == asked["instanceId"]
    assert found.release_keys == asked["releaseKeys"]
    assert found.publisher_registry == asked["publisherRegistry"]
    assert found.private_networks == [asked["virtualNetworkPrefix"]]
    assert found.image_tag == asked["imageTag"]
    assert found.blob_endpoint == f"https://st{suffix}.blob.core.windows.net/"
    assert found.customer_registry == f"cr{suffix}.azurecr.io"
    assert found.event_hub_namespace == f"evhns-{suffix}.servicebus.windows.net"
    assert not found.arm_endpoint.endswith("/")
    names = {"automation_account": "Microsoft.Automation/automationAccounts"}
    names |= {"customer_registry_name": "Microsoft.ContainerRegistry/registries"}
    names |= {"worker_group": "Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups"}
    for name, kind in names.items():
        assert getattr(found, name) == one(kind, environment).name.split("/")[-1], name


@pytest.mark.parametrize("verb", READY)
def test_the_open_parameters_are_exactly_those_that_day0_passes(verb: str, tmp_path: Path) -> None:
    body = command(verb)
    made = given(body)
    there = day0.Deployment(
        settings=worker_settings("offer", tmp_path),
        vm_id="",
        location="",
        bundle_repository=made["VIBEDATA_BUNDLE_REPOSITORY"],
        bundle_digest=made["VIBEDATA_BUNDLE"],
    )
    ours = day0.parameters(there, day0.envelope(READY[verb], ATTEMPT), ATTEMPT)
    assert set(made) == set(ours)
    for name in set(made) - {"VIBEDATA_SETTINGS"}:  # there the defaults that nobody sets are written out
        assert made[name] == ours[name], name
    assert body["timeoutInSeconds"] == READY[verb].timeout_seconds


@pytest.mark.parametrize("verb", READY)
def test_the_bootstrap_script_accepts_its_parameters(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = bootstrap()
    for name, value in given(command(verb)).items():
        monkeypatch.setenv(name, value)
    assert script.parameter("VIBEDATA_BUNDLE", script.DIGEST)
    assert script.parameter("VIBEDATA_BUNDLE_REPOSITORY", script.REPOSITORY)
    assert script.parameter("VIBEDATA_ENVELOPE", script.WORD)
    assert script.read_settings()["tenant_id"]


def test_only_phase_7_gets_the_publishers_token_and_it_is_a_vaults_secret() -> None:
    for verb in READY:
        body = command(verb)
        if verb != "import_artifacts":
            assert not body["protectedParameters"], verb
            continue
        protected = given(body, "protectedParameters")
        asked = parameters("offer")
        assert protected["VIBEDATA_PUBLISHER_USERNAME"] == asked["publisherTokenName"]["value"]
        secret = protected["VIBEDATA_PUBLISHER_PASSWORD"]
        assert isinstance(secret, Reference)
        assert secret.vault_id.endswith(f"/vaults/{asked['publisherVaultName']['value']}")
        assert f"/resourceGroups/{asked['publisherVaultResourceGroup']['value']}/" in secret.vault_id
        assert f"/subscriptions/{asked['publisherVaultSubscriptionId']['value']}/" in secret.vault_id
        assert secret.secret == asked["publisherTokenSecretName"]["value"]


def test_the_secret_reaches_nothing_but_that_run_command() -> None:
    having = [r.name for r in resources() if any(isinstance(v, Reference) for v in values(r.body))]
    assert having == [r.name for r in of_type(COMMANDS) if "import-artifacts" in r.name]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_function_apps_settings_load(environment: str) -> None:
    (app,) = [r for r in of_type("Microsoft.Web/sites", environment) if r.name.startswith("func-operations-")]
    environ = {entry["name"]: entry["value"] for entry in app.properties["siteConfig"]["appSettings"]}
    found = alert_settings.load(environ)
    assert found.instance_id == parameters(environment)["instanceId"]["value"]
    assert environ["AzureWebJobsStorage__blobServiceUri"] == found.blob_endpoint
    assert environ["AzureWebJobsStorage__tableServiceUri"] == found.table_endpoint
    assert environ["AlertQueue__queueServiceUri"] == found.queue_endpoint
    assert "AzureWebJobsStorage" not in environ, "a plain connection string wins over the identity"
    hub = one("Microsoft.EventHub/namespaces", environment).name
    assert environ["AlertHub__fullyQualifiedNamespace"] == f"{hub}.servicebus.windows.net"


def test_what_is_given_for_an_environment_wins_and_may_be_any_text(tmp_path: Path) -> None:
    text = "??>>~~??>>~~ \u00fc"  # what base64 writes with + and /
    overrides = {"dns_servers": ["127.0.0.1:53"], "image_tag": "other", "alert_http_audience": text}
    asked = {**parameters("rig"), "engineSettings": {"value": overrides}}
    made = [r for r in deploy(compiled(), asked).resources() if r.name.endswith("publish-runbooks")]
    word = given(made[0].properties)["VIBEDATA_SETTINGS"]
    assert bootstrap().WORD.fullmatch(word)
    (tmp_path / "settings.json").write_bytes(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
    found = settings.load({}, tmp_path / "settings.json")
    assert (found.dns_servers, found.image_tag) == (["127.0.0.1:53"], "other")
    assert found.alert_http_audience == text


def test_the_day_a_verb_is_there_the_template_runs_it_unchanged() -> None:
    text = json.dumps(compiled()).replace('"state": "not yet"', '"state": "ready"')
    made = [r for r in deploy(json.loads(text), parameters("offer")).resources() if r.type == COMMANDS]
    actions = [step for step in sequence.steps() if step.is_action]
    assert len(made) == len(actions) + 1
    for step in actions:
        (found,) = [r for r in made if r.name.endswith(step.name.replace("_", "-"))]
        word = given(found.properties)["VIBEDATA_ENVELOPE"]
        envelope = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        assert envelope["verb"] == ("start_job" if step.as_job else step.name)
        assert found.properties["timeoutInSeconds"] == step.timeout_seconds


def bootstrap() -> ModuleType:
    """Return the script of a Run Command as a module."""
    spec = importlib.util.spec_from_file_location("bootstrap_script", ROOT / "runbooks/bootstrap.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
