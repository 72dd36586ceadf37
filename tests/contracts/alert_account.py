"""A storage account with what the alerts need, and the adapters over it."""

from __future__ import annotations

from typing import Any, cast

from azure.storage.blob import BlobServiceClient

from tests.contracts.tenant import Tenant
from tests.environment import World
from vibedata.adapters.alert_bodies import BlobKeptBodies
from vibedata.adapters.alert_poison import BlobPoisonedAlerts
from vibedata.adapters.alert_rejections import BlobRejectedAlerts
from vibedata.adapters.alert_state import TableWatermarks


class Account:
    """A storage account with what the alerts need."""

    def __init__(self, world: World, *, containers: tuple[str, ...]) -> None:
        self.tenant = Tenant(world.stack)
        self.tenant.put_account()
        self.tenant.grant("blob-data", "table-data")
        account = self.tenant.ids["storageAccount"]
        for container in containers:
            self.tenant.arm.put(f"{account}/blobServices/default/containers/{container}", properties={})
        ends = self.tenant.made["storageAccount"]["properties"]["primaryEndpoints"]
        credential = cast(Any, self.tenant.credential)
        self.watermarks = TableWatermarks(ends["table"], credential, "instance-1")
        self.poisoned = BlobPoisonedAlerts(ends["blob"], credential)
        self.rejected = BlobRejectedAlerts(ends["blob"], credential)
        self.bodies = BlobKeptBodies(ends["blob"], credential)
        self.service = BlobServiceClient(ends["blob"], credential=credential)
