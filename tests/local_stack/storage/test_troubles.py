"""Storage in trouble: a caller whose clock is off, and a restart under those who use it."""

from __future__ import annotations

import logging
import socket
import ssl
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.core.exceptions import HttpResponseError

from tests.local_stack.storage.conftest import Account
from tests.local_stack.storage.test_data_plane import blobs, tables

WRITES = 60


async def restart(ctx: Any) -> None:
    await ctx.services["storage"].azurite.restart()


@pytest.mark.parametrize("skew", [3600, -3600])
def test_a_request_that_is_dated_an_hour_off_is_refused(account: Account, skew: int) -> None:
    caller = account.caller("Storage Blob Data Contributor", "Storage Table Data Contributor")
    account.stack.faults.set("clock.skew_seconds", skew)
    try:
        for refused_call in (
            lambda: blobs(account, caller).create_container("content"),
            lambda: tables(account, caller).create_table("rows"),
        ):
            with pytest.raises(HttpResponseError) as refused:
                refused_call()
            assert (refused.value.status_code, refused.value.error_code) == (403, "AuthenticationFailed")
    finally:
        account.stack.faults.clear()


def test_ten_minutes_off_is_overlooked(account: Account) -> None:
    caller = account.caller("Storage Blob Data Contributor")
    account.stack.faults.set("clock.skew_seconds", 600)
    try:
        blobs(account, caller).create_container("content")
    finally:
        account.stack.faults.clear()


def test_a_restart_loses_nothing_that_was_acknowledged(account: Account) -> None:
    container = blobs(account, account.caller("Storage Blob Data Contributor")).create_container("content")
    half = threading.Event()

    def write(number: int) -> str:
        if number == WRITES // 2:
            half.set()
        for _ in range(20):
            try:
                container.upload_blob(f"{number:03}", b"x" * 1000, overwrite=True)
                return f"{number:03}"
            except HttpResponseError as error:
                assert error.status_code in (500, 503), error
        raise AssertionError("it never came back")

    with ThreadPoolExecutor(4) as pool:
        written = [pool.submit(write, number) for number in range(WRITES)]
        half.wait()
        account.stack.call(restart)
        names = {one.result() for one in written}
    assert {blob.name for blob in container.list_blobs()} == names
    account.stack.call(restart)
    assert {blob.name for blob in container.list_blobs()} == names


def ask_and_die(account: Account, request: str, *, after: int) -> None:
    """Send the beginning of a request, read so many bytes of its answer, and vanish without a farewell."""
    place = urlsplit(account.endpoints["blob"])
    context = ssl.create_default_context(cafile=str(account.stack.ca_file))
    plain = socket.create_connection((place.hostname, place.port or 443), timeout=60)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with context.wrap_socket(plain, server_hostname=place.hostname) as connection:
        connection.sendall(request.encode())
        if after:
            assert connection.recv(after).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_client_that_dies_is_no_fault_of_the_stack(
    account: Account, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    caller = account.caller("Storage Blob Data Contributor")
    container = blobs(account, caller).create_container("content")
    container.upload_blob("large", bytes(24 << 20))
    token = caller.credential.get_token("https://storage.azure.com/.default").token
    lines = [f"{method} {urlsplit(container.url).path}/large HTTP/1.1"]
    lines += [f"Host: {urlsplit(container.url).netloc}", f"Authorization: Bearer {token}"]
    lines += ["x-ms-version: 2023-11-03", "x-ms-blob-type: BlockBlob"]
    lines += ["Content-Length: 9999999"] if method == "PUT" else []
    caplog.set_level(logging.WARNING)
    for _ in range(3):
        ask_and_die(account, "\r\n".join((*lines, "", "")), after=4096 if method == "GET" else 0)
    time.sleep(0.5)
    assert container.get_blob_client("large").get_blob_properties().size == 24 << 20
    assert [record.getMessage() for record in caplog.records] == []
