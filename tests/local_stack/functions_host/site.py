"""A function app's site on the stack: its storage account, its identity with its roles, its settings, its ledger."""

from __future__ import annotations

import json
import time
import uuid
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local_stack.functions_host.options import Identity, Options
from local_stack.functions_host.threaded import FunctionsHost
from local_stack.identity import app_service_environment
from local_stack.threaded import ThreadedStack
from tests.local_stack.functions_host.hub import Hub
from tests.local_stack.hubs import RECEIVER
from tests.local_stack.support import STORAGE, Place, credential_for

APP = Path(__file__).resolve().parents[2] / "data" / "functions_host"
QUEUE_ROLE = "Storage Queue Data Contributor"
BLOB_ROLE = "Storage Blob Data Owner"


class Site:
    """Everything one host needs; `settings` may be changed before `start`."""

    def __init__(
        self,
        stack: ThreadedStack,
        hub: Hub,
        folder: Path,
        roles: tuple[str, ...] = (QUEUE_ROLE, BLOB_ROLE),
    ) -> None:
        self.stack, self.folder = stack, folder
        place = Place(stack)
        self.account = f"st{uuid.uuid4().hex[:16]}"
        made = place.put("Microsoft.Storage/storageAccounts", self.account, **STORAGE)
        endpoints = made["properties"]["primaryEndpoints"]
        user = place.put("Microsoft.ManagedIdentity/userAssignedIdentities", "id-app")
        site = place.put(
            "Microsoft.Web/sites",
            f"func-{uuid.uuid4().hex[:8]}",
            properties={},
            identity={"type": "UserAssigned", "userAssignedIdentities": {user["id"]: {}}},
        )
        for role in roles:
            scope = made["id"]
            stack.ctx.roles.assign(f"{scope}/{uuid.uuid4()}", user["properties"]["principalId"], role, scope)
        reader = user["properties"]["principalId"]
        stack.ctx.roles.assign(f"{hub.hub}/{uuid.uuid4()}", reader, RECEIVER, hub.hub)
        who = place.application(QUEUE_ROLE, BLOB_ROLE)
        verify = {"credential": credential_for(stack, *who), "connection_verify": str(stack.ca_file)}
        self.queues = QueueServiceClient(endpoints["queue"], **verify)
        self.blobs = BlobServiceClient(endpoints["blob"], **verify)
        self.queue = self.queues.create_queue("jobs")
        self.id = site["id"]
        self.identity = Identity.of(app_service_environment(stack.ctx, site["id"]))
        self.ledger = folder / f"ledger-{self.account}.jsonl"
        self.events = folder / f"events-{self.account}.jsonl"
        client = user["properties"]["clientId"]
        self.settings = {
            "LEDGER": str(self.ledger),
            "Jobs": "jobs",
            "Hourly": "0 0 * * * *",
            "WEBSITE_SITE_NAME": site["name"],
            "Work__queueServiceUri": endpoints["queue"],
            "Work__credential": "managedidentity",
            "Work__clientId": client,
            "Hub__fullyQualifiedNamespace": hub.fully_qualified,
            "Hub__clientId": client,
            "AzureWebJobsStorage__blobServiceUri": endpoints["blob"],
            "AzureWebJobsStorage__clientId": client,
        }
        self._hosts: list[FunctionsHost] = []

    def start(self, app: Path = APP, **options: Any) -> FunctionsHost:
        """Start a host that stops with the test."""
        told = {
            "lease": 60.0,
            "drain": 60.0,
            "events": self.events,
            "directory": self.stack.directory,
            **options,
        }
        host = FunctionsHost(app, self.settings, Options(identity=self.identity, **told))
        host.start()
        self._hosts.append(host)
        return host

    def close(self) -> None:
        while self._hosts:
            self._hosts.pop().stop()

    def send(self, *jobs: dict[str, Any]) -> None:
        for job in jobs:
            self.queue.send_message(b64encode(json.dumps(job).encode()).decode())

    def notes(self, what: str) -> list[dict[str, Any]]:
        return [line for line in _lines(self.ledger) if line["what"] == what]

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [line for line in _lines(self.events) if line["event"] == event]

    def left(self, queue: str = "jobs") -> int:
        return self.queues.get_queue_client(queue).get_queue_properties().approximate_message_count

    def request(self, host: FunctionsHost, method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(method, host.url + path, verify=str(self.stack.ca_file), timeout=30, **more)


def await_true(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until it is so. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come about")
        time.sleep(0.03)


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    told = path.read_text("utf-8")
    return [
        json.loads(line) for line in told[: told.rfind("\n") + 1].splitlines()
    ]  # the last may be on its way
