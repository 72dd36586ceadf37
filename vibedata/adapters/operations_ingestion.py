"""Posts rows to the Logs Ingestion API, and tells what became of them instead of raising.

The SDK's own list path is not used: its chunks may exceed the service's 1 MB, and it retries neither a
refused or reset connection nor a 429 without Retry-After. Rows come as JSON lines, serialised once.
"""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.monitor.ingestion import LogsIngestionClient

from vibedata.adapters.azure_errors import retry_after
from vibedata.retry import ATTEMPTS, DELAY_SECONDS

MAX_BATCH_BYTES = 900_000  # the service counts 1 MB, both compressed and uncompressed
CONNECT_SECONDS = 5
READ_SECONDS = 20
PASSING = frozenset((403, 408, 429, 500, 502, 503, 504))  # 403: the role may not have spread yet (D13)


@dataclass
class Delivery:
    """What was not delivered: lines to try again `later`, and lines that the service `refused` for good.

    `forbidden` says that a role is missing or has not spread yet (D13); `reason` is the last trouble.
    """

    later: list[bytes] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    forbidden: bool = False
    reason: str = ""


class Ingestion:
    """One stream of one rule. `wait(seconds)` pauses and returns True when it was cut short."""

    def __init__(
        self,
        endpoint: str,
        rule_id: str,
        stream: str,
        credential: TokenCredential,
        wait: Callable[[float], bool],
        *,
        pause_seconds: float = DELAY_SECONDS,
    ) -> None:
        self._rule_id = rule_id
        self._stream = stream
        self._wait = wait
        self._pause = pause_seconds
        self._client = LogsIngestionClient(
            endpoint,
            credential,
            retry_total=0,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        """Post the lines in batches until `deadline` (monotonic seconds) or the first lasting trouble."""
        delivery = Delivery()
        waiting = [list(batch) for batch in batches(lines)]
        while waiting:
            batch = waiting.pop(0)
            trouble = self._post_patiently(batch, deadline)
            if trouble is None:
                continue
            delivery.reason = _reason(trouble)
            status = getattr(trouble, "status_code", None)
            if status == 413 and len(batch) > 1:
                middle = len(batch) // 2
                waiting[:0] = [batch[:middle], batch[middle:]]
            elif status in (400, 413):
                delivery.refused += batch
            else:
                delivery.forbidden = status == 403
                delivery.later = [line for part in [batch, *waiting] for line in part]
                break
        return delivery

    def _post_patiently(self, batch: list[bytes], deadline: float) -> Exception | None:
        for again in range(ATTEMPTS + 1):
            trouble = self._post(batch)
            if trouble is None or not _passes(trouble) or again == ATTEMPTS:
                return trouble
            pause = max(self._pause, retry_after(trouble) or 0.0)
            if time.monotonic() + pause > deadline or self._wait(pause):
                return trouble
        return None

    def _post(self, batch: list[bytes]) -> Exception | None:
        body = io.BytesIO(packed(batch))
        try:
            self._client.upload(self._rule_id, self._stream, body)
        except Exception as error:  # noqa: BLE001 - a broken token reply is a ValueError; the log never raises
            return error
        return None


def batches(lines: Sequence[bytes], limit: int = MAX_BATCH_BYTES) -> Iterator[list[bytes]]:
    """Cut lines into batches whose JSON array stays under `limit` bytes; a longer line stands alone."""
    batch: list[bytes] = []
    size = 2
    for line in lines:
        if batch and size + len(line) + 1 > limit:
            yield batch
            batch, size = [], 2
        batch.append(line)
        size += len(line) + 1
    if batch:
        yield batch


def packed(batch: Sequence[bytes]) -> bytes:
    """Return the batch as a gzipped JSON array; level 1 costs a fifth of the default for 18 % more bytes."""
    return gzip.compress(b"[" + b",".join(batch) + b"]", compresslevel=1, mtime=0)


def _passes(error: Exception) -> bool:
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return True
    return isinstance(error, HttpResponseError) and error.status_code in PASSING


def _reason(error: Exception) -> str:
    status = getattr(error, "status_code", None)
    return f"HTTP {status}" if status else type(error).__name__
