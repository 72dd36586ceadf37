"""AlertQueue over an Azure storage queue: base64, because that is what the Functions host reads, and no expiry.

A message that waits is an alert that nobody has seen yet: Azure's seven days would lose it silently.
Over the plain pipeline (`rest.py`): it is called for every alert, and the queue's client takes half as long again.
"""

from __future__ import annotations

import base64
import math
from dataclasses import replace
from email.utils import formatdate

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.transport import RequestsTransport

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.brisk import BRISK, briskly
from vibedata.adapters.rest import STORAGE_SCOPE, Rest
from vibedata.alerts.message import Message, encode, fits
from vibedata.errors import Blocked
from vibedata.ports.alerts import AlertClaims

QUEUE = "alerts"
CODE = "x-ms-error-code"
NEEDS = "queue-data"  # its row in contracts/rbac.json
FOR_EVER = {"messagettl": "-1"}
HEADERS = {"x-ms-version": "2021-12-02", "Accept": "application/xml", "Content-Type": "application/xml"}


class StorageAlertQueue:
    """The queue `alerts` of the instance's storage account."""

    def __init__(
        self,
        endpoint: str,
        credential: TokenCredential,
        claims: AlertClaims,
        transport: RequestsTransport | None = None,
    ) -> None:
        self._rest = Rest(endpoint, credential, STORAGE_SCOPE, HEADERS, transport)
        self._claims = claims

    def send(self, message: Message, *, after: float = 0.0) -> None:
        """See `ports.AlertQueue.send`. Raises Transient, Blocked."""
        encoded = encode(message)
        if message.body is not None and not fits(encoded):
            claim = self._claims.store(message.delivery_key, message.body)
            encoded = encode(replace(message, body=None, claim=claim))
        params = {**FOR_EVER, "visibilitytimeout": str(math.ceil(after))} if after > 0 else FOR_EVER
        briskly(lambda: self._send(encoded, params))

    def _send(self, encoded: bytes, params: dict[str, str]) -> None:
        body = b"<QueueMessage><MessageText>%b</MessageText></QueueMessage>" % base64.b64encode(encoded)
        date = {"x-ms-date": formatdate(usegmt=True)}
        with azure_errors("put an alert on the queue", needs=NEEDS):
            try:
                self._rest.call(
                    "POST", f"/{QUEUE}/messages", params=params, content=body, headers=date, timeouts=BRISK
                )
            except HttpResponseError as error:
                if getattr(error.response, "headers", {}).get(CODE) == "QueueNotFound":
                    raise no_queue() from error
                raise


def no_queue() -> Blocked:
    """Return the error that names the queue that is missing."""
    return Blocked(
        "alert-queue-missing",
        f"The storage account has no queue {QUEUE!r}.",
        hint="Deploy phase 6 again: the template makes the queues. What could not be enqueued is delivered again.",
    )
