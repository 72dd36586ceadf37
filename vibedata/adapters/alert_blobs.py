"""Writing one blob on an alert's way: briskly, and with the container's name where that is missing."""

from __future__ import annotations

from collections.abc import Mapping

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.brisk import BRISK, briskly
from vibedata.errors import Blocked

NEEDS = "blob-data"  # its row in contracts/rbac.json


def put(
    container: ContainerClient,
    name: str,
    data: bytes,
    *,
    overwrite: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> bool:
    """Write a blob; without `overwrite` only where there is none; tell whether it was written.

    Raises Transient, Blocked (alert-container-missing, role-missing).
    """

    def once() -> bool:
        with azure_errors(f"write {container.container_name}/{name}", needs=NEEDS):
            try:
                blob = container.get_blob_client(name)
                blob.upload_blob(data, overwrite=overwrite, metadata=dict(metadata or {}), **BRISK)
            except ResourceExistsError:
                return False
            except ResourceNotFoundError as error:
                raise no_container(container.container_name) from error
            return True

    return briskly(once)


def no_container(name: str) -> Blocked:
    """Return the error that names a container that is missing."""
    return Blocked(
        "alert-container-missing",
        f"The storage account has no container {name!r}.",
        hint="Deploy phase 6 again: the template makes the containers.",
    )
