"""A chain of receipts in memory; rows as the table has them, so that a test can damage them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vibedata import fencing, receipt_rows, receipts
from vibedata.errors import Failed, VibedataError
from vibedata.receipts import Author, Head, Settled


class FakeReceipts:
    """Receipts of one instance; `rows` is by key, `settlings` counts what wrote, `failing` holds errors to raise."""

    def __init__(self, instance_id: str = "instance-1") -> None:
        self.instance_id = instance_id
        self.rows: dict[str, dict[str, Any]] = {}
        self.settlings = 0
        self.failing: list[VibedataError] = []

    def settle(self, subjects: Mapping[str, str], author: Author) -> Settled:
        if self.failing:
            raise self.failing.pop(0)
        found = self.read()
        head = found.head or Head()
        fencing.refuse_older(author.fence, head.fence, "The chain of receipts")
        new = receipts.to_append(self.instance_id, head, found.last, subjects, author)
        if not new:
            return Settled(head, 0)
        rows = receipt_rows.receipt_rows(new)
        if any(row["RowKey"] in self.rows for row in rows):
            raise Failed("receipts-broken", "it goes on behind its head", hint="verify")
        self.rows.update({row["RowKey"]: row for row in [*rows, *receipt_rows.moving_rows(new)]})
        self.settlings += 1
        return Settled(receipts.head_after(new[-1]), len(new))

    def read(self) -> receipt_rows.Stored:
        return receipt_rows.stored(self.rows.values())
