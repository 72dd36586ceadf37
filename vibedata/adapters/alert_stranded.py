"""StrandedMessages over the storage queue `alerts-poison`: what no function takes from it any more.

The Functions host hands a message of a poison queue over as often as any other, and then never again; one that is not
base64 it hands over not at all. Yet it goes on taking both, for ten minutes each time, so they are seen only in the
seconds between: whoever wants them has to wait for that.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterator
from datetime import datetime

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.queue import QueueClient, QueueMessage

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.clients import ONE_TRY
from vibedata.alerts.poison import Stranded

QUEUE = "alerts-poison"
NEEDS = "queue-data"  # its row in contracts/rbac.json
AT_ONCE = 32  # the most that one request takes
TAKEN_SECONDS = 300
LOOK_SECONDS = 0.5  # the host looks every five seconds at the most


class StorageStrandedMessages:
    """The queue `alerts-poison` of the instance's storage account."""

    def __init__(
        self,
        endpoint: str,
        credential: TokenCredential,
        transport: RequestsTransport | None = None,
        *,
        wait_seconds: float = 0.0,
    ) -> None:
        shared = {"transport": transport} if transport else {}
        self._wait_seconds = wait_seconds
        self._client = QueueClient(endpoint, QUEUE, credential=credential, **ONE_TRY, **shared)

    def older(self, than: datetime) -> Iterator[Stranded]:
        """See `ports.StrandedMessages.older`."""
        end = time.monotonic() + self._wait_seconds
        while True:
            taken = self._take(than)
            if not taken and (time.monotonic() >= end or not self._waiting()):
                return
            if not taken:
                time.sleep(LOOK_SECONDS)
            for one in taken:
                yield Stranded(
                    _bytes(str(one.content)), int(one.dequeue_count or 0), (str(one.id), str(one.pop_receipt))
                )

    def done(self, one: Stranded) -> None:
        """See `ports.StrandedMessages.done`."""
        with azure_errors(f"delete a message of {QUEUE}", needs=NEEDS):
            try:
                self._client.delete_message(one.receipt[0], one.receipt[1])
            except ResourceNotFoundError:
                return  # somebody else was faster

    def _waiting(self) -> int:
        """Return how many messages there are, seen or not."""
        with azure_errors(f"look at {QUEUE}", needs=NEEDS):
            try:
                return int(self._client.get_queue_properties().approximate_message_count or 0)
            except ResourceNotFoundError:
                return 0  # the host makes it with the first message that it gives up

    def _take(self, than: datetime) -> list[QueueMessage]:
        """Take what is old enough, and leave the rest to the function; looking first disturbs nobody."""
        with azure_errors(f"look at {QUEUE}", needs=NEEDS):
            try:
                seen = self._client.peek_messages(max_messages=AT_ONCE)
            except ResourceNotFoundError:
                return []
            if not any(_is_older(one, than) for one in seen):
                return []
            taken = list(
                self._client.receive_messages(max_messages=AT_ONCE, visibility_timeout=TAKEN_SECONDS)
            )
            for young in (one for one in taken if not _is_older(one, than)):
                self._client.update_message(young, visibility_timeout=0)
            return [one for one in taken if _is_older(one, than)]


def _is_older(message: QueueMessage, than: datetime) -> bool:
    return message.inserted_on is not None and message.inserted_on < than


def _bytes(text: str) -> bytes:
    """Return what a message holds, as the host would hand it over; where it could not, its text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode(errors="surrogatepass")
