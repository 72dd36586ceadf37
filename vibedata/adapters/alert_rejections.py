"""RejectedAlerts over Azure Blob Storage: the bytes as they came, under their digest, the reason in the metadata."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone

from azure.core.credentials import TokenCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient

from vibedata.adapters.alert_blobs import expire, notes, put, renew
from vibedata.adapters.clients import ONE_TRY
from vibedata.adapters.operations_spool import REJECTED as ROWS
from vibedata.adapters.operations_spool import SPOOL_CONTAINER

CONTAINER = "alerts-rejected"
RENEWED_AFTER = timedelta(days=1)  # what comes every minute is not written each time


class BlobRejectedAlerts:
    """The container `alerts-rejected` of the instance's storage account."""

    def __init__(
        self, endpoint: str, credential: TokenCredential, transport: RequestsTransport | None = None
    ) -> None:
        shared = {"transport": transport} if transport else {}
        service = BlobServiceClient(endpoint, credential=credential, **ONE_TRY, **shared)
        self._container = service.get_container_client(CONTAINER)
        self._spool = service.get_container_client(SPOOL_CONTAINER)

    def keep(self, raw: bytes, *, code: str, reason: str, received_at: datetime, origin: str) -> str:
        """Keep a body with the reason, and return its name; one that is kept becomes young, once a day."""
        name = f"sha256/{hashlib.sha256(raw).hexdigest()}"
        told = {
            "code": code,
            "reason": reason,
            "receivedat": received_at.astimezone(timezone.utc).isoformat(),
            "origin": origin,
        }
        known, before = notes(told), received_at - RENEWED_AFTER
        if not put(self._container, name, raw, metadata=known) and not renew(
            self._container, name, known, before
        ):
            put(self._container, name, raw, metadata=known)  # it has expired in between
        return name

    def expire(self, before: datetime) -> int:
        """See `ports.RejectedAlerts.expire`."""
        gone = expire(self._container, before, ours=lambda name: name.startswith(("sha256/", "poison/")))
        return gone + expire(self._spool, before, ours=lambda name: name.startswith(ROWS), below=ROWS)
