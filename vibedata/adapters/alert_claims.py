"""AlertClaims over Azure Blob Storage: the body of an alert that is too large for a message, under a name of its own.

A body is written again when its alert is delivered again: that makes it younger, so that it outlives the message
which was put on the queue with it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient

from vibedata.adapters.alert_blobs import expire, no_container, put
from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.brisk import BRISK
from vibedata.adapters.clients import ONE_TRY
from vibedata.alerts import MAX_BYTES
from vibedata.alerts.message import claim_name, is_claim
from vibedata.errors import Failed, VibedataError

CONTAINER = "alerts-claims"
NEEDS = "blob-data"


class BlobAlertClaims:
    """The container `alerts-claims` of the instance's storage account."""

    def __init__(
        self, endpoint: str, credential: TokenCredential, transport: RequestsTransport | None = None
    ) -> None:
        shared = {"transport": transport} if transport else {}
        service = BlobServiceClient(endpoint, credential=credential, **ONE_TRY, **shared)
        self._container = service.get_container_client(CONTAINER)

    def store(self, delivery_key: str, body: bytes) -> str:
        """Keep a body, and return its claim."""
        name = claim_name(delivery_key, body)
        put(self._container, name, body, overwrite=True)
        return name

    def read(self, name: str) -> bytes:
        """Return the body of a claim. Raises Failed (alert-claim-missing, alert-claim-tampered)."""
        if not is_claim(name):
            raise _missing(name)
        with azure_errors(f"read {CONTAINER}/{name}", needs=NEEDS):
            try:
                found = self._container.get_blob_client(name).download_blob(**BRISK)
                body = bytes(found.readall()) if found.size <= MAX_BYTES else b""
            except ResourceNotFoundError as error:
                raise _not_found(name, error) from error
        if hashlib.sha256(body).hexdigest() != name.rpartition("/")[2]:
            raise _tampered(name)
        return body

    def expire(self, before: datetime) -> int:
        """Delete the bodies that were stored before then; one that is stored again meanwhile stays."""
        return expire(self._container, before, ours=is_claim)


def _not_found(name: str, error: ResourceNotFoundError) -> VibedataError:
    missing = getattr(error, "error_code", "") == "ContainerNotFound"
    return no_container(CONTAINER) if missing else _missing(name)


def _missing(name: str) -> Failed:
    return Failed(
        "alert-claim-missing",
        f"The message names the blob {CONTAINER}/{name[:140]}, which is not there.",
        hint="The alert's body is gone: look at the alert in Azure Monitor; and if it "
        "changed within the last hour, reconciliation tells of it within half an hour.",
    )


def _tampered(name: str) -> Failed:
    return Failed(
        "alert-claim-tampered",
        f"The blob {CONTAINER}/{name} holds other bytes than its name says.",
        hint="Find out who can write to the account; the alert itself is in Azure Monitor.",
    )
