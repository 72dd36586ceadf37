"""ReleasePointer in Azure Tables: one small row that says which release is completely imported."""

from __future__ import annotations

from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty, TableClient, UpdateMode

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.leases import NEEDS, make_missing_table
from vibedata.ports import ReleaseRecord

ROW = "imported"


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
        )

    def put(self, record: ReleaseRecord) -> None:
        """Make `record` the imported release; written under the instance's lease."""
        row = {
            "PartitionKey": self._partition,
            "RowKey": ROW,
            "Digest": record.digest,
            "ManifestDigest": record.manifest_digest,
            "Version": record.version,
            "Channel": record.channel,
            "Serial": EntityProperty(record.serial, EdmType.INT64),
            "OperationId": record.operation_id,
        }
        with azure_errors("write the imported release", needs=NEEDS):
            try:
                self._table.upsert_entity(row, mode=UpdateMode.REPLACE)
            except ResourceNotFoundError as error:
                make_missing_table(self._table, error)
                self._table.upsert_entity(row, mode=UpdateMode.REPLACE)
