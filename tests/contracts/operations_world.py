"""An instance as the operations log needs it: rule, workspace and storage account on a stack of its own."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from local_stack.threaded import ThreadedStack
from tests.local_stack.logs.seeding import Instance, put, seed
from vibedata.adapters.operations_ingestion import Ingestion
from vibedata.adapters.operations_journal import Journal
from vibedata.adapters.operations_log import AzureOperationsLog
from vibedata.adapters.operations_query import AzureOperationsReader
from vibedata.adapters.operations_spool import DETAILS_CONTAINER, SPOOL_CONTAINER, Spool
from vibedata.operations_table import table

ACCOUNTS = [f"operations{number:03d}" for number in range(40)]
SERVICES = ("identity", "arm", "storage", "logs")
STORAGE = "2025-06-01"


def start(directory: Path) -> ThreadedStack:
    return ThreadedStack(directory, reserve_accounts=ACCOUNTS, services=SERVICES).start()


@dataclass
class OperationsWorld:
    """One seeded instance, and processes that log to it: each has its own journal in the same directory."""

    logs: Instance
    account: dict
    home: Path

    @property
    def blob_url(self) -> str:
        return str(self.account["properties"]["primaryEndpoints"]["blob"])

    def ingestion(self, closing: threading.Event) -> Ingestion:
        logs = self.logs
        return Ingestion(
            logs.ingestion_url,
            logs.rule_id,
            table().stream,
            logs.credential,
            closing.wait,
            pause_seconds=0.05,
        )

    def log(self, **pace: float) -> AzureOperationsLog:
        closing = threading.Event()
        return AzureOperationsLog(
            self.ingestion(closing),
            Spool(self.blob_url, self.logs.credential),
            Journal(self.home / "work" / "spool"),
            closing=closing,
            **pace,
        )

    def reader(self) -> AzureOperationsReader:
        return AzureOperationsReader(self.logs.query_url, self.logs.customer_id, self.logs.credential)

    def blobs(self, container: str) -> dict[str, bytes]:
        client = BlobServiceClient(self.blob_url, self.logs.credential).get_container_client(container)
        found: dict[str, bytes] = {}
        for blob in client.list_blobs():
            with contextlib.suppress(ResourceNotFoundError):  # delivered in between
                found[blob.name] = client.download_blob(blob.name).readall()
        return found

    def journals(self) -> list[Path]:
        return sorted((self.home / "work" / "spool").glob("*"))


def make(stack: ThreadedStack, names: Iterator[str], home: Path) -> OperationsWorld:
    logs = seed(stack)
    account_id = f"{logs.group}/providers/Microsoft.Storage/storageAccounts/{next(names)}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    account = put(logs.arm, account_id, body, STORAGE)
    logs.assign("Storage Blob Data Contributor", account_id)
    for container in (SPOOL_CONTAINER, DETAILS_CONTAINER):
        put(logs.arm, f"{account_id}/blobServices/default/containers/{container}", {}, STORAGE)
    return OperationsWorld(logs, account, home)


def operation_id() -> str:
    return str(uuid.uuid4())
