"""The table `releases`: which release is completely imported, and the highest serial ever seen in each channel.

The second outlives the first: a newer release that was seen signed, and whose import failed, is not to be followed by
an older one.
"""

from __future__ import annotations

from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty, TableClient, UpdateMode

from vibedata import fencing
from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.leases import NEEDS, make_missing_table
from vibedata.errors import Transient
from vibedata.manifest_parts import Release
from vibedata.ports import ReleaseRecord
from vibedata.trust import Seen

ROW = "imported"
SERIAL_ROW = "serial-{}"  # and the channel: a name in the words of the manifest's contract
TRIES = 5  # of a write that others come before


class AzureReleasePointer:
    """The row `imported` in the instance's partition."""

    def __init__(self, table: TableClient, instance_id: str) -> None:
        self._table = table
        self._partition = instance_id

    def get(self) -> ReleaseRecord | None:
        """Return the instance's imported release, or None."""
        with azure_errors("read the imported release", needs=NEEDS):
            try:
                row = self._table.get_entity(self._partition, ROW)
            except ResourceNotFoundError:
                return None
        return ReleaseRecord(
            digest=str(row["Digest"]),
            manifest_digest=str(row["ManifestDigest"]),
            version=str(row["Version"]),
            channel=str(row["Channel"]),
            serial=int(row["Serial"].value),
            operation_id=str(row["OperationId"]),
            signature_digest=str(row.get("SignatureDigest", "")),
        )

    def put(self, record: ReleaseRecord, *, fence: int = 0) -> None:
        """See `ports.ReleasePointer.put`."""
        for _ in range(TRIES):
            found, etag = self._stored_fence()
            fencing.refuse_older(fence, found, "The imported release")
            if self._put(record, fence, etag):
                return
        raise Transient(
            "azure-conflict",
            "Others write the imported release at the same time, again and again.",
            hint="Run again when they have ended.",
        )

    def _stored_fence(self) -> tuple[int, str | None]:
        with azure_errors("read the imported release", needs=NEEDS):
            try:
                row = self._table.get_entity(self._partition, ROW)
            except ResourceNotFoundError:
                return 0, None
        return int(row.get("Fence", 0)), str(row.metadata["etag"])

    def _put(self, record: ReleaseRecord, fence: int, etag: str | None) -> bool:
        """Write the row over the one that was read; False when somebody else came between."""
        row = {
            "PartitionKey": self._partition,
            "RowKey": ROW,
            "Digest": record.digest,
            "ManifestDigest": record.manifest_digest,
            "Version": record.version,
            "Channel": record.channel,
            "Serial": EntityProperty(record.serial, EdmType.INT64),
            "OperationId": record.operation_id,
            "SignatureDigest": record.signature_digest,
            "Fence": fence,
        }
        with azure_errors("write the imported release", needs=NEEDS):
            return _replaced(self._table, row, etag)


class AzureSerials:
    """The rows `serial-<channel>` in the instance's partition; each only grows, whoever writes it."""

    def __init__(self, table: TableClient, instance_id: str) -> None:
        self._table = table
        self._partition = instance_id

    def highest(self, channel: str) -> Seen | None:
        """Return the release with the highest serial ever seen in a channel, or None."""
        return self._read(channel)[0]

    def remember(self, release: Release) -> tuple[Seen, bool]:
        """Remember a release's serial unless it, or a higher one, is known; return the highest, and if it was written.

        Raises Transient (azure-conflict) when others come before again and again.
        """
        for _ in range(TRIES):
            seen, etag = self._read(release.channel)
            if seen is not None and seen.serial >= release.serial:
                return seen, False
            if self._write(release, etag):
                return Seen(release.version, release.serial), True
        raise Transient(
            "azure-conflict",
            f"Others write the highest serial of {release.channel!r} at the same time, again and again.",
            hint="Run again when they have ended.",
        )

    def _read(self, channel: str) -> tuple[Seen | None, str | None]:
        with azure_errors("read the highest serial", needs=NEEDS):
            try:
                row = self._table.get_entity(self._partition, SERIAL_ROW.format(channel))
            except ResourceNotFoundError:
                return None, None
        return Seen(str(row["Version"]), int(row["Serial"].value)), str(row.metadata["etag"])

    def _write(self, release: Release, etag: str | None) -> bool:
        row = {
            "PartitionKey": self._partition,
            "RowKey": SERIAL_ROW.format(release.channel),
            "Version": release.version,
            "Serial": EntityProperty(release.serial, EdmType.INT64),
        }
        with azure_errors("write the highest serial", needs=NEEDS):
            return _replaced(self._table, row, etag)


def _replaced(table: TableClient, row: dict[str, Any], etag: str | None) -> bool:
    """Write a row over the version that was read, or as a new one; False when it must be read again first."""
    try:
        if etag:
            condition = MatchConditions.IfNotModified
            table.update_entity(row, mode=UpdateMode.REPLACE, etag=etag, match_condition=condition)
        else:
            table.create_entity(row)
    except (ResourceExistsError, ResourceModifiedError):
        return False
    except ResourceNotFoundError as error:
        make_missing_table(table, error)
        return False
    return True
