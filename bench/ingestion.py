"""Operations rows from a verb's hands to the Logs Ingestion API, journal included, to a sink that does no work.

Against the SDK's own `upload()` of the same rows, and against the floor: orjson, gzip level 1, one POST per megabyte.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import orjson
import requests
from azure.core.credentials import AccessToken
from azure.monitor.ingestion import LogsIngestionClient

from bench.measure import OURS, Case, Goal, Run
from bench.sink import sink
from vibedata.adapters.operations_ingestion import Ingestion
from vibedata.adapters.operations_journal import Journal
from vibedata.adapters.operations_log import AzureOperationsLog
from vibedata.operations import Event, Operation, Overflow, Row, row

ROWS = 10_000
RULE, STREAM = "dcr-00000000000000000000000000000000", "Custom-VibeDataOperations"
PATH = f"/dataCollectionRules/{RULE}/streams/{STREAM}?api-version=2023-01-01"
ROWS_PER_CALL = 1_400  # just under a megabyte of these rows
SDK, FLOOR = "the SDK's `upload()`", "floor: orjson, gzip level 1, POST"


class _Token:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken("token", int(time.time()) + 86_400)


class _NoSpool:
    """A spool that is never needed, and empty."""

    def put(self, lines: Sequence[bytes], *, rejected: bool = False) -> bool:
        raise AssertionError("a row was not taken")

    def put_details(self, overflow: Overflow) -> bool:
        raise AssertionError("no row has details of that size")

    def waiting(self) -> list[str]:
        return []


def rows(count: int) -> list[Row]:
    """Return rows such as an import writes, about 700 bytes of JSON each."""
    operation = Operation(
        "11111111-2222-4333-8444-555555555555", "import_artifacts", "inst-1", 7, "vibedata-uami"
    )
    at = datetime.now(timezone.utc)

    def one(number: int) -> Row:
        details = {
            "digest": "sha256:" + hashlib.sha256(str(number).encode()).hexdigest(),
            "tags": ["day0", "1.4.0"],
            "bytes": number * 37,
        }
        message = f"Imported component-{number} by digest."
        event = Event(
            "import",
            "Succeeded",
            at,
            f"component-{number}",
            duration_ms=number,
            message=message,
            details=details,
        )
        return row(operation, event)

    return [one(number) for number in range(count)]


def _ours(address: str, given: Sequence[Row], home: Path) -> Run:
    closing = threading.Event()
    sender = Ingestion(address, RULE, STREAM, _Token(), closing.wait)
    log = AzureOperationsLog(sender, _NoSpool(), Journal(home / "work" / "spool"), closing=closing)  # type: ignore[arg-type]

    def run() -> None:
        log.write(given)
        log.flush()
        assert not list((home / "work" / "spool").iterdir()), "rows are left"

    return run


def _sdk(address: str, given: Sequence[Row]) -> Run:
    client = LogsIngestionClient(address, _Token())
    logs: list[Any] = list(given)
    return lambda: client.upload(RULE, STREAM, logs)


def _floor(address: str, given: Sequence[Row], trusted: Path) -> Run:
    session = requests.Session()
    session.verify = str(trusted)
    headers = {
        "Authorization": "Bearer token",
        "Content-Encoding": "gzip",
        "Content-Type": "application/json",
    }

    def run() -> None:
        for start in range(0, len(given), ROWS_PER_CALL):
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = packer.compress(orjson.dumps(given[start : start + ROWS_PER_CALL])) + packer.flush()
            assert session.post(address + PATH, data=body, headers=headers, timeout=60).status_code == 204

    return run


@contextmanager
def _sides() -> Iterator[Mapping[str, Run]]:
    with (
        tempfile.TemporaryDirectory(prefix="vibedata-bench-") as name,
        sink(Path(name)) as (address, trusted),
    ):
        before = os.environ.get("REQUESTS_CA_BUNDLE")
        os.environ["REQUESTS_CA_BUNDLE"] = str(trusted)
        (Path(name) / "work").mkdir()
        given = rows(ROWS)
        try:
            yield {
                OURS: _ours(address, given, Path(name)),
                SDK: _sdk(address, given),
                FLOOR: _floor(address, given, trusted),
            }
        finally:
            os.environ.pop("REQUESTS_CA_BUNDLE")
            if before is not None:
                os.environ["REQUESTS_CA_BUNDLE"] = before


CASES = [
    Case(
        "ingestion",
        f"{ROWS:,} operations rows to the ingestion API",
        _sides,
        goals=[Goal(SDK, at_least=4), Goal(FLOOR, at_least=0.8)],
    )
]
