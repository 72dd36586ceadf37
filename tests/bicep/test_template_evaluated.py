"""The template as Azure would see it: evaluated whole, for every environment, and read by the code that it feeds."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.bicep.deployed import ENVIRONMENTS, deployment, of_type, one, parameters, resources
from tests.bicep.evaluate import ATTEMPT, GROUP, SUBSCRIPTION, Deployment, Reference, Resource, deploy
from tests.bicep.runtime import Runtime
from tests.bicep.template import ROOT, compiled
from tests.peers import azure_types
from vibedata import alert_settings, day0, settings
from vibedata.envelope import decode

COMMANDS = "Microsoft.Compute/virtualMachines/runCommands"
ROLES = "Microsoft.Authorization/roleAssignments"
IDENTITY = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/vibedata-uami"
)
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


def values(value: Any) -> Iterator[Any]:
    """Yield every plain value in a body."""
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from values(each)
    if not isinstance(value, (dict, list)):
        yield value


# --- what the engine is given --------------------------------------------------------------------------------


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
    bootstrap = _bootstrap()
    for name, value in given(command(verb)).items():
        monkeypatch.setenv(name, value)
    assert bootstrap.parameter("VIBEDATA_BUNDLE", bootstrap.DIGEST)
    assert bootstrap.parameter("VIBEDATA_BUNDLE_REPOSITORY", bootstrap.REPOSITORY)
    assert bootstrap.parameter("VIBEDATA_ENVELOPE", bootstrap.WORD)
    assert bootstrap.read_settings()["tenant_id"]


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


def test_an_engine_setting_can_be_given_for_an_environment(tmp_path: Path) -> None:
    asked = {**parameters("rig"), "engineSettings": {"value": {"dns_servers": ["127.0.0.1:53"]}}}
    made = [r for r in deploy(compiled(), asked).resources() if r.name.endswith("publish-runbooks")]
    word = given(made[0].properties)["VIBEDATA_SETTINGS"]
    text = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
    (tmp_path / "settings.json").write_bytes(text)
    assert settings.load({}, tmp_path / "settings.json").dns_servers == ["127.0.0.1:53"]


# --- every environment ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_resource_is_resolved_and_has_an_id_of_its_own(environment: str) -> None:
    found = resources(environment)
    assert len(found) > 200
    twice = [key for key, count in Counter(r.id for r in found).items() if count > 1]
    assert not twice
    for resource in found:
        left = [v for v in values(resource.body) if isinstance(v, Runtime)]
        assert not left, f"{resource.id}: {left[0].path}"
        assert resource.id.startswith(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/"), resource.id


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_body_is_right_by_azures_own_types(environment: str) -> None:
    shapes = azure_types()
    wrong = []
    for resource in resources(environment):
        if not any(isinstance(v, Reference) for v in values(resource.body)):
            body = {k: v for k, v in resource.body.items() if k not in ("type", "scope")}
            body["name"] = resource.name.rsplit("/", 1)[-1]
            found = shapes.violations(
                resource.type, resource.body["apiVersion"], json.loads(json.dumps(body))
            )
            wrong += [f"{resource.id}: {text}" for text in found]
    assert not wrong, "\n".join(wrong)


def test_environments_differ_by_their_parameters_alone() -> None:
    made = {name: Counter(r.type for r in resources(name)) for name in ENVIRONMENTS}
    assert made["local"] == made["offer"] == made["rig"]


def test_pressing_create_again_changes_nothing_but_the_attempt() -> None:
    asked = parameters("offer")
    again = deploy(
        compiled(), {**asked, "deploymentAttempt": {"value": "99999999-9999-4999-9999-999999999999"}}
    )
    first = {r.id: r.body for r in resources()}
    second = {r.id: r.body for r in again.resources()}
    assert set(first) == set(second)
    changed = {first[key]["type"] for key in first if first[key] != second[key]}
    assert changed == {COMMANDS}


def test_another_instance_shares_no_global_name() -> None:
    asked = {**parameters("offer"), "instanceId": {"value": "another-instance"}}
    other = {r.id for r in deploy(compiled(), asked).resources()}
    kinds = {"Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts", "Microsoft.Web/sites"}
    kinds |= {"Microsoft.ContainerRegistry/registries", "Microsoft.EventHub/namespaces"}
    kinds |= {"Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.Search/searchServices"}
    kinds |= {"Microsoft.CognitiveServices/accounts", "Microsoft.OperationalInsights/workspaces"}
    for resource in resources():
        if resource.type in kinds:
            assert resource.id not in other, resource.id


LENGTHS = {
    "Microsoft.KeyVault/vaults": (3, 24, r"[a-z][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Storage/storageAccounts": (3, 24, r"[a-z0-9]+"),
    "Microsoft.ContainerRegistry/registries": (5, 50, r"[a-z0-9]+"),
    "Microsoft.DBforPostgreSQL/flexibleServers": (3, 63, r"[a-z][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Search/searchServices": (2, 60, r"[a-z][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Web/sites": (2, 60, r"[a-z][a-z0-9-]*[a-z0-9]"),
    "Microsoft.Compute/virtualMachines": (1, 64, r"[a-z][a-z0-9-]*[a-z0-9]"),
}


@pytest.mark.parametrize("kind", LENGTHS)
def test_a_name_is_one_that_azure_takes(kind: str) -> None:
    least, most, shape = LENGTHS[kind]
    for resource in of_type(kind):
        assert least <= len(resource.name) <= most, resource.name
        assert re.fullmatch(shape, resource.name), resource.name


# --- roles ---------------------------------------------------------------------------------------------------


def test_across_tenants_the_assignment_names_its_identitys_resource() -> None:
    for resource in of_type(ROLES, "offer"):
        holder = resource.properties["delegatedManagedIdentityResourceId"]
        assert holder == IDENTITY or "/actionGroups/" in holder, resource.id
    for resource in of_type(ROLES, "local"):
        assert resource.properties["delegatedManagedIdentityResourceId"] is None, resource.id


def test_every_assignment_is_of_a_managed_identity_at_a_scope_that_is_deployed() -> None:
    there = {r.id for r in resources()}
    for resource in of_type(ROLES):
        assert resource.properties["principalType"] == "ServicePrincipal"
        scope = resource.body.get("scope")
        assert scope is None or scope in there, scope


def test_assignments_are_named_by_scope_principal_and_role() -> None:
    names = [r.name for r in of_type(ROLES)]
    assert len(set(names)) == len(names)
    asked = {**parameters("offer"), "instanceId": {"value": "another-instance"}}
    elsewhere = {
        r.name for r in deploy(compiled(), asked).resources() if r.type == ROLES and "scope" in r.body
    }
    scoped = {r.name for r in of_type(ROLES) if "scope" in r.body}
    assert scoped.isdisjoint(elsewhere) or scoped & elsewhere == _at_names_that_stay(scoped & elsewhere)


def _at_names_that_stay(names: set[str]) -> set[str]:
    """Return those at resources whose name has no suffix: they are told apart by the group's id alone."""
    stay = {r.name: r.body["scope"] for r in of_type(ROLES) if r.name in names}
    return {name for name, scope in stay.items() if "sagrnukjmx7di" not in scope}


# --- what the outputs tell -----------------------------------------------------------------------------------


def test_the_outputs_are_what_the_publishers_bootstrap_needs() -> None:
    assert set(deployment().outputs()) == {
        "automationAccountResourceId",
        "containerRegistryName",
        "deploymentAttempt",
        "fullyQualifiedDomainName",
        "gatewayPublicAddress",
        "gatewayResourceId",
        "identityClientId",
        "identityPrincipalId",
        "identityResourceId",
        "instanceId",
        "keyVaultName",
        "nameSuffix",
        "tenantId",
        "workerGroupName",
        "workspaceResourceId",
    }


def test_every_output_is_a_value_of_a_resource_that_is_there() -> None:
    there = {r.id for r in resources()}
    for name, value in deployment().outputs().items():
        assert isinstance(value, str), name
        assert value, name
        if name.endswith("ResourceId"):
            assert value in there, name
    made = deployment().outputs()
    assert made["keyVaultName"] == one("Microsoft.KeyVault/vaults").name
    assert made["containerRegistryName"] == one("Microsoft.ContainerRegistry/registries").name


def _bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap_script", ROOT / "runbooks/bootstrap.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
