"""Receipts: what was done to an instance, by whom and when, as a chain in which nothing can be changed unseen.

Every subject (an image, a runbook, the component registry …) has the digest that it was last found or left with.
A verb ends by settling: each subject whose digest is another one gets a receipt, so a run that was killed
between the deed and its receipt is made good by the next, and a run that changed nothing leaves none. A receipt's
hash covers all its fields, the instance and the hash before it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from vibedata.errors import BadInput

GENESIS = "sha256:" + "0" * 64  # what the first receipt has before it
SCHEMA = 1
MAX_SEQ = 10**12 - 1
_HEAD = re.compile(r"(0|[1-9][0-9]{0,11}):(sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class Author:
    """Who settles: an operation of a verb, at a time, under a lease's fence, with the release it worked on."""

    operation_id: str
    verb: str
    actor: str
    job_id: str
    release: str
    fence: int
    at: datetime


@dataclass(frozen=True)
class Receipt:
    """One change: `subject` went from the digest `before` to `after`; an empty digest means that it was not there."""

    seq: int
    at: str
    operation_id: str
    job_id: str
    actor: str
    verb: str
    release: str
    fence: int
    subject: str
    before: str
    after: str
    previous: str
    hash: str = ""

    def computed_hash(self, instance_id: str) -> str:
        """Return the hash that a receipt of this instance with these fields has."""
        fields = {**asdict(self), "instance_id": instance_id, "schema": SCHEMA}
        del fields["hash"]
        return digest_of(fields)


@dataclass(frozen=True)
class Head:
    """The end of a chain: its last receipt's number, hash and fence."""

    seq: int = 0
    hash: str = GENESIS
    fence: int = 0

    @property
    def text(self) -> str:
        """The head as people note it: `SEQ:HASH`."""
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True)
class Settled:
    """How settling ended: the chain's head now, and how many receipts this call appended."""

    head: Head
    new: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as an operation's result tells it."""
        return {"head": self.head.text, "new": self.new}


def canonical(document: Any) -> bytes:
    """Return the one form of a document: JSON with sorted keys and no spaces, in UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def digest_of(document: Any) -> str:
    """Return the digest of a document in its canonical form."""
    return f"sha256:{hashlib.sha256(canonical(document)).hexdigest()}"


def to_append(
    instance_id: str, head: Head, last: Mapping[str, str], subjects: Mapping[str, str], author: Author
) -> list[Receipt]:
    """Return the receipts that settle `subjects`, in their order, over the digests that were last receipted."""
    found: list[Receipt] = []
    for subject, after in subjects.items():
        before = last.get(subject, "")
        if before != after:
            end = found[-1] if found else head
            found.append(_sealed(instance_id, author, end.seq + 1, end.hash, (subject, before, after)))
    return found


def head_after(receipt: Receipt) -> Head:
    """Return the head of a chain that ends with this receipt."""
    return Head(receipt.seq, receipt.hash, receipt.fence)


def parse_head(text: str) -> Head:
    """Return the head that `SEQ:HASH` names, its fence unknown (0). Raises BadInput (receipts-head-invalid)."""
    head = read_head(text)
    if head is None:
        raise BadInput(
            "receipts-head-invalid",
            f"{text[:100]!r} is no head of a chain.",
            hint="Give SEQ:HASH as `vibedata receipts verify` prints it, as in 12:sha256:….",
        )
    return head


def read_head(text: str) -> Head | None:
    """Return the head that `SEQ:HASH` names, its fence unknown (0); None when it names none."""
    found = _HEAD.fullmatch(text)
    return Head(int(found[1]), found[2]) if found else None


def _sealed(
    instance_id: str, author: Author, seq: int, previous: str, change: tuple[str, str, str]
) -> Receipt:
    subject, before, after = change
    open_one = Receipt(
        seq=seq,
        at=author.at.isoformat(),
        operation_id=author.operation_id,
        job_id=author.job_id,
        actor=author.actor,
        verb=author.verb,
        release=author.release,
        fence=author.fence,
        subject=subject,
        before=before,
        after=after,
        previous=previous,
    )
    return replace(open_one, hash=open_one.computed_hash(instance_id))
