"""Delivers rows whose Details are too large for the table: those lie in a blob, to which the row refers.

Rows wait as they were written, in a journal or in the spool, so whoever delivers what waits there has to look: Azure
cuts a longer value without a word.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from vibedata.adapters.operations_ingestion import OUT_OF_TIME, Delivery
from vibedata.operations import MAX_DETAILS_BYTES, Overflow, overflow


class Sender(Protocol):
    """What uploads lines: `Ingestion`."""

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        """See `Ingestion.deliver`."""


class Keeper(Protocol):
    """What keeps Details: `operations_spool.Spool`."""

    def put_details(self, overflow: Overflow) -> bool:
        """See `Spool.put_details`."""


@dataclass(frozen=True)
class DetailsApart:
    """A sender before another one."""

    sender: Sender
    keeper: Keeper
    monotonic: Callable[[], float] = time.monotonic

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        """See `Ingestion.deliver`; `later` and `refused` have lines as they were given.

        A row whose Details found no place does not wait for them, and is also among those that come again `later`.
        Putting Details apart takes half of the time, and the row that is under way: those behind it come `later`
        unsent, and all do when the deadline has passed by then, because a post would begin too late.
        """
        began = self.monotonic()
        until = began + (deadline - began) / 2
        sent, given, stuck = list[bytes](), dict[bytes, bytes](), set[bytes]()
        for line in lines:
            if len(line) <= MAX_DETAILS_BYTES:  # so its Details are smaller too
                sent.append(line)
                continue
            if given and self.monotonic() >= until:
                break
            fitting, details = _apart(line)
            sent.append(fitting)
            if details:
                given[fitting] = line
                stuck.update(() if self.keeper.put_details(details) else (fitting,))
        if given and self.monotonic() >= deadline:
            return Delivery(later=list(lines), reason=OUT_OF_TIME)
        delivery = self.sender.deliver(sent, deadline)
        if later := stuck.union(delivery.later).difference(delivery.refused):
            delivery.later = [given.get(line, line) for line in sent if line in later]
        delivery.refused = [given.get(line, line) for line in delivery.refused]
        if rest := lines[len(sent) :]:
            delivery.later = [*delivery.later, *rest]
            delivery.reason = delivery.reason or OUT_OF_TIME
        return delivery


def _apart(line: bytes) -> tuple[bytes, Overflow | None]:
    """Return a line as it fits; what is no row of ours goes as it is, for the service to refuse."""
    row = json.loads(line)
    if not isinstance(row, dict) or not isinstance(row.get("Details"), dict):
        return line, None
    fitting, details = overflow(row)
    return (as_line(fitting), details) if details else (line, None)


def as_line(row: object) -> bytes:
    """Return a row as a line of JSON, whatever is in it."""
    try:
        return b"%b" % orjson.dumps(
            row
        )  # a copy of its own size: orjson's keeps the room that it was made in
    except TypeError:  # not plain data, half a character, a number of more than 64 bits
        return json.dumps(row, separators=(",", ":"), default=str).encode()
