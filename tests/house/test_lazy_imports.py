"""A verb loads its own SDKs and no other's: a worker starts it in a process of its own, each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.unit.test_settings import REQUIRED
from vibedata import catalog

# What a verb has no business with.
AUTOMATION, REGISTRY = "azure.mgmt.automation", "azure.mgmt.containerregistry"
GENERIC = {"azure.mgmt.resource", "azure.mgmt.compute", "azure.monitor.query"}
FOREIGN = {
    "import_artifacts": {AUTOMATION, *GENERIC},
    "publish_runbooks": {REGISTRY, "oras", *GENERIC},
    "start_job": {REGISTRY, AUTOMATION, "oras", "azure.data.tables", "jsonschema", *GENERIC},
    "bootstrap_registry": {REGISTRY, AUTOMATION, "oras", *GENERIC},
    "run_health": {REGISTRY, AUTOMATION, "oras", "azure.data.tables", *GENERIC},
}
OWN = {
    "import_artifacts": {"oras", "azure.mgmt.containerregistry"},
    "publish_runbooks": {"azure.mgmt.automation"},
    "start_job": {"azure.monitor.ingestion"},
    "bootstrap_registry": {"azure.data.tables"},
    "run_health": {"azure.monitor.ingestion"},
}
WIRE = """
import json, os, sys
from vibedata import settings, wiring
from vibedata.errors import Transient
class Refused:
    def get_token(self, *scopes, **options):
        raise Transient("azure-unreachable", "nobody is signed in", hint="")
class Offline(wiring.Wires):
    def credential(self):
        return Refused()
wires = Offline(settings.Settings(**json.loads(os.environ["GIVEN"])), {}, "op")
wires.operations_log()
wires.flow(sys.argv[1])
"""
SHOW = "\nimport json as j, sys as s; print(j.dumps(sorted(s.modules)))"


def loaded(script: str, *words: str) -> set[str]:
    """Run a script in a process of its own; return the modules that it had loaded at its end."""
    given = {
        **REQUIRED,
        "blob_endpoint": "https://127.0.0.1:1/account/",
        "table_endpoint": "https://127.0.0.1:1/account/",
        "logs_ingestion_endpoint": "https://127.0.0.1:1",
        "arm_endpoint": "https://127.0.0.1:1",
        "customer_registry": "127.0.0.1:1",
        "publisher_registry": "127.0.0.1:1",
    }
    done = subprocess.run(
        [sys.executable, "-c", script + SHOW, *words],
        env={
            **os.environ,
            "GIVEN": json.dumps(given),
            "VIBEDATA_HOME": "/nonexistent",
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_every_verb_is_tried() -> None:
    assert set(FOREIGN) == set(OWN) == set(catalog.VERBS)


@pytest.mark.parametrize("verb", catalog.VERBS)
def test_a_verb_loads_its_own_sdks_only(verb: str) -> None:
    modules = loaded(WIRE, verb)
    assert modules & FOREIGN[verb] == set()
    assert OWN[verb] <= modules, "the list of a verb's own SDKs is out of date"


@pytest.mark.parametrize("verb", catalog.VERBS)
def test_importing_a_flow_loads_no_sdk(verb: str) -> None:
    modules = loaded(f"import vibedata.wiring, vibedata.flows.{verb}")
    assert not {name for name in modules if name.split(".")[0] in ("azure", "oras", "requests", "typer")}


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["run-health", "--help"]], ids=" ".join)
def test_asking_the_command_line_loads_no_sdk(words: list[str]) -> None:
    modules = loaded(f"from vibedata.cli import main; main({words!r})")
    assert not {name for name in modules if name.split(".")[0] in ("azure", "oras", "requests")}


def test_the_version_is_told_without_the_commands() -> None:
    modules = loaded("from vibedata.cli import main; main(['--version'])")
    assert not modules & {"typer", "rich", "vibedata.commands", "vibedata.wiring"}
