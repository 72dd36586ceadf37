"""Builds the ports of a verb on the worker, as `vibedata-uami`."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

from vibedata import __version__, redact, retry, settings
from vibedata.catalog import VERBS
from vibedata.envelope import DIGEST
from vibedata.errors import BadInput
from vibedata.ports import OperationsLog, OperationsReader, Receipts, Summary
from vibedata.settings import Settings
from vibedata.wiring.policies import imported_policy, registered_policy

TREE = Path(__file__).resolve().parents[2]
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(timezone.utc)


def running_bundle(tree: Path = TREE) -> str | None:
    """Return the digest of the bundle that this code runs from; None when it is a checkout."""
    digest = tree.name.replace("-", ":", 1)
    is_bundle = tree.parent == (settings.home() / "bundles").resolve() and DIGEST.fullmatch(digest)
    return digest if is_bundle else None


class Wires:
    """Builds the ports of one operation, as `vibedata-uami`."""

    def __init__(
        self, settings: Settings, secrets: Mapping[str, str], operation_id: str, clock: Clock = utc_now
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._operation_id = operation_id
        self._clock = clock
        self._credential: Any = None
        self._brisk = False
        self._connections: Any = None
        self._registry_rows: Any = None
        for value in secrets.values():
            redact.register(value)

    @classmethod
    def from_settings(cls, settings: Settings) -> Wires:
        """Return the wires of a reader, which belongs to no operation: a person waits for what it shows."""
        wires = cls(settings, {}, str(uuid.uuid4()))
        wires._brisk = True
        return wires

    def flow(self, verb: str) -> tuple[Callable[..., Summary], dict[str, Any]]:
        """Return a verb's flow and its ports. Raises BadInput (verb-unknown)."""
        if verb not in VERBS:
            raise BadInput(
                "verb-unknown", f"No verb is called {verb!r}.", hint="docs/runbooks.md lists them."
            )
        ports: dict[str, Any] = getattr(self, f"_{verb}")()
        return getattr(import_module(f"vibedata.flows.{verb}"), verb), ports

    def operations_log(self) -> OperationsLog:
        """Return where this operation's rows go."""
        from vibedata.adapters.operations_log import operations_log

        return operations_log(self._settings, self.credential(), settings.home())

    def credential(self) -> Any:
        """Return the one credential of this process."""
        if self._credential is None:
            from vibedata.adapters.credentials import worker_credential

            self._credential = worker_credential(self._settings.uami_client_id, brisk=self._brisk)
        return self._credential

    def show_status(self) -> dict[str, Any]:
        """Return the release, the components and their health."""
        from vibedata.flows.show_status import show_status

        patience = retry.Patience(None, retry.propagation(0.0), time.sleep, self._clock)
        return dict(patience.call(lambda: show_status(registry=self._registry())).data)

    def read_logs(
        self, *, since: str, operation_id: str | None, follow: bool
    ) -> Iterator[list[dict[str, Any]]]:
        """Return batches of operations rows, each event once."""
        from vibedata.flows.read_logs import read_logs

        return read_logs(
            reader=self.operations_reader(),
            since=since,
            operation_id=operation_id,
            follow=follow,
            clock=self._clock,
            pause=time.sleep,
        )

    def _import_artifacts(self) -> dict[str, Any]:
        from vibedata.adapters.artifacts import RegistryArtifacts
        from vibedata.adapters.importer import AcrImporter

        s = self._settings
        return {
            "artifacts": RegistryArtifacts(s.customer_registry, self.credential(), s.tenant_id),
            "importer": AcrImporter(
                arm_endpoint=s.arm_endpoint,
                credential=self.credential(),
                subscription_id=s.subscription_id,
                resource_group=s.resource_group,
                registry_name=s.customer_registry_name,
                publisher_registry=s.publisher_registry,
                username=self._secrets.get("publisher_username", ""),
                password=self._secrets.get("publisher_password", ""),
            ),
            "blobs": self._blobs(),
            "releases": self._releases(),
            "release_trust": self._release_trust(),
            **self._holding(),
            "running_bundle": running_bundle(),
            "release_repository": s.release_repository,
            "image_tag": s.image_tag,
            "suite_version": __version__,
            "deployments": self._deployments(),
            **self._patience(),
        }

    def _publish_runbooks(self) -> dict[str, Any]:
        from vibedata.adapters.automation import AzureRunbooks

        s = self._settings
        return {
            "runbooks": AzureRunbooks(self.credential(), s),
            "blobs": self._blobs(),
            "releases": self._releases(),
            "release_trust": self._release_trust(),
            **self._holding(),
            "worker_group": s.worker_group,
            **self._patience(),
        }

    def _start_job(self) -> dict[str, Any]:
        from vibedata.adapters.automation_jobs import AzureJobs

        s = self._settings
        return {
            "operation_id": self._operation_id,
            "running_bundle": running_bundle(),
            "jobs": AzureJobs(self.credential(), s),
            "worker_group": s.worker_group,
            "poll_seconds": s.job_poll_seconds,
            "deadline_seconds": s.job_deadline_seconds,
            **self._patience(reads_manifest=False),
        }

    def _bootstrap_registry(self) -> dict[str, Any]:
        return {
            "registry": self._registry(),
            "inventory": self._inventory(),
            "blobs": self._blobs(),
            "releases": self._releases(),
            "release_trust": self._release_trust(),
            **self._holding(),
            "name_suffix": self._settings.name_suffix,
            **self._patience(),
        }

    def _run_health(self) -> dict[str, Any]:
        from vibedata.adapters.probes import AzureProber

        s = self._settings
        return {
            "registry": self._registry(),
            "inventory": self._inventory(),
            "prober": AzureProber(self.credential(), s, self._clock),
            "deadline_seconds": s.health_deadline_seconds,
            "deployments": self._deployments(),
            **self._patience(),
        }

    def _patience(self, *, reads_manifest: bool = True) -> dict[str, Any]:
        """Return what a verb waits by; one that reads no manifest itself is told its retry policy (NFR-8)."""

        def network() -> retry.Policy | None:
            found = registered_policy(self._rows)
            if found or reads_manifest:
                return found
            return imported_policy(self._releases, self._blobs, self._release_trust, self._clock)

        seconds = self._settings.propagation_seconds
        return {"network": network, "propagation_seconds": seconds, "pause": time.sleep}

    def _blobs(self) -> Any:
        from vibedata.adapters.blobs import AzureArtifactBlobs

        return AzureArtifactBlobs(self._settings.blob_endpoint, self.credential(), self._transport())

    def _releases(self) -> Any:
        from vibedata.adapters.releases import AzureReleasePointer

        return AzureReleasePointer(self._table("releases"), self._settings.instance_id)

    def _release_trust(self) -> Any:
        from vibedata.adapters.release_keys import PinnedReleaseTrust
        from vibedata.adapters.releases import AzureSerials
        from vibedata.keyring import keyring

        s = self._settings
        keys = keyring(s.release_keys, s.release_threshold)
        serials = AzureSerials(self._table("releases"), s.instance_id)
        return PinnedReleaseTrust(keys, self._releases(), serials)

    def _rows(self) -> Any:
        """Return the component registry to read from: the verb's own where it writes too, for its connection."""
        if self._registry_rows is None:
            from vibedata.adapters.component_rows import ComponentRows

            s = self._settings
            self._registry_rows = ComponentRows(
                s.table_endpoint, self.credential(), s.instance_id, self._transport()
            )
        return self._registry_rows

    def _registry(self) -> Any:
        from vibedata.adapters.component_tables import ComponentTables

        s = self._settings
        self._registry_rows = ComponentTables(
            s.table_endpoint, self.credential(), s.instance_id, self._transport()
        )
        return self._registry_rows

    def _inventory(self) -> Any:
        from vibedata.adapters.inventory import ResourceManagerInventory

        s = self._settings
        return ResourceManagerInventory(
            s.arm_endpoint, self.credential(), s.subscription_id, s.resource_group, self._transport()
        )

    def _deployments(self) -> Any:
        from vibedata.wiring.deployments import deployment_recorder

        return deployment_recorder(self._settings, self.credential(), self._transport(), self._clock)

    def operations_reader(self) -> OperationsReader:
        """Return what reads the operations log."""
        from vibedata.adapters.operations_query import operations_reader

        return operations_reader(self._settings, self.credential())

    def receipts(self) -> Receipts:
        """Return the instance's chain of receipts."""
        from vibedata.adapters.receipts import TABLE, AzureReceipts

        return AzureReceipts(self._table(TABLE), self._settings.instance_id)

    def _holding(self) -> dict[str, Any]:
        """Return what a verb that changes the instance holds and leaves."""
        return {"leases": self._leases(), "receipts": self.receipts()}

    def _leases(self) -> Any:
        from vibedata.adapters.leases import AzureLeases

        return AzureLeases(
            self._table("leases"),
            self._settings.instance_id,
            clock=self._clock,
            sleep=time.sleep,
            term_seconds=max(self._settings.lease_seconds, 1.0),
        )

    def _table(self, name: str) -> Any:
        from vibedata.adapters.tables import table_client

        return table_client(self._settings.table_endpoint, name, self.credential(), self._transport())

    def _transport(self) -> Any:
        """Return the connections that this process's clients share, so that each service is met once."""
        if self._connections is None:
            from vibedata.adapters.clients import one_transport

            self._connections = one_transport()
        return self._connections
