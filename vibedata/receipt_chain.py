"""Verifies a chain of receipts: the first place where it is not what was written, and what has become of it there.

The hashes find whatever was changed without computing every later hash anew. Who may write the table can do
that, or cut the tail off; a head that was noted elsewhere (on paper, or in the operations log) finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vibedata.receipt_rows import Stored, receipt_key
from vibedata.receipts import GENESIS, Head, Receipt, head_after, read_head

EDITED, MISSING, REORDERED, INSERTED = "edited", "missing", "reordered", "inserted"
LOGGED_BY = "/write-receipts"  # the step that tells the operations log a head
HEAD_DIFFERS, SUBJECT_DIFFERS, REWRITTEN = "head-differs", "subject-differs", "rewritten"


@dataclass(frozen=True)
class Break:
    """Where a chain is broken: the first receipt that is not as it was written, what happened, and how it shows."""

    seq: int
    what: str
    message: str


def first_break(instance_id: str, found: Stored, noted: Sequence[Head] = ()) -> Break | None:
    """Return the first place where an instance's rows are no chain that holds every noted head; None when whole."""
    if found.strange:
        return Break(0, INSERTED, f"The row {found.strange[0][:100]!r} is none that was ever written.")
    return _in_receipts(instance_id, found) or _in_heads(found) or _in_noted(found, noted)


def chain(found: Stored) -> list[Receipt]:
    """Return the receipts that can be read, in the order of their keys."""
    return [one for _, one in sorted(found.receipts.items()) if one]


def _in_receipts(instance_id: str, found: Stored) -> Break | None:
    """Follow the chain from its beginning to the first receipt that does not fit."""
    end, last = Head(), dict[str, str]()
    for number, (key, one) in enumerate(sorted(found.receipts.items()), 1):
        if key != receipt_key(number):
            what = INSERTED if number == 1 and key == receipt_key(0) else MISSING
            return Break(number, what, f"The row after number {number - 1} is {key!r}.")
        if one is None:
            return Break(number, EDITED, f"Receipt {number} has other fields than a receipt has.")
        why = _misfit(instance_id, one, number, end, last)
        if why:
            return Break(number, _what(instance_id, one, number, end, found), f"Receipt {number}: {why}.")
        last[one.subject], end = one.after, head_after(one)
    return None


def _misfit(instance_id: str, one: Receipt, number: int, end: Head, last: Mapping[str, str]) -> str:
    if one.seq != number:
        return f"it says that it is number {one.seq}"
    if one.previous != end.hash:
        return f"it names {one.previous} as the hash before it, which is {end.hash}"
    if one.computed_hash(instance_id) != one.hash:
        return "its fields have another hash than it says"
    if one.before != last.get(one.subject, ""):
        return f"{one.subject} had the digest {last.get(one.subject, '') or '(none)'} before, and it says otherwise"
    return ""


def _what(instance_id: str, one: Receipt, number: int, end: Head, found: Stored) -> str:
    """Say what most likely happened to the receipt in this place; that something did is certain."""
    others = [other for other in chain(found) if other is not one]
    if one.previous == end.hash and one.seq == number:
        return EDITED
    if one.previous == GENESIS or any(other.hash == one.previous for other in others):
        return REORDERED
    if any(other.previous == end.hash for other in others):
        return INSERTED
    later = range(number + 1, number + 1 + len(found.receipts))
    was_later = any(replace(one, seq=seq).computed_hash(instance_id) == one.hash for seq in later)
    return MISSING if was_later else EDITED


def _in_heads(found: Stored) -> Break | None:
    """Compare the head and the subjects' last digests with what the chain says."""
    receipts = chain(found)
    end = head_after(receipts[-1]) if receipts else Head()
    head = found.head or Head()
    if head.seq > end.seq:
        return Break(
            end.seq + 1, MISSING, f"The chain ends at number {end.seq}, but its head is number {head.seq}."
        )
    if head.seq < end.seq:
        return Break(head.seq + 1, INSERTED, f"The chain goes on to number {end.seq} behind its head.")
    if head != end:
        return Break(
            end.seq, HEAD_DIFFERS, f"The head says {head.text} (fence {head.fence}), the chain {end.text}."
        )
    return _in_subjects(found, {one.subject: (one.seq, one.after) for one in receipts})


def _in_subjects(found: Stored, told: Mapping[str, tuple[int, str]]) -> Break | None:
    for subject in sorted({*told, *found.subjects}):
        kept, said = found.subjects.get(subject), told.get(subject)
        if kept != said:
            seq = (said or kept or (0,))[0]
            return Break(
                seq,
                SUBJECT_DIFFERS,
                f"{subject[:200]} is kept as {kept or 'nothing'}, its last receipt says {said or 'nothing'}.",
            )
    return None


def _in_noted(found: Stored, noted: Sequence[Head]) -> Break | None:
    """Look for heads that were noted earlier."""
    hashes = {0: GENESIS, **{one.seq: one.hash for one in chain(found)}}
    for head in sorted(noted, key=lambda head: head.seq):
        if head.seq not in hashes:
            return Break(
                max(hashes) + 1,
                MISSING,
                f"The chain ends at number {max(hashes)}, but number {head.seq} was noted.",
            )
        if hashes[head.seq] != head.hash:
            return Break(
                head.seq,
                REWRITTEN,
                f"Number {head.seq} has the hash {hashes[head.seq]}; {head.hash} was noted.",
            )
    return None


def heads_in(rows: Iterable[Mapping[str, Any]], instance_id: str) -> list[Head]:
    """Return the heads that an instance's rows of the operations log have kept."""
    steps = [row for row in rows if row["InstanceId"] == instance_id and row["Operation"].endswith(LOGGED_BY)]
    told = [row["Details"].get("head", "") for row in steps if isinstance(row["Details"], Mapping)]
    return [head for text in told if (head := read_head(str(text)))]
