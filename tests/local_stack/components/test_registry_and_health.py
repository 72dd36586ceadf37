"""Phases 14 and 15 with their real adapters over a seeded instance: register, probe, break, mend, nothing twice."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from demo.instance import Instance, Names, seed
from demo.publisher import Publisher
from tests.builders.manifest import sample_manifest
from tests.builders.signing import KEY
from tests.contracts.tenant import Identity
from tests.environment import World
from tests.fakes.blobs import FakeArtifactBlobs
from tests.fakes.leases import FakeLeases, FakeReleasePointer
from tests.fakes.operations_log import RecordingLog
from tests.fakes.receipts import FakeReceipts
from tests.fakes.trust import FakeReleaseTrust, record
from vibedata import manifest
from vibedata.adapters.component_tables import ComponentTables
from vibedata.adapters.inventory import ResourceManagerInventory
from vibedata.adapters.probes import AzureProber
from vibedata.errors import Blocked, Failed
from vibedata.flows.bootstrap_registry import bootstrap_registry
from vibedata.flows.run_health import run_health
from vibedata.flows.show_status import show_status
from vibedata.operations import Operation
from vibedata.ports import Summary
from vibedata.recorder import Recorder
from vibedata.settings import Settings

ACCOUNT = (
    77  # an instance id of those that the stack keeps a storage account for, far from where others begin
)


def now() -> datetime:
    return datetime.now(timezone.utc)


class Deployed:
    """One instance of the sample release, with the ports of phases 14 and 15 as vibedata-uami."""

    def __init__(self, world: World, home: Path, number: int, **changes: Any) -> None:
        document = sample_manifest(**changes)
        document["networkRetryPolicies"] = {"attempts": 1, "delaySeconds": 0}
        raw = json.dumps(document).encode()
        self.stack, self.release = world.stack, manifest.parse(raw)
        self.instance: Instance = seed(
            world.arm(),
            Publisher("publisher.example", "/x", "https://publisher.example"),
            self.release,
            instance_id=f"test-{number:03d}",
            home=home,
            bundle=("vibedata/bundle", "sha256:" + "b" * 64),
            release_keys=[str(KEY.key)],
            addresses={name: world.stack.addresses.url(name) for name in ("arm", "dns", "logs_query")},
        )
        self.settings: Settings = self.instance.settings
        self.suffix = Names(self.settings.instance_id).suffix
        uami = world.stack.ctx.principals.of_resource(self.instance.ids["uami"])
        assert uami
        self.credential, s = Identity(world.stack, uami), self.settings
        self.registry = ComponentTables(s.table_endpoint, self.credential, s.instance_id)
        self.inventory = ResourceManagerInventory(
            s.arm_endpoint, self.credential, s.subscription_id, s.resource_group
        )
        self.prober = AzureProber(self.credential, s)
        self.blobs, self.releases, self.log = FakeArtifactBlobs(), FakeReleasePointer(), RecordingLog()
        self.leases, self.receipts = FakeLeases(), FakeReceipts()
        self.releases.put(record(raw, self.blobs, "sha256:" + "e" * 64))

    def bootstrap(self) -> Summary:
        return bootstrap_registry(
            registry=self.registry,
            inventory=self.inventory,
            blobs=self.blobs,
            releases=self.releases,
            release_trust=FakeReleaseTrust(self.releases),
            leases=self.leases,
            receipts=self.receipts,
            name_suffix=self.suffix,
            recorder=self._recorder("bootstrap_registry"),
            clock=now,
        )

    def health(self, **more: Any) -> Summary:
        return run_health(
            registry=self.registry,
            inventory=self.inventory,
            prober=self.prober,
            recorder=self._recorder("run_health"),
            clock=now,
            **more,
        )

    def shown(self, name: str) -> dict[str, Any]:
        components = show_status(registry=self.registry).data["components"]
        return next(one for one in components if one["name"] == name)

    def set_state(self, name: str, state: str) -> None:
        self.stack.call(lambda ctx: ctx.services["components"].set_state(f"{name}-{self.suffix}", state))

    def writes(self, since: int) -> list[tuple[str, str]]:
        return [(w.service, w.operation) for w in self.stack.writes.since(since) if w.service != "identity"]

    def _recorder(self, verb: str) -> Recorder:
        return Recorder(Operation("6d1f8a5e-3f0b-4d62-8c6e-5f1f2b9a7d10", verb, "i"), self.log, now)


@pytest.fixture(scope="module")
def deployed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Deployed:
    deployed = Deployed(world, tmp_path_factory.mktemp("worker"), ACCOUNT)
    deployed.bootstrap()
    deployed.health(gate=True, deadline_seconds=60)
    return deployed


def test_the_whole_release_is_registered_and_healthy(deployed: Deployed) -> None:
    components = show_status(registry=deployed.registry).data["components"]
    assert {one["name"]: one["status"] for one in components} == dict.fromkeys(
        ("postgres", "key-vault", "api", "studio", "alert-functions"), "Healthy"
    )
    api = deployed.shown("api")
    assert api["endpoint"].startswith(f"https://app-api-{deployed.suffix}.azurewebsites.net:")


def test_a_second_run_of_both_writes_nothing(deployed: Deployed) -> None:
    last = deployed.stack.writes.last
    assert deployed.bootstrap().changed == 0
    assert deployed.health(gate=True, deadline_seconds=60).changed == 0
    assert deployed.writes(last) == []


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("down", "connection-refused"),
        ("error-500", "unexpected-status"),
        ("expired-certificate", "certificate-expired"),
        ("public-address", "public-address"),
        ("old-digest", "digest-mismatch"),
    ],
)
def test_each_fault_is_found_named_and_cleared(deployed: Deployed, state: str, reason: str) -> None:
    deployed.set_state("app-api", state)
    deployed.health()
    assert (deployed.shown("api")["status"], deployed.shown("api")["reason"]) == ("Unhealthy", reason)
    assert deployed.shown("studio")["cause"] == ["api"]
    deployed.set_state("app-api", "healthy")
    deployed.health()
    assert deployed.shown("api")["status"] == deployed.shown("studio")["status"] == "Healthy"


def test_the_gate_stays_closed_over_a_broken_database(deployed: Deployed) -> None:
    deployed.set_state("psql", "down")
    try:
        with pytest.raises(Failed) as failed:
            deployed.health(gate=True, deadline_seconds=0.2, poll_seconds=0.1)
    finally:
        deployed.set_state("psql", "healthy")
    assert failed.value.code == "health-gate"
    assert failed.value.message.startswith("postgres is Unhealthy (connection-refused)")
    deployed.health()
    assert deployed.shown("postgres")["status"] == "Healthy"


def test_a_broken_name_server_is_told_apart_from_broken_components(deployed: Deployed) -> None:
    deployed.stack.faults.add("dns", "query", status=503)
    summary = deployed.health(dry_run=True)
    deployed.stack.faults.clear()
    reasons = {c["component"]: c["reason"] for c in summary.data["components"]}
    assert reasons["studio"] == "resolver-unreachable"
    assert reasons["key-vault"] == "ok"


def test_an_unreachable_arm_makes_the_watcher_blind(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = ResourceManagerInventory("https://127.0.0.1:9", deployed.credential, "s", "g")
    monkeypatch.setattr(deployed, "inventory", nowhere)
    last = deployed.stack.writes.last
    summary = deployed.health()
    assert summary.data["overall"]["reason"] == "watcher-blind"
    assert deployed.writes(last) == []


def test_a_deleted_resource_is_missed_by_both_phases(world: World, tmp_path: Path) -> None:
    deployed = Deployed(world, tmp_path, ACCOUNT - 1)
    deployed.bootstrap()
    group = deployed.instance.ids["resourceGroup"]
    site = f"{group}/providers/Microsoft.Web/sites/app-studio-{deployed.suffix}"
    world.arm(deployed.settings.subscription_id).client.resources.begin_delete_by_id(
        site, api_version="2024-11-01"
    ).result()
    deployed.health()
    assert deployed.shown("studio")["reason"] == "resource-missing"
    with pytest.raises(Blocked) as blocked:
        deployed.bootstrap()
    assert blocked.value.code == "component-missing"
    assert deployed.shown("studio")["endpoint"] == ""
