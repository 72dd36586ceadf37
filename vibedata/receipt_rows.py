"""How receipts lie in their table: the chain, its head, and the digest that each subject was last receipted with.

    r|<seq, 12 digits>   one receipt
    head                 the chain's end; every settling replaces it under its ETag, so two cannot fork the chain
    head|<subject>       the subject's last receipt: its number and digest

`head` and `head|…` lie side by side, so that one query tells what settling needs, however long the chain is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from vibedata.errors import BadInput
from vibedata.receipts import Head, Receipt, head_after
from vibedata.registry_entities import encode_key

HEAD = "head"
HEADS = ("head", "head}")  # the range of `head` and all `head|…`: `}` comes right after `|`
SUBJECT = "head|"
RECEIPT = "r|"
OPERATIONS_EACH = 2  # rows written per receipt, besides the head

_NAMES = {f.name: "".join(word.title() for word in f.name.split("_")) for f in fields(Receipt)}
_NUMBERS = {"Seq", "Fence"}
_RECEIPT_KEY = re.compile(r"r\|[0-9]{12}")

Row = dict[str, Any]


@dataclass
class Stored:
    """All rows of an instance: receipts by key (None: unreadable as one), head, subjects, and what is none of these."""

    receipts: dict[str, Receipt | None] = field(default_factory=dict)
    head: Head | None = None
    subjects: dict[str, tuple[int, str]] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)

    @property
    def last(self) -> dict[str, str]:
        """Each subject's last receipted digest."""
        return {subject: digest for subject, (_, digest) in self.subjects.items()}


def receipt_key(seq: int) -> str:
    """Return the key of the receipt with that number."""
    return f"{RECEIPT}{seq:012d}"


def receipt_rows(receipts: Iterable[Receipt]) -> list[Row]:
    """Return the rows of new receipts."""
    return [
        {"RowKey": receipt_key(one.seq), **{name: getattr(one, f) for f, name in _NAMES.items()}}
        for one in receipts
    ]


def moving_rows(receipts: Sequence[Receipt]) -> list[Row]:
    """Return the rows that new receipts replace: their subjects', and the head's last."""
    rows: list[Row] = [
        {"RowKey": _subject_key(one.subject), "Subject": one.subject, "Digest": one.after, "Seq": one.seq}
        for one in receipts
    ]
    end = head_after(receipts[-1])
    return [*rows, {"RowKey": HEAD, "Seq": end.seq, "Hash": end.hash, "Fence": end.fence}]


def stored(rows: Iterable[Mapping[str, Any]]) -> Stored:
    """Return what the rows of an instance hold, whatever has become of them."""
    found = Stored()
    for row in sorted(rows, key=lambda row: str(row["RowKey"])):
        key = str(row["RowKey"])
        values = {name: value for name, value in row.items() if name != "RowKey"}
        if not _take(found, key, values):
            found.strange.append(key)
    return found


def _take(found: Stored, key: str, values: Row) -> bool:
    """Note one row; tell whether its key is one of ours and, for heads, its values too."""
    if _RECEIPT_KEY.fullmatch(key):
        found.receipts[key] = _receipt(values)
        return True
    if key == HEAD and _shaped(values, {"Seq": int, "Hash": str, "Fence": int}):
        found.head = Head(values["Seq"], values["Hash"], values["Fence"])
        return True
    if key.startswith(SUBJECT) and _shaped(values, {"Subject": str, "Digest": str, "Seq": int}):
        found.subjects[values["Subject"]] = (values["Seq"], values["Digest"])
        return _is_key_of(key, values["Subject"])
    return False


def _is_key_of(key: str, subject: str) -> bool:
    try:
        return key == _subject_key(subject)
    except BadInput:  # no subject of ours
        return False


def _receipt(values: Row) -> Receipt | None:
    shape = {name: int if name in _NUMBERS else str for name in _NAMES.values()}
    if not _shaped(values, shape):
        return None
    return Receipt(**{f: values[name] for f, name in _NAMES.items()})


def _shaped(values: Row, shape: Mapping[str, type]) -> bool:
    """Tell whether there are exactly these values, of these types; true and false are no numbers."""
    return set(values) == set(shape) and all(type(values[name]) is kind for name, kind in shape.items())


def _subject_key(subject: str) -> str:
    return SUBJECT + encode_key(subject)
