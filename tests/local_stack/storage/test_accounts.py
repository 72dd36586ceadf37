"""Accounts, containers and tables through ARM, and the Azurite process behind them."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

import pytest
from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from tests.local_stack.storage.conftest import Account
from tests.local_stack.support import STORAGE, WEST, Place

TYPE = "Microsoft.Storage/storageAccounts"


def blobs(account: Account, **more) -> BlobServiceClient:
    credential = account.caller("Storage Blob Data Contributor").credential
    ca_file = str(account.stack.ca_file)
    return BlobServiceClient(
        account.endpoints["blob"], credential, connection_verify=ca_file, retry_total=0, **more
    )


def test_an_account_has_endpoints_as_azures(account: Account) -> None:
    body = account.place.rest("GET", account.id).json()
    url = account.stack.addresses.url
    assert body["properties"]["primaryEndpoints"] == {
        service: f"{url(service)}/{account.name}/" for service in ("blob", "queue", "table")
    }
    assert body["kind"] == "StorageV2"


def test_the_same_account_again_keeps_its_creation_time_and_data(account: Account) -> None:
    blobs(account).create_container("box")
    first = account.place.rest("GET", account.id).json()
    again = account.place.put(TYPE, account.name, **STORAGE)
    assert again["properties"] == first["properties"]
    assert [c.name for c in blobs(account).list_containers()] == ["box"]


def test_a_name_belongs_to_one_account_of_the_whole_world(account: Account) -> None:
    other = Place(account.stack)
    reply = other.rest("PUT", other.id(TYPE, account.name), {**WEST, **STORAGE})
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "StorageAccountAlreadyTaken")


@pytest.mark.parametrize("name", ["ab", "Upper", "a-b", "a" * 25])
def test_a_bad_name_is_refused(account: Account, name: str) -> None:
    reply = account.place.rest("PUT", account.place.id(TYPE, name), {**WEST, **STORAGE})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "AccountNameInvalid")


def test_containers_and_tables_put_through_arm_are_there(account: Account) -> None:
    container = f"{TYPE}/{account.name}/blobServices/default/containers"
    table = f"{TYPE}/{account.name}/tableServices/default/tables"
    for _ in range(2):
        account.place.rest("PUT", account.place.id(container, "manifests"), {"properties": {}})
        account.place.rest("PUT", account.place.id(table, "components"), {"properties": {}})
    assert [c.name for c in blobs(account).list_containers()] == ["manifests"]
    caller = account.caller("Storage Table Data Contributor").credential
    service = TableServiceClient(
        endpoint=account.endpoints["table"], credential=caller, connection_verify=str(account.stack.ca_file)
    )
    assert [t.name for t in service.list_tables()] == ["components"]
    account.place.rest("DELETE", account.place.id(container, "manifests"))
    assert list(blobs(account).list_containers()) == []


def test_a_deleted_account_takes_its_data_with_it(account: Account, new_account) -> None:
    blobs(account).create_container("box").upload_blob("b", b"1")
    assert account.place.rest("DELETE", account.id).status_code == 200
    with pytest.raises(HttpResponseError) as gone:
        list(blobs(account).list_containers())
    assert gone.value.status_code == 404
    assert list(blobs(new_account(account.name)).list_containers()) == []


def test_a_fault_strikes_one_operation_in_storages_own_shape(account: Account) -> None:
    box = blobs(account).create_container("box")
    fault = account.stack.faults.add(
        "storage", "blob.PutBlob", status=503, code="ServerBusy", times=1, path=f"/{account.name}/*"
    )
    assert fault.times == 1
    with pytest.raises(HttpResponseError) as struck:
        box.upload_blob("b", b"1")
    assert (struck.value.status_code, struck.value.error_code) == (503, "ServerBusy")
    box.upload_blob("b", b"1")


def await_true(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_saved(account: Account) -> bool:
    """Say whether Azurite's indexes on disk know the account's blobs: it writes them every few seconds."""
    blobs, extents = (
        account.stack.ctx.files("storage") / f"__azurite_db_{name}__.json" for name in ("blob", "blob_extent")
    )
    if not (blobs.exists() and extents.exists()):
        return False
    every = {each["name"]: each["data"] for each in json.loads(blobs.read_text("utf-8"))["collections"]}
    mine = [row for row in every["$BLOBS_COLLECTION$"] if row["accountName"] == account.name]
    return bool(mine) and all(row["persistency"]["id"] in extents.read_text("utf-8") for row in mine)


def test_azurite_comes_back_after_a_crash_with_its_data(account: Account) -> None:
    box = blobs(account).create_container("box")
    box.upload_blob("b", b"1")
    await_true(lambda: is_saved(account))
    azurite = account.stack.ctx.services["storage"].azurite
    pid = azurite._process.pid
    os.kill(pid, signal.SIGKILL)
    await_true(lambda: azurite._process.pid != pid and azurite.ready.is_set())
    assert box.download_blob("b").readall() == b"1"
    assert "Azurite ended with -9" in (account.stack.directory / "stack.log").read_text()
