"""The real SDKs against the front: what they write comes back, and only who has the role may."""

from __future__ import annotations

import uuid

import pytest
import requests
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobLeaseClient, BlobServiceClient
from azure.storage.queue import QueueServiceClient

from tests.local_stack.storage.conftest import Account, Caller


def blobs(account: Account, caller: Caller) -> BlobServiceClient:
    return BlobServiceClient(
        account.endpoints["blob"],
        caller.credential,
        connection_verify=str(account.stack.ca_file),
        retry_total=0,
    )


def tables(account: Account, caller: Caller) -> TableServiceClient:
    return TableServiceClient(
        endpoint=account.endpoints["table"],
        credential=caller.credential,
        connection_verify=str(account.stack.ca_file),
        retry_total=0,
    )


def queues(account: Account, caller: Caller) -> QueueServiceClient:
    return QueueServiceClient(
        account.endpoints["queue"],
        caller.credential,
        connection_verify=str(account.stack.ca_file),
        retry_total=0,
    )


def test_contributor_writes_a_blob_and_reads_it_back(account: Account) -> None:
    service = blobs(account, account.caller("Storage Blob Data Contributor"))
    container = service.create_container("manifests")
    container.upload_blob("sha256/abc", b"{}", overwrite=False)
    with pytest.raises(ResourceExistsError):
        container.upload_blob("sha256/abc", b"{}", overwrite=False)
    assert container.download_blob("sha256/abc").readall() == b"{}"
    assert [blob.name for blob in container.list_blobs()] == ["sha256/abc"]


def test_a_large_blob_streams_through_unchanged(account: Account) -> None:
    container = blobs(account, account.caller("Storage Blob Data Contributor")).create_container("large")
    content = bytes(range(256)) * (6 * 4096)
    container.upload_blob("big", content)
    assert container.download_blob("big").readall() == content


def test_reader_may_read_but_not_write(account: Account) -> None:
    blobs(account, account.caller("Storage Blob Data Contributor")).create_container("box").upload_blob(
        "b", b"1"
    )
    reader = blobs(account, account.caller("Storage Blob Data Reader")).get_container_client("box")
    assert reader.download_blob("b").readall() == b"1"
    with pytest.raises(HttpResponseError) as refused:
        reader.upload_blob("x", b"2")
    assert refused.value.status_code == 403
    assert refused.value.error_code == "AuthorizationPermissionMismatch"


def test_owner_of_the_account_has_no_data_role(account: Account) -> None:
    service = tables(account, account.caller("Owner"))
    service.create_table("things")  # a management action
    with pytest.raises(HttpResponseError) as refused:
        service.get_table_client("things").create_entity({"PartitionKey": "p", "RowKey": "r"})
    assert refused.value.status_code == 403
    assert refused.value.response.headers["x-ms-error-code"] == "AuthorizationPermissionMismatch"


def test_a_role_at_another_account_does_not_count(account: Account, new_account) -> None:
    other = new_account(account.name + "x")
    caller = other.caller("Storage Blob Data Contributor")
    with pytest.raises(HttpResponseError) as refused:
        blobs(account, caller).create_container("box")
    assert refused.value.status_code == 403


def test_without_a_token_the_answer_says_where_to_get_one(account: Account) -> None:
    reply = requests.get(account.endpoints["blob"] + "?comp=list", verify=str(account.stack.ca_file))
    assert reply.status_code == 401
    assert reply.headers["x-ms-error-code"] == "NoAuthenticationInformation"
    assert "resource_id=https://storage.azure.com" in reply.headers["WWW-Authenticate"]


def test_a_token_for_another_audience_is_refused(account: Account) -> None:
    caller = account.caller("Storage Blob Data Contributor")
    token = account.stack.ctx.tokens.mint(caller.principal, "https://management.azure.com")
    reply = requests.get(
        account.endpoints["blob"] + "?comp=list",
        headers={"Authorization": f"Bearer {token}"},
        verify=str(account.stack.ca_file),
    )
    assert (reply.status_code, reply.headers["x-ms-error-code"]) == (401, "InvalidAuthenticationInfo")


def test_a_forged_token_is_refused_though_azurite_would_take_it(account: Account) -> None:
    import base64
    import json
    import time

    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    now = int(time.time())
    claims = {
        "aud": "https://storage.azure.com",
        "iss": f"https://sts.windows.net/{account.stack.tenant_id}/",
        "iat": now - 5,
        "nbf": now - 5,
        "exp": now + 600,
        "oid": "x",
        "tid": "y",
        "appid": "z",
    }
    token = f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}."
    reply = requests.get(
        account.endpoints["blob"] + "?comp=list",
        headers={"Authorization": f"Bearer {token}"},
        verify=str(account.stack.ca_file),
    )
    assert reply.status_code == 401


def test_a_shared_key_is_refused(account: Account) -> None:
    key = account.stack.ctx.store.collection("storage", "keys")[account.name]
    service = BlobServiceClient(
        account.endpoints["blob"], {"account_name": account.name, "account_key": key},
        connection_verify=str(account.stack.ca_file), retry_total=0,
    )  # fmt: skip
    with pytest.raises(HttpResponseError) as refused:
        service.create_container("box")
    assert refused.value.status_code == 403
    assert refused.value.error_code == "KeyBasedAuthenticationNotPermitted"


