"""RejectedAlerts over Azure Blob Storage: the bytes as they came, under their digest, the reason in the metadata."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone

from azure.core.credentials import TokenCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient

from vibedata.adapters.alert_blobs import expire, notes, put
from vibedata.adapters.clients import ONE_TRY

CONTAINER = "alerts-rejected"


class BlobRejectedAlerts:
    """The container `alerts-rejected` of the instance's storage account."""

    def __init__(
        self, endpoint: str, credential: TokenCredential, transport: RequestsTransport | None = None
    ) -> None:
        shared = {"transport": transport} if transport else {}
        service = BlobServiceClient(endpoint, credential=credential, **ONE_TRY, **shared)
        self._container = service.get_container_client(CONTAINER)

    def keep(self, raw: bytes, *, code: str, reason: str, received_at: datetime, origin: str) -> str:
        """Keep a body with the reason, once, and return its name."""
        name = f"sha256/{hashlib.sha256(raw).hexdigest()}"
        told = {
            "code": code,
            "reason": reason,
            "receivedat": received_at.astimezone(timezone.utc).isoformat(),
            "origin": origin,
        }
        put(self._container, name, raw, metadata=notes(told))
        return name

    def expire(self, before: datetime) -> int:
        """See `ports.RejectedAlerts.expire`."""
        return expire(self._container, before, ours=lambda name: name.startswith(("sha256/", "poison/")))
