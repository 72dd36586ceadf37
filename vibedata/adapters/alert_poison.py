"""PoisonedAlerts over Azure Blob Storage: what was given up, below `poison/` in the container `alerts-rejected`.

A message is one blob under its digest; what is known of it lies in the blob's metadata, so that a list reads no body.
The body that a message only claims is copied beside it, for the claim may expire first; both are as old as what was
noted of the message last, and the sweep deletes them when they are old enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient

from vibedata.adapters.alert_blobs import no_container, noted, notes, put
from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.clients import ONE_TRY
from vibedata.alerts import times
from vibedata.alerts.poison import PREFIX, Diagnosis, Poisoned, is_name, name_of, unknown
from vibedata.errors import Transient

CONTAINER = "alerts-rejected"
CLAIMED = ".claimed"  # what the copy of a claimed body is called, after its message
NEEDS = "blob-data"  # its row in contracts/rbac.json
TOLD = ("code", "reason", "delivery_key", "alert_id", "rule", "summary")
TRIES = 5  # of a write that others come before


class BlobPoisonedAlerts:
    """What was given up, in the instance's storage account."""

    def __init__(
        self, endpoint: str, credential: TokenCredential, transport: RequestsTransport | None = None
    ) -> None:
        shared = {"transport": transport} if transport else {}
        service = BlobServiceClient(endpoint, credential=credential, **ONE_TRY, **shared)
        self._container = service.get_container_client(CONTAINER)

    def keep(self, raw: bytes, *, claimed: bytes | None, told: Diagnosis, at: datetime) -> Poisoned:
        """See `ports.PoisonedAlerts.keep`."""
        name = name_of(raw)
        if claimed is not None:
            self._create(name + CLAIMED, claimed, {})
        one = Poisoned(name, at, told, len(raw))
        return one if self._create(name, raw, _metadata(one)) else self._again(name, told, at)

    def kept(self) -> list[Poisoned]:
        """See `ports.PoisonedAlerts.kept`."""
        with azure_errors("list the poisoned alerts", needs=NEEDS):
            try:
                listed = list(self._container.list_blobs(name_starts_with=PREFIX, include=["metadata"]))
            except ResourceNotFoundError as error:
                raise no_container(CONTAINER) from error
        found = [(str(blob.name).removeprefix(PREFIX), blob) for blob in listed]
        kept = [_poisoned(name, blob.metadata or {}, blob.size) for name, blob in found if is_name(name)]
        return sorted(kept, key=lambda one: (one.at, one.name))

    def read(self, name: str) -> tuple[Poisoned, bytes, bytes | None]:
        """See `ports.PoisonedAlerts.read`."""
        one, _ = self._properties(name)
        raw = self._download(name)
        return one, raw or b"", self._download(name + CLAIMED)

    def requeued(self, name: str, at: datetime) -> None:
        """See `ports.PoisonedAlerts.requeued`."""
        self._change(name, lambda one: Poisoned(one.name, one.at, one.told, one.size, one.times, at))

    def _again(self, name: str, told: Diagnosis, at: datetime) -> Poisoned:
        """Return what is kept already; if it was put back since, it has come here once more."""

        def changed(one: Poisoned) -> Poisoned:
            return one if one.waits else Poisoned(name, at, told, one.size, one.times + 1)

        return self._change(name, changed)

    def _change(self, name: str, change: Any) -> Poisoned:
        """Change what is known of a message, unless it is so already; the body beside it becomes as young."""
        for _ in range(TRIES):
            one, etag = self._properties(name)
            wanted: Poisoned = change(one)
            if wanted == one:
                return one
            self._renew(name + CLAIMED)
            with azure_errors("note what became of a poisoned alert", needs=NEEDS):
                try:
                    self._blob(name).set_blob_metadata(
                        _metadata(wanted), etag=etag, match_condition=MatchConditions.IfNotModified
                    )
                except ResourceModifiedError:
                    continue
            return wanted
        raise Transient(
            "azure-conflict",
            f"Others note what became of the poisoned alert {name[:12]} at the same time, again and again.",
            hint="Run again when they have ended.",
        )

    def _renew(self, name: str) -> None:
        with azure_errors("keep what a poisoned alert claims", needs=NEEDS), suppress(ResourceNotFoundError):
            self._blob(name).set_blob_metadata({})

    def _properties(self, name: str) -> tuple[Poisoned, str]:
        if not is_name(name):
            raise unknown(name)
        with azure_errors("look at a poisoned alert", needs=NEEDS):
            try:
                found = self._blob(name).get_blob_properties()
            except ResourceNotFoundError as error:
                raise unknown(name) from error
        return _poisoned(name, found.metadata or {}, found.size), str(found.etag)

    def _create(self, name: str, data: bytes, metadata: Mapping[str, str]) -> bool:
        return put(self._container, PREFIX + name, data, metadata=metadata)

    def _download(self, name: str) -> bytes | None:
        with azure_errors("read a poisoned alert", needs=NEEDS):
            try:
                return bytes(self._blob(name).download_blob().readall())
            except ResourceNotFoundError:
                return None

    def _blob(self, name: str) -> Any:
        return self._container.get_blob_client(PREFIX + name)


def _metadata(one: Poisoned) -> dict[str, str]:
    told = {field: str(value) for field, value in asdict(one.told).items() if value}
    known = {**told, "at": _iso(one.at), "times": str(one.times)}
    if one.requeued_at:
        known["requeued"] = _iso(one.requeued_at)
    return notes(known)


def _poisoned(name: str, metadata: Mapping[str, str], size: int) -> Poisoned:
    known = noted(metadata)
    told = Diagnosis(**{field: known.get(field, "") for field in TOLD})
    times_told = known.get("times", "1")
    return Poisoned(
        name,
        times.parse(known.get("at")) or datetime.fromtimestamp(0, timezone.utc),
        told,
        size,
        int(times_told) if times_told.isdecimal() else 1,
        times.parse(known.get("requeued")),
    )


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat()
