"""What Resource Manager did in the managed resource group, and, on this machine, what of it has been written down."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport

from vibedata import deployment_operations
from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.rest import arm, arm_list
from vibedata.deployment_operations import Deployment, DeploymentOperation

ROLE = "inventory"
API_VERSION = "2025-04-01"
MAX_FILE_BYTES = 1024 * 1024


class ResourceManagerDeployments:
    """A DeploymentHistory of one resource group."""

    def __init__(
        self,
        endpoint: str,
        credential: TokenCredential,
        subscription_id: str,
        resource_group: str,
        transport: RequestsTransport | None = None,
    ) -> None:
        self._arm = arm(endpoint, credential, transport)
        self._group = f"/subscriptions/{subscription_id}/resourceGroups/{resource_group}"

    def deployments(self) -> Iterator[Deployment]:
        """See `ports.DeploymentHistory.deployments`."""
        with azure_errors("list the deployments", needs=ROLE):
            listed = f"{self._group}/providers/Microsoft.Resources/deployments"
            for document in arm_list(self._arm, listed, API_VERSION):
                yield deployment_operations.deployment(document)

    def operations(self, deployment: str) -> Iterator[DeploymentOperation]:
        """See `ports.DeploymentHistory.operations`."""
        path = (
            f"{self._group}/deployments/{quote(deployment, safe='')}/operations"  # so documented: no provider
        )
        with (
            azure_errors(f"read the operations of deployment {deployment}", needs=ROLE),
            contextlib.suppress(ResourceNotFoundError),
        ):
            for document in arm_list(self._arm, path, API_VERSION):
                yield deployment_operations.operation(document)


class RememberedDeployments:
    """RecordedDeployments in a file that root's Run Commands and the jobs' user share by group."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = directory / "recorded.json"

    def read(self) -> Mapping[str, str]:
        """See `ports.RecordedDeployments.read`."""
        try:
            handle = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(handle, "rb") as file:
                known = json.loads(file.read(MAX_FILE_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        items = known.items() if isinstance(known, dict) else ()
        return {key: value for key, value in items if isinstance(value, str)}

    def write(self, known: Mapping[str, str]) -> None:
        """See `ports.RecordedDeployments.write`."""
        fresh = self._file.with_suffix(".new")  # one name: what a killed process left is written over
        with contextlib.suppress(OSError):
            self._make_directory()
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with os.fdopen(os.open(fresh, flags, 0o660), "wb") as file:
                file.write(json.dumps(dict(sorted(known.items()))).encode())
            fresh.replace(self._file)

    def _make_directory(self) -> None:
        """Make the directory, and the one above it, but no home for an engine that has none here."""
        self._directory.parent.mkdir(exist_ok=True)
        if not self._directory.exists():
            self._directory.mkdir(exist_ok=True)
            self._directory.chmod(0o2770)
