"""Builds what whoever looks after alerts needs: the same stores as the Function app's, as the same identity."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from vibedata import retry
from vibedata.ports import Summary
from vibedata.settings import Settings
from vibedata.wiring.engine import Clock, Wires, utc_now

READS = retry.network(delay_seconds=0.5)  # a person waits


class AlertStores:
    """The queue, the blobs and the tables of an instance's alerts."""

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._wires = Wires.from_settings(settings)
        self.clock = clock

    def incidents(self) -> Any:
        """Return the incidents."""
        from vibedata.adapters.alert_incidents import TableIncidents

        return TableIncidents(self._settings.table_endpoint, self._wires.credential(), clock=self.clock)

    def deliveries(self) -> Any:
        """Return the deliveries that are done."""
        from vibedata.adapters.alert_deliveries import TableDeliveries

        return TableDeliveries(self._settings.table_endpoint, self._wires.credential())

    def queue(self) -> Any:
        """Return the queue `alerts`. Raises BadInput (settings-missing)."""
        from vibedata.adapters.alert_backlog import no_endpoint
        from vibedata.adapters.alert_queue import StorageAlertQueue

        endpoint = self._settings.queue_endpoint
        if not endpoint:
            raise no_endpoint()
        return StorageAlertQueue(endpoint, self._wires.credential(), self.claims())

    def backlog(self) -> Any:
        """Return what tells how much waits on the queues."""
        from vibedata.adapters.alert_backlog import StorageAlertBacklog

        return StorageAlertBacklog(self._settings.queue_endpoint, self._wires.credential())

    def claims(self) -> Any:
        """Return the bodies that are too large for a message."""
        from vibedata.adapters.alert_claims import BlobAlertClaims

        return BlobAlertClaims(self._settings.blob_endpoint, self._wires.credential())

    def poisoned(self) -> Any:
        """Return what the processor gave up."""
        from vibedata.adapters.alert_poison import BlobPoisonedAlerts

        return BlobPoisonedAlerts(self._settings.blob_endpoint, self._wires.credential())

    def bodies(self) -> Any:
        """Return every body that is kept."""
        from vibedata.adapters.alert_bodies import BlobKeptBodies

        return BlobKeptBodies(self._settings.blob_endpoint, self._wires.credential())

    def reader(self) -> Any:
        """Return what reads the operations log."""
        return self._wires.operations_reader()


def list_alerts(
    settings: Settings, *, closed_too: bool, since: str, component: str, severity: str
) -> Summary:
    """List incidents; see `flows.list_alerts`. Raises BadInput (since-invalid)."""
    from vibedata.alerts.incident_list import Choice
    from vibedata.flows import list_alerts as flow
    from vibedata.flows.read_logs import start_of

    stores = AlertStores(settings)
    start = start_of(since, stores.clock()) if since else None
    choice = Choice(closed_too, start, component, severity)
    incidents, backlog = stores.incidents(), stores.backlog()
    return _patiently(stores, lambda: flow.run(incidents=incidents, backlog=backlog, choice=choice))


def show_alert(settings: Settings, wanted: str) -> Summary:
    """Show an incident; see `flows.show_alert`."""
    from vibedata.flows import show_alert as flow

    stores = AlertStores(settings)
    return _patiently(stores, lambda: flow.run(wanted, incidents=stores.incidents(), reader=stores.reader()))


def replay_alert(settings: Settings, source: str, raw: bytes | None) -> Summary:
    """Replay a body, `raw` or the one that is kept as `source`; see `flows.replay_alert`."""
    from vibedata.flows import replay_alert as flow

    stores = AlertStores(settings)
    return flow.run(
        stores.bodies().read(source)[1] if raw is None else raw,
        source=source,
        queue=stores.queue(),
        claims=stores.claims(),
        deliveries=stores.deliveries(),
        clock=stores.clock,
    )


def list_poisoned(settings: Settings, *, requeued_too: bool) -> Summary:
    """List what was given up; see `flows.list_poisoned`."""
    from vibedata.flows import list_poisoned as flow

    stores = AlertStores(settings)
    return _patiently(stores, lambda: flow.run(poisoned=stores.poisoned(), requeued_too=requeued_too))


def list_rejected(settings: Settings) -> Summary:
    """List what intake took for no alert; see `flows.list_rejected`."""
    from vibedata.flows import list_rejected as flow

    stores = AlertStores(settings)
    return _patiently(stores, lambda: flow.run(bodies=stores.bodies()))


def show_poisoned(settings: Settings, wanted: str) -> Summary:
    """Show one that was given up, or a kept body; see `flows.show_poisoned`."""
    from vibedata.flows import show_poisoned as flow

    stores = AlertStores(settings)
    ports = {"poisoned": stores.poisoned(), "bodies": stores.bodies()}
    return _patiently(stores, lambda: flow.run(wanted, **ports))


def requeue_poisoned(settings: Settings, wanted: Sequence[str], *, force: bool = False) -> Summary:
    """Put back what was given up; see `flows.requeue_poisoned`."""
    from vibedata.flows import requeue_poisoned as flow

    stores = AlertStores(settings)
    return flow.run(
        wanted,
        poisoned=stores.poisoned(),
        claims=stores.claims(),
        queue=stores.queue(),
        clock=stores.clock,
        force=force,
    )


def _patiently(stores: AlertStores, read: Any) -> Summary:
    """Read, and again where it failed by chance."""
    patience = retry.Patience(READS, retry.propagation(0.0), time.sleep, stores.clock)
    summary: Summary = patience.call(read)
    return summary
