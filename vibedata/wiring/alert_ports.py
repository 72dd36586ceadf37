"""Builds each port of the Function app, once in a process.

Each worker process runs many invocations at once: they share one credential, one set of connections per service,
and whatever gathers what they write.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from vibedata.alert_settings import AlertSettings
from vibedata.wiring.engine import Clock, utc_now

T = TypeVar("T")

STRANDED_SECONDS = 540.0  # of the ten minutes that a function may take
AT_ONCE = 64  # connections to a service: what 32 threads, each with several sends, may want


class AlertPorts:
    """A method for each port; an adapter is imported when it is first asked for."""

    def __init__(self, settings: AlertSettings, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self._made: dict[str, Any] = {}
        self._making = threading.RLock()

    def credential(self) -> Any:
        """Return the one credential of this process."""

        def make() -> Any:
            from vibedata.adapters.credentials import worker_credential

            logging.getLogger("azure").setLevel(logging.WARNING)  # else the host keeps every request
            return worker_credential(self.settings.uami_client_id)

        return self.once("credential", make)

    def transport(self) -> Any:
        """Return the connections that this process's clients share."""

        def make() -> Any:
            from vibedata.adapters.clients import one_transport

            return one_transport(AT_ONCE)

        return self.once("transport", make)

    def callers(self) -> Any:
        """Return what tells who calls the HTTP fallback."""

        def make() -> Any:
            from vibedata.adapters.entra_tokens import EntraCallers

            s = self.settings
            return EntraCallers(
                s.authority, s.tenant_id, s.alert_http_audience, s.alert_http_caller, self.clock
            )

        return self.once("callers", make)

    def registry(self) -> Any:
        """Return the component registry, read once in a while."""

        def make() -> Any:
            from vibedata.adapters.brisk import BRISK
            from vibedata.adapters.component_rows import ComponentRows
            from vibedata.adapters.remembered_rows import RememberedRows

            s = self.settings
            rows = ComponentRows(s.table_endpoint, self.credential(), s.instance_id, self.transport(), BRISK)
            return RememberedRows(rows)

        return self.once("registry", make)

    def incidents(self) -> Any:
        """Return the incidents."""

        def make() -> Any:
            from vibedata.adapters.alert_incidents import TableIncidents

            s = self.settings
            return TableIncidents(s.table_endpoint, self.credential(), self.transport(), clock=self.clock)

        return self.once("incidents", make)

    def deliveries(self) -> Any:
        """Return the deliveries that are done."""

        def make() -> Any:
            from vibedata.adapters.alert_deliveries import TableDeliveries

            return TableDeliveries(self.settings.table_endpoint, self.credential(), self.transport())

        return self.once("deliveries", make)

    def rows(self) -> Any:
        """Return where rows go, those of all invocations together."""

        def make() -> Any:
            from vibedata.adapters.alert_rows import GroupedRows
            from vibedata.adapters.operations_ingestion import Ingestion
            from vibedata.adapters.operations_spool import Spool
            from vibedata.operations_table import table

            s, credential = self.settings, self.credential()
            sender = Ingestion(
                s.logs_ingestion_endpoint,
                s.dcr_immutable_id,
                table().stream,
                credential,
                threading.Event().wait,
            )
            return GroupedRows(sender, Spool(s.blob_endpoint, credential))

        return self.once("rows", make)

    def notices(self) -> Any:
        """Return where notices go."""

        def make() -> Any:
            from vibedata.adapters.alert_notices import LoggedNotices

            return LoggedNotices(self.rows(), self.settings.instance_id, self.clock)

        return self.once("notices", make)

    def outages(self) -> Any:
        """Return who tells that alerts are put off."""

        def make() -> Any:
            from vibedata.adapters.alert_outages import LoggedOutages

            return LoggedOutages(self.rows(), self.settings.instance_id, self.clock)

        return self.once("outages", make)

    def poisoned(self) -> Any:
        """Return what was given up."""

        def make() -> Any:
            from vibedata.adapters.alert_poison import BlobPoisonedAlerts

            return BlobPoisonedAlerts(self.settings.blob_endpoint, self.credential(), self.transport())

        return self.once("poisoned", make)

    def stranded(self) -> Any:
        """Return what no function takes from `alerts-poison` any more."""

        def make() -> Any:
            from vibedata.adapters.alert_stranded import StorageStrandedMessages

            return StorageStrandedMessages(
                self.settings.queue_endpoint,
                self.credential(),
                self.transport(),
                wait_seconds=STRANDED_SECONDS,
            )

        return self.once("stranded", make)

    def instances(self) -> Any:
        """Return the alert instances that Azure keeps for the managed resource group."""

        def make() -> Any:
            from vibedata import retry
            from vibedata.adapters import rest
            from vibedata.adapters.alert_instances import AlertsManagement

            s = self.settings
            scope = f"/subscriptions/{s.subscription_id}/resourceGroups/{s.resource_group}"
            patience = retry.Patience(retry.network(), retry.propagation(0.0), time.sleep, self.clock)
            return AlertsManagement(
                rest.arm(s.arm_endpoint, self.credential(), self.transport()), scope, patience
            )

        return self.once("instances", make)

    def watermarks(self) -> Any:
        """Return how far reconciliation has come."""

        def make() -> Any:
            from vibedata.adapters.alert_state import TableWatermarks

            s = self.settings
            return TableWatermarks(s.table_endpoint, self.credential(), s.instance_id, self.transport())

        return self.once("watermarks", make)

    def queue(self) -> Any:
        """Return the queue `alerts`."""

        def make() -> Any:
            from vibedata.adapters.alert_queue import StorageAlertQueue

            return StorageAlertQueue(
                self.settings.queue_endpoint, self.credential(), self.claims(), self.transport()
            )

        return self.once("queue", make)

    def claims(self) -> Any:
        """Return the claims."""

        def make() -> Any:
            from vibedata.adapters.alert_claims import BlobAlertClaims

            return BlobAlertClaims(self.settings.blob_endpoint, self.credential(), self.transport())

        return self.once("claims", make)

    def rejected(self) -> Any:
        """Return what was rejected."""

        def make() -> Any:
            from vibedata.adapters.alert_rejections import BlobRejectedAlerts

            return BlobRejectedAlerts(self.settings.blob_endpoint, self.credential(), self.transport())

        return self.once("rejected", make)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what `make` makes, made at the first call only, whichever thread asks first."""
        with self._making:
            if name not in self._made:
                self._made[name] = make()
            made: T = self._made[name]
            return made
