"""KeptBodies over Azure Blob Storage: any blob of the containers in which alerts lie."""

from __future__ import annotations

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.clients import ONE_TRY
from vibedata.alerts import MAX_BYTES
from vibedata.errors import BadInput

CONTAINERS = ("alerts-claims", "alerts-rejected")
MAX_KEPT_BYTES = 2 * MAX_BYTES  # several alerts may have come in one body
NEEDS = "blob-data"  # its row in contracts/rbac.json


class BlobKeptBodies:
    """The containers `alerts-claims` and `alerts-rejected` of the instance's storage account."""

    def __init__(
        self, endpoint: str, credential: TokenCredential, transport: RequestsTransport | None = None
    ) -> None:
        shared = {"transport": transport} if transport else {}
        self._service = BlobServiceClient(endpoint, credential=credential, **ONE_TRY, **shared)

    def read(self, path: str) -> bytes:
        """See `ports.KeptBodies.read`."""
        container, _, name = path.partition("/")
        if container not in CONTAINERS or not name:
            raise _unknown(path)
        with azure_errors(f"read {path[:200]}", needs=NEEDS):
            try:
                found = self._service.get_blob_client(container, name).download_blob()
                if found.size <= MAX_KEPT_BYTES:
                    return bytes(found.readall())
            except ResourceNotFoundError as error:
                raise _unknown(path) from error
        raise BadInput(
            "alert-body-too-large",
            f"{path[:200]!r} has {found.size} bytes: no alert has more than {MAX_BYTES}.",
            hint="Find out who put it there; what intake keeps is smaller.",
        )


def _unknown(path: str) -> BadInput:
    return BadInput(
        "alert-body-unknown",
        f"{path[:200]!r} is neither a file nor the name of a kept body.",
        hint=f"Name a file, or a blob as {' or '.join(f'{one}/…' for one in CONTAINERS)}.",
    )