def test_table_transaction_is_logged_with_its_keys(account: Account) -> None:
    service = tables(account, account.caller("Storage Table Data Contributor"))
    table = service.create_table("components")
    before = account.stack.writes.last
    table.submit_transaction(
        [
            ("upsert", {"PartitionKey": "it's", "RowKey": "a", "n": 1}),
            ("create", {"PartitionKey": "it's", "RowKey": "b", "n": 2}),
        ]
    )
    (entry,) = account.stack.writes.since(before, service="storage")
    assert (entry.operation, entry.status) == ("table.Transaction", 202)
    assert entry.detail["account"] == account.name
    assert [row[1:] for row in entry.detail["operations"]] == [
        ["components", "it's", "a"],
        ["components", "it's", "b"],
    ]
    assert table.get_entity("it's", "b")["n"] == 2


def test_a_transaction_over_4_mib_is_refused(account: Account) -> None:
    caller = account.caller("Storage Table Data Contributor")
    table = tables(account, caller).create_table("things")
    wide = {f"p{number}": "x" * 30_000 for number in range(15)}
    batch = [("create", {"PartitionKey": "p", "RowKey": str(row), **wide}) for row in range(10)]
    with pytest.raises(HttpResponseError) as refused:
        table.submit_transaction(batch)
    assert refused.value.status_code == 413


def test_a_table_reader_cannot_hide_a_write_in_a_transaction(account: Account) -> None:
    tables(account, account.caller("Storage Table Data Contributor")).create_table("things")
    reader = tables(account, account.caller("Storage Table Data Reader")).get_table_client("things")
    with pytest.raises(HttpResponseError) as refused:
        reader.submit_transaction([("upsert", {"PartitionKey": "p", "RowKey": "r"})])
    assert refused.value.status_code == 403
    assert list(reader.list_entities()) == []


def test_etags_decide_between_two_writers(account: Account) -> None:
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceModifiedError

    table = tables(account, account.caller("Storage Table Data Contributor")).create_table("things")
    first = table.upsert_entity({"PartitionKey": "p", "RowKey": "r", "n": 1})
    table.upsert_entity({"PartitionKey": "p", "RowKey": "r", "n": 2})
    with pytest.raises(ResourceModifiedError):
        table.update_entity(
            {"PartitionKey": "p", "RowKey": "r", "n": 3},
            etag=first["etag"],
            match_condition=MatchConditions.IfNotModified,
        )


def test_a_lease_is_named_in_the_log(account: Account) -> None:
    service = blobs(account, account.caller("Storage Blob Data Contributor"))
    blob = service.create_container("box").upload_blob("b", b"1")
    before = account.stack.writes.last
    lease = BlobLeaseClient(blob)
    lease.acquire(15)
    lease.release()
    assert [e.operation for e in account.stack.writes.since(before)] == [
        "blob.AcquireLease",
        "blob.ReleaseLease",
    ]


def test_reads_are_no_writes(account: Account) -> None:
    caller = account.caller("Storage Blob Data Contributor")
    container = blobs(account, caller).create_container("box")
    container.upload_blob("b", b"1")
    before = account.stack.writes.last
    container.download_blob("b").readall()
    list(container.list_blobs())
    assert account.stack.writes.since(before, service="storage") == []


def test_queue_messages_go_round(account: Account) -> None:
    queue = queues(account, account.caller("Storage Queue Data Contributor")).create_queue("alerts")
    queue.send_message("hello")
    (message,) = list(queue.receive_messages())
    assert message.content == "hello"
    queue.delete_message(message)
    assert queue.peek_messages() == []


def test_a_message_sender_may_not_receive(account: Account) -> None:
    queues(account, account.caller("Storage Queue Data Contributor")).create_queue("alerts")
    sender = queues(account, account.caller("Storage Queue Data Message Sender")).get_queue_client("alerts")
    sender.send_message("hello")
    with pytest.raises(HttpResponseError) as refused:
        list(sender.receive_messages())
    assert refused.value.status_code == 403


def test_an_unknown_account_is_not_found(account: Account) -> None:
    caller = account.caller()
    service = BlobServiceClient(
        account.stack.addresses.url("blob") + "/nosuchaccount",
        caller.credential,
        connection_verify=str(account.stack.ca_file),
        retry_total=0,
    )
    with pytest.raises(ResourceNotFoundError):
        service.create_container("box")


@pytest.mark.parametrize(
    "text", ["\x01", "a\x00b", "&#x1;", "\ufffe", "\x0b", "]]>", "<open>", "&undeclared;"]
)
def test_a_message_that_xml_cannot_hold_is_refused_and_hides_nobody_elses(
    account: Account, text: str
) -> None:
    caller = account.caller("Storage Queue Data Contributor")
    queue = queues(account, caller).create_queue(f"q{uuid.uuid4().hex}")
    queue.send_message("good")
    body = f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>".encode()
    refused = requests.post(
        f"{queue.url}/messages",
        data=body,
        headers={
            "Authorization": f"Bearer {caller.credential.get_token('https://storage.azure.com/.default').token}",
            "x-ms-version": "2021-12-02",
            "Content-Type": "application/xml",
        },
        verify=str(account.stack.ca_file),
        timeout=10,
    )
    assert (refused.status_code, refused.headers["x-ms-error-code"]) == (400, "InvalidXmlDocument")
    assert "Error parsing Xml content" in refused.text
    assert [one.content for one in queue.receive_messages()] == ["good"]


def test_a_message_may_be_updated_with_and_without_a_text(account: Account) -> None:
    queue = queues(account, account.caller("Storage Queue Data Contributor")).create_queue("updated")
    queue.send_message("<&> \t\n äöü \U0001f600")
    (taken,) = queue.receive_messages(max_messages=1)
    kept = queue.update_message(taken, visibility_timeout=0)
    assert [one.content for one in queue.peek_messages()] == ["<&> \t\n äöü \U0001f600"]
    queue.update_message(taken, pop_receipt=kept.pop_receipt, content="new", visibility_timeout=0)
    assert [one.content for one in queue.peek_messages()] == ["new"]
