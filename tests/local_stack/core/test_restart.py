"""A stopped stack's directory is the stack: started again, or copied and started, it is what it was."""

from __future__ import annotations

import shutil
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from local_stack.core import operations, server
from local_stack.core.errors import StackError
from local_stack.threaded import ThreadedStack
from tests.local_stack.support import STORAGE, WEST, Place, arm_client, credential_for, deployer_credential

SERVICES = ("identity", "arm", "storage")


def write_something(stack: ThreadedStack) -> tuple[Place, dict]:
    place = Place(stack)
    account = place.put("Microsoft.Storage/storageAccounts", f"st{uuid.uuid4().hex[:16]}", **STORAGE)
    stack.ctx.roles.assign("/x", stack.deployer["object_id"], "Storage Blob Data Contributor", account["id"])
    blobs(stack, account).create_container("box").upload_blob("b", b"content")
    return place, account


def blobs(stack: ThreadedStack, account: dict) -> BlobServiceClient:
    url = account["properties"]["primaryEndpoints"]["blob"]
    return BlobServiceClient(
        url, deployer_credential(stack), connection_verify=str(stack.ca_file), retry_total=0
    )


def check_everything(stack: ThreadedStack, place: Place, account: dict, facts: dict) -> None:
    assert {
        "arm": stack.addresses.url("arm"),
        "ca": stack.ca_file.read_bytes(),
        "who": stack.deployer,
    } == facts
    arm = arm_client(stack, place.subscription)
    assert [r.id for r in arm.resources.list_by_resource_group("rg")] == [account["id"]]
    assert blobs(stack, account).get_blob_client("box", "b").download_blob().readall() == b"content"
    assert [e.operation for e in stack.writes.since(0, service="storage")] == [
        "blob.CreateContainer",
        "blob.PutBlob",
    ]


def test_restarted_and_copied_it_is_the_same(tmp_path: Path) -> None:
    directory = tmp_path / "stack"
    with ThreadedStack(directory, services=SERVICES) as stack:
        place, account = write_something(stack)
        facts = {"arm": stack.addresses.url("arm"), "ca": stack.ca_file.read_bytes(), "who": stack.deployer}
    shutil.copytree(directory, tmp_path / "copy")
    with ThreadedStack(directory, services=SERVICES) as again:
        check_everything(again, place, account, facts)
    with ThreadedStack(tmp_path / "copy", services=SERVICES) as copy:
        check_everything(copy, place, account, facts)


def test_a_copy_beside_the_running_original_names_the_taken_port(tmp_path: Path) -> None:
    directory = tmp_path / "stack"
    with ThreadedStack(directory, services=("identity", "arm")):
        pass
    shutil.copytree(directory, tmp_path / "copy")
    with (
        ThreadedStack(directory, services=("identity", "arm")),
        pytest.raises(StackError, match="kept for identity, cannot be used"),
    ):
        ThreadedStack(tmp_path / "copy", services=("identity", "arm")).start()


def test_an_operation_under_way_survives_a_restart(tmp_path: Path) -> None:
    directory = tmp_path / "stack"
    with ThreadedStack(directory, services=("identity", "arm")) as stack:
        place = Place(stack)
        operation = stack.ctx.operations.start(place.group, "Microsoft.Web")
    with ThreadedStack(directory, services=("identity", "arm")) as again:
        place.rest = place.rest.__class__(again)
        scope = f"/subscriptions/{place.subscription}/providers/Microsoft.Web/locations/local"
        status = f"{scope}/operationStatuses/{operation}"
        reply = place.rest("GET", status)
        assert (reply.json()["status"], reply.headers["Retry-After"]) == ("InProgress", "1")
        again.ctx.operations.fail(operation, "Broken", "It broke.")
        assert place.rest("GET", status).json()["error"] == {"code": "Broken", "message": "It broke."}


def test_stopping_waits_for_no_latency_and_no_poll(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, most in ((operations, "_PATIENCE_SECONDS"), (server, "_SHUTDOWN_SECONDS")):
        monkeypatch.setattr(module, most, 300.0)
    with ThreadedStack(tmp_path / "stack", services=("identity", "arm")) as stack:
        place = Place(stack)
        operation = stack.ctx.operations.start(place.group, "Microsoft.Web")
        poll = (
            f"/subscriptions/{place.subscription}/providers/Microsoft.Web/locations/local/operationStatuses/"
        )
        stack.faults.add("arm", "resource.get", latency=300, times=1)
        stack.faults.add("arm", "operation.*", latency=0.01, times=1)
        with ThreadPoolExecutor(2) as clients:
            clients.submit(place.rest, "GET", place.id("Microsoft.Web/sites", "a"))
            polled = clients.submit(place.rest, "GET", poll + operation)
            deadline = time.monotonic() + 60
            while stack.faults.list():  # until both are there
                assert time.monotonic() < deadline
                time.sleep(0.01)
            began = time.monotonic()
            stack.stop()
            assert time.monotonic() - began < 60
            assert polled.result().json()["status"] == "InProgress"


def test_a_handler_that_breaks_is_a_500_with_azures_body(tmp_path: Path) -> None:
    with ThreadedStack(tmp_path / "stack", services=("identity", "arm")) as stack:
        place = Place(stack)

        class Broken:
            async def put(self, *_):
                raise RuntimeError("secret detail")

        stack.ctx.resources.providers["microsoft.web/sites"] = Broken()
        reply = place.rest("PUT", place.id("Microsoft.Web/sites", "a"), WEST)
        assert (reply.status_code, reply.json()["error"]["code"]) == (500, "InternalServerError")
        assert "secret detail" not in reply.text
        assert "secret detail" in (stack.directory / "stack.log").read_text()


def test_an_application_made_before_a_restart_still_gets_in(tmp_path: Path) -> None:
    with ThreadedStack(tmp_path / "stack", services=("identity", "arm")) as stack:
        principal, secret = stack.create_application("early")
    with ThreadedStack(tmp_path / "stack", services=("identity", "arm")) as stack:
        token = credential_for(stack, principal.app_id, secret).get_token(
            "https://management.azure.com/.default"
        )
        assert stack.ctx.tokens.verify(token.token, ["https://management.azure.com"]) == principal
