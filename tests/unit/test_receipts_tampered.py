"""Whatever is done to the rows of a chain whose head was noted, it is found: a property, not a list of cases."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.test_receipts import AUTHOR, Rows, digest, first_break, head_text, settled
from vibedata import receipt_chain, receipt_rows, receipts
from vibedata.receipts import GENESIS, Head

SUBJECTS = st.sampled_from(["registry/api:v", "release", "runbook/run_health", "component-registry"])
ROUNDS = st.lists(
    st.dictionaries(SUBJECTS, st.sampled_from([digest("1"), digest("2"), digest("3")]), min_size=1),
    min_size=1,
    max_size=5,
)


@given(rounds=ROUNDS, data=st.data())
def test_whatever_is_done_to_the_rows_is_found(rounds: list[dict[str, str]], data: st.DataObject) -> None:
    kept = settled(*rounds)
    noted, rows = head_text(kept), copy.deepcopy(kept.rows)
    assert first_break(rows, noted) is None
    for _ in range(data.draw(st.integers(1, 3))):
        data.draw(st.sampled_from([_edit, _remove, _swap, _cut, _invent]))(rows, data)
    assume(rows != kept.rows)
    assert first_break(rows, noted) is not None


def _edit(rows: Rows, data: st.DataObject) -> None:
    if rows:
        row = rows[data.draw(st.sampled_from(sorted(rows)))]
        name = data.draw(st.sampled_from([name for name in sorted(row) if name != "RowKey"]))
        changed = st.integers(0, 9) if isinstance(row[name], int) else st.text(max_size=3)
        row[name] = data.draw(changed.filter(lambda value: value != row[name]))


def _remove(rows: Rows, data: st.DataObject) -> None:
    if rows:
        del rows[data.draw(st.sampled_from(sorted(rows)))]


def _swap(rows: Rows, data: st.DataObject) -> None:
    """Exchange two receipts, renumbered to fit their new places or not."""
    keys = [name for name in sorted(rows) if name.startswith("r|")]
    if len(keys) > 1:
        one, other = data.draw(st.lists(st.sampled_from(keys), min_size=2, max_size=2, unique=True))
        rows[one], rows[other] = rows[other], rows[one]
        if data.draw(st.booleans()):
            rows[one]["Seq"], rows[other]["Seq"] = rows[other].get("Seq", 0), rows[one].get("Seq", 0)


def _cut(rows: Rows, data: st.DataObject) -> None:
    """Cut the chain's end off as one would who knows how it is made: head and subjects fit what is left."""
    left = receipt_chain.chain(receipt_rows.stored(_with_keys(rows)))
    left = left[: data.draw(st.integers(0, max(len(left) - 1, 0)))]
    rows.clear()
    for one in left:
        made = [*receipt_rows.receipt_rows([one]), *receipt_rows.moving_rows([one])]
        rows.update({row["RowKey"]: row for row in made})


def _invent(rows: Rows, data: st.DataObject) -> None:
    """Append a receipt of one's own behind the end, without the head's knowing."""
    seq = len([name for name in rows if name.startswith("r|")]) + 1
    found = receipts.to_append(
        "one",
        Head(seq - 1, data.draw(st.sampled_from([GENESIS, digest("x")]))),
        {},
        {"x": digest("y")},
        AUTHOR,
    )
    rows.update({row["RowKey"]: row for row in receipt_rows.receipt_rows(found)})


def _with_keys(rows: Rows) -> list[dict[str, Any]]:
    return [{**row, "RowKey": key} for key, row in rows.items()]
