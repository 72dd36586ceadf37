"""An instance in memory: what phases 14 and 15 read and write, before anything has gone wrong."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.builders.manifest import SUFFIX, sample_bytes, sample_manifest
from tests.fakes.blobs import FakeArtifactBlobs
from tests.fakes.component_registry import FakeComponentRegistry
from tests.fakes.inventory import FakeInventory
from tests.fakes.leases import FakeLeases, FakeReleasePointer
from tests.fakes.operations_log import RecordingLog
from tests.fakes.prober import FakeProber
from tests.fakes.receipts import FakeReceipts
from tests.fakes.trust import FakeReleaseTrust, record
from vibedata.flows.bootstrap_registry import bootstrap_registry
from vibedata.flows.run_health import run_health
from vibedata.operations import Operation
from vibedata.ports import Summary
from vibedata.recorder import Recorder

RELEASE = "sha256:" + "e" * 64


class RegistryWorld:
    """The ports of both flows; `now` moves when something sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2026, 2, 1, 12, 0, tzinfo=timezone.utc)
        self.registry = FakeComponentRegistry()
        self.inventory = FakeInventory()
        self.blobs = FakeArtifactBlobs()
        self.releases = FakeReleasePointer()
        self.prober = FakeProber()
        self.leases, self.receipts = FakeLeases(), FakeReceipts("i")
        self.log = RecordingLog()
        self.slept: list[float] = []
        self.document = sample_manifest()
        self.release(self.document)
        self.deploy()

    def clock(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def release(self, document: dict[str, Any]) -> None:
        """Import a release with this manifest."""
        raw = json.dumps(document).encode() if document else sample_bytes()
        self.releases.record = record(raw, self.blobs, RELEASE)

    def deploy(self) -> None:
        """Deploy everything that the sample manifest recognises, and some infrastructure."""
        self.inventory.add(
            "Microsoft.DBforPostgreSQL/flexibleServers",
            f"psql-{SUFFIX}",
            {"fullyQualifiedDomainName": f"psql-{SUFFIX}.postgres.example"},
        )
        self.inventory.add(
            "Microsoft.KeyVault/vaults", f"kv-{SUFFIX}", {"vaultUri": f"https://kv-{SUFFIX}.vault.example/"}
        )
        for component in self.document["components"]:
            if component["recognisedBy"]["type"] == "Microsoft.Web/sites":
                self.deploy_site(component)
        self.inventory.add("Microsoft.Network/virtualNetworks", "vnet")

    def deploy_site(self, component: dict[str, Any], digest: str | None = None) -> None:
        """Deploy one web app, running the release's digest unless another is given."""
        name = component["recognisedBy"]["namePattern"].replace("{suffix}", SUFFIX)
        running = f"DOCKER|cr.example/x@{digest or component['artifact']['digest']}"
        host = f"{name}.azurewebsites.example:8443"
        self.inventory.add(
            "Microsoft.Web/sites", name, {"defaultHostName": host, "siteConfig": {"linuxFxVersion": running}}
        )

    def component(self, name: str) -> dict[str, Any]:
        """Return a component of the manifest, to be changed before `release`."""
        return next(one for one in self.document["components"] if one["name"] == name)

    def recorder(self, verb: str) -> Recorder:
        return Recorder(Operation("6d1f8a5e-3f0b-4d62-8c6e-5f1f2b9a7d10", verb, "i"), self.log, self.clock)

    def bootstrap(self, **more: Any) -> Summary:
        return bootstrap_registry(
            registry=self.registry,
            inventory=self.inventory,
            blobs=self.blobs,
            releases=self.releases,
            release_trust=FakeReleaseTrust(self.releases),
            leases=self.leases,
            receipts=self.receipts,
            recorder=self.recorder("bootstrap_registry"),
            clock=self.clock,
            pause=self.pause,
            **more,
        )

    def health(self, **more: Any) -> Summary:
        return run_health(
            registry=self.registry,
            inventory=self.inventory,
            prober=self.prober,
            recorder=self.recorder("run_health"),
            clock=self.clock,
            pause=self.pause,
            **more,
        )

    def found(self, component: str) -> tuple[Any, Any]:
        """Return a component's stored status and reason."""
        values = self.registry.values(f"health:{component}")
        return values["status"], values["reason"]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the operations rows of one event."""
        return [row for row in self.log.rows if row["Operation"].endswith(f"/{name}")]
