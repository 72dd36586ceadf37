"""KeptBodies over Azure Blob Storage: any blob of the containers in which alerts lie."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient

from vibedata.adapters.alert_blobs import no_container, noted
from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.clients import ONE_TRY
from vibedata.alerts import MAX_BYTES, times
from vibedata.alerts.kept import CONTAINERS, REJECTED, KeptBody, ambiguous, unknown
from vibedata.errors import BadInput

MAX_KEPT_BYTES = 2 * MAX_BYTES  # several alerts may have come in one body
NEEDS = "blob-data"  # its row in contracts/rbac.json
_FIRST_LETTERS = re.compile(re.escape(REJECTED) + "[0-9a-f]{4,63}")


class BlobKeptBodies:
    """The containers `alerts-claims` and `alerts-rejected` of the instance's storage account."""

    def __init__(
        self, endpoint: str, credential: TokenCredential, transport: RequestsTransport | None = None
    ) -> None:
        shared = {"transport": transport} if transport else {}
        self._service = BlobServiceClient(endpoint, credential=credential, **ONE_TRY, **shared)

    def read(self, path: str) -> tuple[KeptBody, bytes]:
        """See `ports.KeptBodies.read`."""
        container, _, name = path.partition("/")
        # A client of HTTP takes `..` for a way out before it sends the path: into any container of the account.
        if container not in CONTAINERS or not name or {".", ".."} & set(name.split("/")):
            raise unknown(path)
        if _FIRST_LETTERS.fullmatch(path):
            name = self._whole(container, name)
        with azure_errors(f"read {path[:200]}", needs=NEEDS):
            try:
                found = self._service.get_blob_client(container, name).download_blob()
                if found.size <= MAX_KEPT_BYTES:
                    return _kept(f"{container}/{name}", found.properties), bytes(found.readall())
            except ResourceNotFoundError as error:
                raise unknown(path) from error
        raise BadInput(
            "alert-body-too-large",
            f"{path[:200]!r} has {found.size} bytes: no alert has more than {MAX_BYTES}.",
            hint="Find out who put it there; what intake keeps is smaller.",
        )

    def rejected(self) -> Iterable[KeptBody]:
        """See `ports.KeptBodies.rejected`."""
        container, _, start = REJECTED.partition("/")
        listed = self._service.get_container_client(container).list_blobs(
            name_starts_with=start, include=["metadata"]
        )
        with azure_errors(f"list {REJECTED}", needs=NEEDS):
            try:
                for blob in listed:
                    yield _kept(f"{container}/{blob.name}", blob)
            except ResourceNotFoundError as error:
                raise no_container(container) from error

    def _whole(self, container: str, start: str) -> str:
        """Return the one name that begins so."""
        names = self._service.get_container_client(container).list_blob_names(name_starts_with=start)
        with azure_errors(f"list {REJECTED}", needs=NEEDS):
            try:
                found = list(islice(names, 2))
            except ResourceNotFoundError as error:
                raise no_container(container) from error
        if len(found) == 2:
            raise ambiguous(f"{container}/{start}")
        if not found:
            raise unknown(f"{container}/{start}")
        return str(found[0])


def _kept(path: str, blob: Any) -> KeptBody:
    """Return what is known of a blob; one that intake did not reject has no more than its size and time."""
    known = noted(blob.metadata)
    at = times.parse(known.get("receivedat") or known.get("at")) or blob.last_modified
    return KeptBody(
        path, blob.size, at, known.get("code", ""), known.get("reason", ""), known.get("origin", "")
    )
