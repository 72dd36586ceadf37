"""Posts rows to the Logs Ingestion API, and tells what became of them instead of raising.

The SDK's `upload` is not used, only its pipeline: chunks of a list may exceed the service's 1 MB, a packed body
is sent in pieces of 8 KB, and neither a refused or reset connection nor a 429 without Retry-After is tried again.
Rows come as JSON lines, serialised once.
"""

from __future__ import annotations

import threading
import time
import zlib
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import accumulate

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.core.rest import HttpRequest
from azure.monitor.ingestion import LogsIngestionClient

from vibedata.adapters.azure_errors import retry_after
from vibedata.retry import ATTEMPTS, DELAY_SECONDS, LONGEST_RETRY_AFTER_SECONDS

MAX_BATCH_BYTES = 1024 * 1024  # of the JSON array, before it is packed: what the service refuses more of
MAX_HALVINGS = (
    40  # to find the rows that the service does not take; where it takes none, all of them are refused
)
GZIP = 16 + zlib.MAX_WBITS
CONNECT_SECONDS = 5
READ_SECONDS = 20
OUT_OF_TIME = "the time was up"
API_VERSION = "2023-01-01"
HEADERS = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
PASSING = frozenset((403, 408, 429, 500, 502, 503, 504))  # 403: the role may not have spread yet (D13)


@dataclass
class Delivery:
    """What was not delivered: lines to try again `later`, and lines that the service `refused` for good.

    `forbidden` says that a role is missing or has not spread yet (D13); `reason` is the last trouble; `halvings`
    counts how often a refused batch was cut in two.
    """

    later: list[bytes] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    forbidden: bool = False
    reason: str = ""
    halvings: int = 0


class TooEarly(Exception):
    """Nothing was posted, because the service had asked for nothing before a time that is too late."""

    status_code = 429


class Pace:
    """When the service wants the next post, whoever makes it: its limits are of a rule, not of one caller.

    What goes through meanwhile had set out before, and says nothing of the time that was asked for.
    """

    def __init__(self, wait: Callable[[float], bool]) -> None:
        self._wait = wait
        self._not_before = 0.0  # monotonic seconds
        self._lock = threading.Lock()

    def hold_back(self, seconds: float) -> None:
        """Admit nobody for so long, five minutes at most; a longer time that was asked for before stands."""
        until = time.monotonic() + min(seconds, LONGEST_RETRY_AFTER_SECONDS)
        with self._lock:
            self._not_before = max(self._not_before, until)

    def admits(self, pause: float, deadline: float) -> bool:
        """Wait for `pause` seconds, and until posts are wanted; False: that is after `deadline`, or was cut short."""
        own = time.monotonic() + pause
        while (now := time.monotonic()) < (until := max(own, self._not_before)):
            if until > deadline or self._wait(until - now):
                return False
        return True


class Ingestion:
    """One stream of one rule, for any number of threads. `wait(seconds)` pauses; it returns True when cut short."""

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
        self._path = f"/dataCollectionRules/{rule_id}/streams/{stream}?api-version={API_VERSION}"
        self._pace = Pace(wait)
        self._pause = pause_seconds
        self._client = LogsIngestionClient(
            endpoint,
            credential,
            retry_total=0,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        """Post the lines in batches until `deadline` (monotonic seconds) or the first lasting trouble.

        The first post is tried however late it is, unless the service asked for none before some later time.
        """
        delivery, cut = Delivery(), list(batches(lines))
        with closing(packed_ahead(cut)) as bodies:
            for number, body in enumerate(bodies):
                self._deliver_batch(cut[number], body, deadline, delivery)
                rest = cut[number + 1 :]
                if delivery.later or (rest and time.monotonic() > deadline):
                    delivery.reason = delivery.reason or OUT_OF_TIME
                    delivery.later += [line for batch in rest for line in batch]
                    break
        return delivery

    def _deliver_batch(self, batch: list[bytes], body: bytes, deadline: float, delivery: Delivery) -> None:
        trouble = self._post_patiently(body, deadline)
        if trouble is None:
            return
        delivery.reason = _reason(trouble)
        status = getattr(trouble, "status_code", None)
        if len(batch) > 1 and (status == 413 or (status == 400 and delivery.halvings < MAX_HALVINGS)):
            delivery.halvings += status == 400
            middle = len(batch) // 2
            for half in (batch[:middle], batch[middle:]):
                if delivery.later or time.monotonic() > deadline:
                    delivery.later += half
                else:
                    self._deliver_batch(half, packed(half), deadline, delivery)
        elif status in (400, 413):
            delivery.refused += batch
        else:
            delivery.forbidden = status == 403
            delivery.later += batch

    def _post_patiently(self, body: bytes, deadline: float) -> Exception | None:
        trouble: Exception | None = None
        for again in range(ATTEMPTS + 1):
            if not self._pace.admits(self._pause if again else 0.0, deadline):
                return trouble or TooEarly()
            trouble = self._post(body)
            if trouble is None or not _passes(trouble):
                return trouble
            self._pace.hold_back(retry_after(trouble) or 0.0)
        return trouble

    def _post(self, body: bytes) -> Exception | None:
        request = HttpRequest("POST", self._path, content=body, headers=HEADERS)
        try:
            self._client.send_request(request).raise_for_status()
        except Exception as error:  # noqa: BLE001 - a broken token reply is a ValueError; the log never raises
            return error
        return None


def batches(lines: Sequence[bytes], limit: int = MAX_BATCH_BYTES) -> Iterator[list[bytes]]:
    """Cut lines into batches whose JSON array has at most `limit` bytes; a longer line stands alone."""
    ends = list(accumulate(len(line) + 1 for line in lines))  # each line with its comma
    start = sent = 0
    while start < len(lines):
        # n lines have n - 1 commas and two brackets: one byte more than the lines with a comma each
        end = max(start + 1, bisect_right(ends, sent + limit - 1))
        yield list(lines[start:end])
        start, sent = end, ends[end - 1]


def packed(batch: Sequence[bytes]) -> bytes:
    """Return the batch as a gzipped JSON array; level 1 costs a fifth of the default for 18 % more bytes."""
    packer = zlib.compressobj(1, zlib.DEFLATED, GZIP)
    pieces = (
        b"[",
        b",".join(batch),
        b"]",
    )  # not put together first: a megabyte is not copied for two brackets
    return b"".join((*map(packer.compress, pieces), packer.flush()))


def packed_ahead(cut: Sequence[list[bytes]]) -> Generator[bytes, None, None]:
    """Yield each batch packed, the next one being packed meanwhile: zlib works beside Python."""
    if len(cut) < 2:
        yield from (packed(batch) for batch in cut)
        return
    with ThreadPoolExecutor(1, "operations-packing") as packer:
        try:
            coming = packer.submit(packed, cut[0])
        except RuntimeError:  # no thread to be had
            yield from (packed(batch) for batch in cut)
            return
        for following in cut[1:]:
            body, coming = coming.result(), packer.submit(packed, following)
            yield body
        yield coming.result()


def _passes(error: Exception) -> bool:
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return True
    return isinstance(error, HttpResponseError) and error.status_code in PASSING


def _reason(error: Exception) -> str:
    status = getattr(error, "status_code", None)
    return f"HTTP {status}" if status else type(error).__name__
