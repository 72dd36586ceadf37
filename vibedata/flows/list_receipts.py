"""List the receipts: who changed what, when, from which digest to which. Reads only, and verifies nothing."""

from __future__ import annotations

from dataclasses import asdict

from vibedata import receipt_chain
from vibedata.ports import Receipts, Summary
from vibedata.receipts import Head

VERB = "list_receipts"


def list_receipts(
    *, receipts: Receipts, subject: str = "", operation_id: str | None = None, last: int | None = None
) -> Summary:
    """Return the receipts of subjects that begin with `subject`, of one operation, the `last` so many, oldest first."""
    found = receipts.read()
    chosen = [
        one
        for one in receipt_chain.chain(found)
        if one.subject.startswith(subject) and operation_id in (None, one.operation_id)
    ]
    shown = chosen[-last:] if last is not None else chosen
    data = {"head": (found.head or Head()).text, "receipts": [asdict(one) for one in shown]}
    return Summary(VERB, {}, f"{len(shown)} receipts.", data)
