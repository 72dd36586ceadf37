"""Writing one blob on an alert's way: briskly, with notes in its metadata, and naming the container that is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote, unquote

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.brisk import BRISK, briskly
from vibedata.errors import Blocked

NEEDS = "blob-data"  # its row in contracts/rbac.json
MAX_NOTE_CHARS = 1000  # of one value as it is sent; all of a blob's have 8 KB


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


def renew(container: ContainerClient, name: str, metadata: Mapping[str, str], before: datetime) -> bool:
    """Write a blob's notes, and so make it young, if it was written before then; False: it is gone.

    Raises Transient, Blocked.
    """

    def once() -> bool:
        with azure_errors(f"write {container.container_name}/{name}", needs=NEEDS):
            try:
                blob = container.get_blob_client(name)
                blob.set_blob_metadata(dict(metadata), if_unmodified_since=before, **BRISK)
            except HttpResponseError as error:
                if error.status_code not in (404, 412):  # 412: it is young
                    raise
                return error.status_code == 412
            return True

    return briskly(once)


def expire(
    container: ContainerClient, before: datetime, *, ours: Callable[[str], bool], below: str | None = None
) -> int:
    """Delete what was written before then and has a name of ours; return how many. What is written meanwhile stays.

    `below`: only what is there is looked at.
    """
    gone = 0
    with azure_errors(f"expire {container.container_name}", needs=NEEDS):
        try:
            for blob in container.list_blobs(name_starts_with=below):
                if ours(blob.name) and blob.last_modified < before:
                    gone += _delete(container, blob.name, blob.last_modified)
        except ResourceNotFoundError as error:
            raise no_container(container.container_name) from error
    return gone


def _delete(container: ContainerClient, name: str, written: datetime) -> bool:
    try:
        container.delete_blob(name, if_unmodified_since=written)
    except HttpResponseError as error:
        if error.status_code in (404, 412):  # another sweep was faster, or it was written again
            return False
        raise
    return True


def no_container(name: str) -> Blocked:
    """Return the error that names a container that is missing."""
    return Blocked(
        "alert-container-missing",
        f"The storage account has no container {name!r}.",
        hint="Deploy phase 6 again: the template makes the containers.",
    )


def notes(values: Mapping[str, str]) -> dict[str, str]:
    """Return texts as a blob's metadata, which are headers, can carry them."""
    return {name: _quoted(value) for name, value in values.items()}


def noted(metadata: Mapping[str, str] | None) -> dict[str, str]:
    """Return the texts that were noted, by their names in small letters; those noted plainly too."""
    return {name.lower(): unquote(value) for name, value in (metadata or {}).items()}


def _quoted(value: str) -> str:
    """Return a value as a header can carry it; one that is too long loses its end, never half a letter."""
    while len(told := quote(value, safe="/:,.()'", errors="replace")) > MAX_NOTE_CHARS:
        value = value[: len(value) * MAX_NOTE_CHARS // len(told)]
    return told
