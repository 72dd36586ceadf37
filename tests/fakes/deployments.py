"""The history of deployments in memory, and a memory of what was written down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vibedata import deployment_operations
from vibedata.deployment_operations import Deployment, DeploymentOperation

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/mrg"
CORRELATION = "3f2a8c1e-0000-4000-8000-00000000c0de"


def operation_document(operation_id: str, state: str = "Succeeded", **properties: Any) -> dict[str, Any]:
    """Return an operation as ARM writes it."""
    return {
        "id": f"{GROUP}/operations/{operation_id}",
        "operationId": operation_id,
        "properties": {
            "provisioningOperation": "Create",
            "provisioningState": state,
            "timestamp": "2026-03-01T10:00:05.1234567Z",
            "duration": "PT1M2.5S",
            "statusCode": "OK",
            "targetResource": {
                "id": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st1",
                "resourceType": "Microsoft.Storage/storageAccounts",
                "resourceName": "st1",
            },
            **properties,
        },
    }


class FakeDeploymentHistory:
    """Deployments that can be recorded; `failing` holds an error by deployment, `""` for the listing."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
        self.failing: dict[str, list[Exception]] = {}
        self.asked: list[str] = []

    def record(
        self,
        name: str,
        *operations: dict[str, Any],
        state: str = "Succeeded",
        timestamp: str = "2026-03-01T10:01:00.0000000Z",
    ) -> None:
        """Keep a deployment and what it did, as ARM would."""
        properties = {"provisioningState": state, "timestamp": timestamp, "correlationId": CORRELATION}
        where = f"{GROUP}/providers/Microsoft.Resources/deployments/{name}"
        self.held[name] = ({"id": where, "name": name, "properties": properties}, list(operations))

    def deployments(self) -> Iterator[Deployment]:
        self._answer("")
        for document, _ in self.held.values():
            yield deployment_operations.deployment(document)

    def operations(self, deployment: str) -> Iterator[DeploymentOperation]:
        self._answer(deployment)
        for document in self.held.get(deployment, ({}, []))[1]:
            yield deployment_operations.operation(document)

    def _answer(self, name: str) -> None:
        self.asked.append(name)
        waiting = self.failing.get(name)
        if waiting:
            raise waiting.pop(0)


class FakeRecordedDeployments:
    """What was written down, in memory."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.writes = 0

    def read(self) -> Mapping[str, str]:
        return dict(self.known)

    def write(self, known: Mapping[str, str]) -> None:
        self.known, self.writes = dict(known), self.writes + 1
