"""The deliveries that are done, in the table `alertdeliveries`: 256 partitions, each row with its expiry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from azure.core.credentials import TokenCredential
from azure.core.pipeline.transport import RequestsTransport

from vibedata.adapters.table_rows import EXPIRES, TableRows
from vibedata.alerts.delivery import KEPT, Delivery, place

TABLE = "alertdeliveries"


class TableDeliveries:
    """See `ports.Deliveries`."""

    def __init__(
        self, endpoint: str, credential: TokenCredential, transport: RequestsTransport | None = None
    ) -> None:
        self._rows = TableRows(endpoint, TABLE, credential, transport)

    def seen(self, key: str) -> bool:
        """See `ports.Deliveries.seen`."""
        return self._rows.exists(place(key))

    def record(self, delivery: Delivery) -> None:
        """See `ports.Deliveries.record`."""
        values = {
            "Key": delivery.key,
            "EventId": delivery.event_id,
            "Incident": delivery.incident,
            "Origin": delivery.origin,
            "RecordedAt": delivery.recorded_at,
            EXPIRES: delivery.recorded_at + KEPT,
        }
        self._rows.insert(place(delivery.key), values)

    def expire(self, now: datetime, partitions: Sequence[str], at_most: int) -> int:
        """See `ports.Deliveries.expire`."""
        return self._rows.expire(now, partitions, at_most)
