"""What wiring tells the flows: the retry policy where it is kept now (NFR-8), and the bundle that runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders.manifest import sample_manifest
from tests.fakes.blobs import FakeArtifactBlobs
from tests.fakes.component_registry import FakeComponentRegistry
from tests.fakes.leases import FakeReleasePointer
from tests.fakes.trust import record
from tests.unit.test_settings import REQUIRED
from vibedata import retry
from vibedata.errors import Transient
from vibedata.registry import Change, Row
from vibedata.settings import Settings
from vibedata.wiring import Wires, running_bundle

VERBS = ["import_artifacts", "publish_runbooks", "bootstrap_registry", "run_health", "start_job"]
SETTINGS = Settings(**{**REQUIRED, "uami_client_id": "11111111-2222-4333-8444-555555555555"})


class Unreachable(FakeComponentRegistry):
    """A registry that gives no answer."""

    def read(self, prefix: str = "") -> list[Row]:
        raise Transient("azure-unreachable", "no route", hint="wait")


class Instance(Wires):
    """Wires whose stores are in memory."""

    def __init__(self, registry: FakeComponentRegistry) -> None:
        super().__init__(SETTINGS, {}, "operation")
        self.registry, self.blobs, self.pointer = registry, FakeArtifactBlobs(), FakeReleasePointer()

    def _registry(self) -> Any:
        return self.registry

    def _rows(self) -> Any:
        return self.registry

    def _blobs(self) -> Any:
        return self.blobs

    def _releases(self) -> Any:
        return self.pointer

    def _leases(self) -> Any:
        return None

    def imports(self, attempts: int, delay: int) -> None:
        document = sample_manifest()
        document["networkRetryPolicies"] = {"attempts": attempts, "delaySeconds": delay}
        self.pointer.put(record(json.dumps(document).encode(), self.blobs))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_retries_as_the_registry_says(verb: str) -> None:
    wires = Instance(FakeComponentRegistry())
    policy = Row("policy:networkRetry", {"attempts": 7, "delaySeconds": 9})
    wires.registry.write([Change("create", policy), Change("create", Row("release:current", {}))])
    wires.imports(1, 1)
    _, ports = wires.flow(verb)
    assert ports["network"]() == retry.network(7, 9)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("registry", [FakeComponentRegistry(), Unreachable()], ids=["empty", "unreachable"])
def test_without_a_registry_no_verb_fails(verb: str, registry: FakeComponentRegistry) -> None:
    _, ports = Instance(registry).flow(verb)
    assert ports["network"]() is None


def test_a_verb_that_reads_no_manifest_is_told_its_policy() -> None:
    wires = Instance(FakeComponentRegistry())
    wires.imports(0, 5)
    assert wires.flow("start_job")[1]["network"]() == retry.network(0, 5)


def test_code_in_a_bundle_knows_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIBEDATA_HOME", str(tmp_path))
    digest = "sha256-" + "b" * 64
    assert running_bundle(tmp_path / "bundles" / digest) == "sha256:" + "b" * 64
    assert running_bundle(tmp_path / "elsewhere" / digest) is None
    assert running_bundle(tmp_path / "bundles" / "current") is None
    assert running_bundle() is None
