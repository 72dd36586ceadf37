"""Verify that nobody has edited, removed, inserted or reordered a receipt of what was done. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from vibedata import receipt_chain
from vibedata.errors import Failed
from vibedata.ports import OperationsReader, Receipts, Summary
from vibedata.receipts import Head, parse_head

VERB = "verify_receipts"


def verify_receipts(
    *,
    receipts: Receipts,
    instance_id: str,
    heads: Sequence[str] = (),
    log: OperationsReader | None = None,
    since: datetime | None = None,
) -> Summary:
    """Follow the chain from its beginning to its head; it must hold each of `heads` (`SEQ:HASH`, noted earlier).

    With `log`, it must also hold every head that the operations log has `since` then. Raises BadInput
    (receipts-head-invalid), Failed (receipts-broken: the first receipt that is not as it was written, and why).
    """
    noted = [parse_head(text) for text in heads]
    in_log = receipt_chain.heads_in(log.rows(since=since), instance_id) if log and since else []
    found = receipts.read()  # after the log: what is appended meanwhile is no reason to fail
    broken = receipt_chain.first_break(instance_id, found, [*noted, *in_log])
    if broken:
        raise Failed(
            "receipts-broken",
            f"The chain of receipts is broken at number {broken.seq} ({broken.what}): {broken.message}",
            hint="Keep the table as it is and see in its diagnostic log who wrote it; docs/receipts.md says what then.",
            detail={"seq": broken.seq, "what": broken.what, "head": (found.head or Head()).text},
        )
    head = found.head or Head()
    against = {"noted": len(noted), "log": len(in_log)}
    message = f"{_told(head)} {_held(against, asked=log is not None)}"
    return Summary(VERB, {}, message, {"count": head.seq, "head": head.text, "heldAgainst": against})


def _told(head: Head) -> str:
    if not head.seq:
        return "No receipts: nothing was done here yet, or all of them were removed."
    return f"{head.seq} receipts, none edited, missing or out of place. Head: {head.text}"


def _held(against: Mapping[str, int], *, asked: bool) -> str:
    """Say what the chain was held against: from within its own table nobody sees that it was written anew."""
    if not any(against.values()):
        none = "The operations log had no head in that time; " if asked else ""
        return f"{none}held against nothing outside the table (--head SEQ:HASH, --with-log)."
    return f"Held against {against['noted']} noted heads and {against['log']} of the operations log."
