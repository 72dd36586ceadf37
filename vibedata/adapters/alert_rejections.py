"""RejectedAlerts over Azure Blob Storage: the bytes as they came, under their digest, the reason in the metadata."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone

from azure.core.credentials import TokenCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient

from vibedata.adapters.alert_blobs import put
from vibedata.adapters.clients import ONE_TRY

CONTAINER = "alerts-rejected"
MAX_TOLD_CHARS = 1024


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
            "code": header(code),
            "reason": header(reason),
            "receivedat": received_at.astimezone(timezone.utc).isoformat(),
            "origin": header(origin),
        }
        put(self._container, name, raw, metadata=told)
        return name


def header(text: str) -> str:
    """Return a text as a header may carry it: printable ASCII, on one line, bounded."""
    plain = text[:MAX_TOLD_CHARS].encode("ascii", "backslashreplace").decode()
    return " ".join("".join(mark if mark.isprintable() else " " for mark in plain).split())[:MAX_TOLD_CHARS]
