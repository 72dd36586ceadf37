"""AlertQueue over an Azure storage queue: base64, because that is what the Functions host reads, and no expiry.

A message that waits is an alert that nobody has seen yet: Azure's seven days would lose it silently.
"""

from __future__ import annotations

from dataclasses import replace

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.queue import BinaryBase64EncodePolicy, QueueClient

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.brisk import BRISK, briskly
from vibedata.adapters.clients import ONE_TRY
from vibedata.alerts.message import Message, encode, fits
from vibedata.errors import Blocked
from vibedata.ports.alerts import AlertClaims

QUEUE = "alerts"
NEEDS = "queue-data"  # its row in contracts/rbac.json
FOR_EVER = -1


class StorageAlertQueue:
    """The queue `alerts` of the instance's storage account."""

    def __init__(
        self,
        endpoint: str,
        credential: TokenCredential,
        claims: AlertClaims,
        transport: RequestsTransport | None = None,
    ) -> None:
        shared = {"transport": transport} if transport else {}
        self._client = QueueClient(
            endpoint,
            QUEUE,
            credential=credential,
            message_encode_policy=BinaryBase64EncodePolicy(),
            **ONE_TRY,
            **shared,
        )
        self._claims = claims

    def send(self, message: Message) -> None:
        """Enqueue a message, its body as a claim where it does not fit. Raises Transient, Blocked."""
        encoded = encode(message)
        if message.body is not None and not fits(encoded):
            claim = self._claims.store(message.delivery_key, message.body)
            encoded = encode(replace(message, body=None, claim=claim))
        briskly(lambda: self._send(encoded))

    def _send(self, encoded: bytes) -> None:
        with azure_errors("put an alert on the queue", needs=NEEDS):
            try:
                self._client.send_message(encoded, time_to_live=FOR_EVER, **BRISK)
            except HttpResponseError as error:
                if getattr(error, "error_code", "") == "QueueNotFound":
                    raise _no_queue() from error
                raise


def _no_queue() -> Blocked:
    return Blocked(
        "alert-queue-missing",
        f"The storage account has no queue {QUEUE!r}.",
        hint="Deploy phase 6 again: the template makes the queues. What could not be enqueued is delivered again.",
    )
