"""AlertBacklog over Azure Queue Storage: how much waits, without touching any of it.

Whoever asks whether something is wrong is shown incidents, and alerts that nobody processes are in none. The counts
are Azure's approximate ones: messages that somebody is working on are among them.
"""

from __future__ import annotations

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport

from vibedata.adapters.alert_queue import HEADERS, NEEDS, QUEUE, no_queue
from vibedata.adapters.alert_stranded import QUEUE as POISON
from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.brisk import BRISK
from vibedata.adapters.rest import STORAGE_SCOPE, Rest
from vibedata.errors import BadInput

COUNT = "x-ms-approximate-messages-count"


class StorageAlertBacklog:
    """The queues of the instance's storage account; without an endpoint there is nobody to ask."""

    def __init__(
        self, endpoint: str, credential: TokenCredential, transport: RequestsTransport | None = None
    ) -> None:
        self._rest = Rest(endpoint, credential, STORAGE_SCOPE, HEADERS, transport) if endpoint else None

    def waiting(self) -> dict[str, int]:
        """See `ports.AlertBacklog.waiting`."""
        return {name: self._count(name) for name in (QUEUE, POISON)}

    def _count(self, name: str) -> int:
        if self._rest is None:
            raise no_endpoint()
        with azure_errors(f"count the messages on the queue {name}", needs=NEEDS):
            try:
                answer = self._rest.call("GET", f"/{name}", params={"comp": "metadata"}, timeouts=BRISK)
            except ResourceNotFoundError as error:
                if name == POISON:
                    return 0  # the host makes it with the first message that it gives up
                raise no_queue() from error
        return int(answer.headers.get(COUNT) or 0)


def no_endpoint() -> BadInput:
    """Return the error that names the setting."""
    return BadInput(
        "settings-missing",
        "The setting queue_endpoint is empty: nobody says where the queue `alerts` is.",
        hint="Set VIBEDATA_QUEUE_ENDPOINT to the queue endpoint of the instance's storage account.",
    )
