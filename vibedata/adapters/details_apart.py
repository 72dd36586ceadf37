"""Delivers rows whose Details are too large for the table: those lie in a blob, to which the row refers.

Rows wait as they were written, in a journal or in the spool, so whoever delivers what waits there has to look: Azure
cuts a longer value without a word.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from vibedata.adapters.operations_ingestion import Delivery
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

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        """See `Ingestion.deliver`; `later` and `refused` have lines as they were given.

        A row whose Details found no place does not wait for them, and is also among those that come again `later`.
        """
        sent, given, stuck = list(lines), dict[bytes, bytes](), set[bytes]()
        for number, line in enumerate(lines):
            if len(line) <= MAX_DETAILS_BYTES:  # so its Details are smaller too
                continue
            fitting, details = _apart(line)
            if details:
                sent[number] = fitting
                given[sent[number]] = line
                stuck.update(() if self.keeper.put_details(details) else (sent[number],))
        delivery = self.sender.deliver(sent, deadline)
        if later := stuck.union(delivery.later).difference(delivery.refused):
            delivery.later = [given.get(line, line) for line in sent if line in later]
        delivery.refused = [given.get(line, line) for line in delivery.refused]
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
