"""What the Marketplace's certification refuses and a compiler does not: rules that a template like ours breaks."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest

from local_stack.azure_types import AzureTypes
from tests.bicep.deployed import parameters, resources
from tests.bicep.evaluate import deploy
from tests.bicep.template import BICEP, compiled, everything
from tests.peers import azure_types

# Hosts that differ from cloud to cloud: a template must ask `environment()` for them, in its scripts too.
HOSTS = (
    "management.azure.com",
    "management.core.windows.net",
    "core.windows.net",
    "vault.azure.net",
    "database.windows.net",
    "login.microsoftonline.com",
    "login.windows.net",
    "graph.windows.net",
    "gallery.azure.com",
    "azuredatalakestore.net",
    "azuredatalakeanalytics.net",
    "trafficmanager.net",
)


def templates() -> list[dict[str, Any]]:
    """Return the main template and every module's."""
    return [compiled(), *(placed.inner for placed in everything() if placed.inner)]


@pytest.mark.parametrize("host", HOSTS)
def test_no_host_of_one_cloud_is_written_down(host: str) -> None:
    text = json.dumps({key: value for key, value in compiled().items() if key != "parameters"})
    text = text.replace("https://schema.management.azure.com/", "")
    assert host not in text


def test_every_size_of_a_machine_is_a_parameter_of_the_main_template() -> None:
    sizes = {"workerSize": {"value": "A"}, "clusterNodeSize": {"value": "B"}}
    made = deploy(compiled(), {**parameters("offer"), **sizes}).resources()
    assert {size for resource in made for size in _under("vmSize", resource.body)} == {"A", "B"}


def _under(key: str, value: Any) -> list[Any]:
    if isinstance(value, list):
        return [found for each in value for found in _under(key, each)]
    if not isinstance(value, dict):
        return []
    return [v for k, v in value.items() if k == key] + [
        f for each in value.values() for f in _under(key, each)
    ]


def test_a_number_has_both_its_bounds_or_none() -> None:
    for template in templates():
        for name, declared in template.get("parameters", {}).items():
            assert ("minValue" in declared) == ("maxValue" in declared), name


def test_a_name_that_sounds_like_a_secret_is_one_or_says_that_it_is_none() -> None:
    harmless = re.compile(r"permission|version|url|uri|name", re.IGNORECASE)
    for template in templates():
        for name, declared in template.get("parameters", {}).items():
            if re.search(r"password|secret|accountkey", name, re.IGNORECASE):
                assert declared["type"] in ("securestring", "secureObject", "bool") or harmless.search(
                    name
                ), name
            if declared["type"].startswith("secure"):
                assert declared.get("defaultValue", "") == "", name


def test_the_region_is_given_from_above_and_never_written_down() -> None:
    assert compiled()["parameters"]["location"]["defaultValue"] == "[resourceGroup().location]"
    assert "allowedValues" not in compiled()["parameters"]["location"]
    for template in templates()[1:]:
        assert "defaultValue" not in template.get("parameters", {}).get("location", {})
    for placed in everything():
        location = placed.body.get("location")
        assert location in (None, "global") or str(location).startswith("[parameters('"), str(placed)
    rest = json.dumps({key: value for key, value in compiled().items() if key != "parameters"})
    assert "resourceGroup().location" not in rest


def test_everything_declared_is_used() -> None:
    for template in templates():
        own = {key: value for key, value in template.items() if key not in ("parameters", "variables")}
        text = json.dumps([own, _used_by_declarations(template)])
        for kind in ("parameters", "variables"):
            for name in template.get(kind, {}):
                looped = [each["name"] for each in template[kind]["copy"]] if name == "copy" else [name]
                assert all(f"{kind}('{each}')" in text for each in looped), name


def _used_by_declarations(template: dict[str, Any]) -> list[Any]:
    return [*template.get("variables", {}).values(), *template.get("parameters", {}).values()]


def test_no_parameter_file_lies_where_it_would_be_shipped() -> None:
    assert not list(BICEP.rglob("*.parameters.json"))


def test_no_deployment_tells_its_secrets_to_the_log() -> None:
    for placed in everything():
        assert "debugSetting" not in placed.properties
        if placed.inner:
            assert placed.properties["expressionEvaluationOptions"] == {"scope": "inner"}
            assert placed.properties["mode"] == "Incremental"


# The one preview although a stable version is there: only it gives an action group an identity (D7).
PREVIEWS = {("Microsoft.Insights/actionGroups", "2024-10-01-preview")}


def test_an_api_version_is_recent_or_the_newest_there_is() -> None:
    azure_types()
    catalogue = AzureTypes()
    for kind, version in sorted({(r.type, r.body["apiVersion"]) for r in resources()} - PREVIEWS):
        stable = [each for each in catalogue.versions(kind) if "preview" not in each]
        assert catalogue.versions(kind), kind
        newer = [each for each in stable if each[:10] > version[:10]]
        recent = date.fromisoformat(max(stable)[:10]) - date.fromisoformat(version[:10]) <= timedelta(
            days=730
        )
        assert not newer or ("preview" not in version and recent), f"{kind}@{version}: {newer[-1]} is there"
