"""The chain of receipts: what is appended, and that nothing can be done to it unseen."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.fakes.receipts import FakeReceipts
from vibedata import receipt_chain, receipt_rows, receipts
from vibedata.errors import BadInput, Failed
from vibedata.receipts import GENESIS, Author, Head

AUTHOR = Author(
    operation_id="6d1f8a5e-3f0b-4d62-8c6e-5f1f2b9a7d10",
    verb="import_artifacts",
    actor="vibedata-uami",
    job_id="",
    release="sha256:" + "e" * 64,
    fence=1,
    at=datetime(2026, 2, 1, 12, 0, tzinfo=timezone.utc),
)
Rows = dict[str, dict[str, Any]]


def digest(word: str) -> str:
    return receipts.digest_of(word)


def settled(*rounds: dict[str, str], instance: str = "one") -> FakeReceipts:
    """Return a chain after these settlings, each under the next fence."""
    kept = FakeReceipts(instance)
    for fence, subjects in enumerate(rounds, 1):
        kept.settle(subjects, replace(AUTHOR, fence=fence))
    return kept


def whole() -> FakeReceipts:
    """Return a chain of six receipts over three subjects."""
    images = {f"registry/{name}:vibedata": digest(name) for name in ("api", "studio", "worker")}
    return settled(images, {name: digest(name + "2") for name in images})


def first_break(rows: Rows, *noted: str, instance: str = "one") -> receipt_chain.Break | None:
    found = receipt_rows.stored([{**row, "RowKey": key} for key, row in rows.items()])
    return receipt_chain.first_break(instance, found, [receipts.parse_head(text) for text in noted])


def broken(rows: Rows, *noted: str) -> tuple[int, str]:
    """Return where and how the rows are broken; they must be."""
    found = first_break(rows, *noted)
    assert found is not None
    assert found.message
    return found.seq, found.what


def head_text(kept: FakeReceipts) -> str:
    head = kept.read().head
    assert head is not None
    return head.text


def key(seq: int) -> str:
    return receipt_rows.receipt_key(seq)


def test_a_receipt_says_who_did_what_and_when() -> None:
    kept = settled({"runbook/run_health": digest("one")}, {"runbook/run_health": digest("two")})
    first, second = receipt_chain.chain(kept.read())
    assert (first.before, first.after, first.previous) == ("", digest("one"), GENESIS)
    assert (second.before, second.after, second.previous) == (digest("one"), digest("two"), first.hash)
    assert (second.seq, second.verb, second.actor) == (2, "import_artifacts", "vibedata-uami")
    assert (second.at, second.operation_id) == ("2026-02-01T12:00:00+00:00", AUTHOR.operation_id)
    assert (second.release, second.fence) == (AUTHOR.release, 2)


def test_what_has_not_changed_gets_no_receipt() -> None:
    subjects = {"a": digest("a"), "b": digest("b")}
    kept = settled(subjects)
    before = copy.deepcopy(kept.rows)
    again = kept.settle(subjects, replace(AUTHOR, fence=9))
    assert again.new == 0
    assert (again.head.text, kept.rows, kept.settlings) == (head_text(kept), before, 1)


def test_what_is_gone_gets_a_receipt_once() -> None:
    kept = settled({"a": digest("a")}, {"a": ""}, {"a": ""})
    assert [(one.before, one.after) for one in receipt_chain.chain(kept.read())] == [
        ("", digest("a")),
        (digest("a"), ""),
    ]


def test_a_fenced_holder_appends_nothing() -> None:
    kept = settled({"a": digest("1")}, {"a": digest("2")})
    before = copy.deepcopy(kept.rows)
    with pytest.raises(Failed) as caught:
        kept.settle({"a": digest("late")}, replace(AUTHOR, fence=1))
    assert caught.value.code == "lease-lost"
    assert kept.rows == before


def test_the_canonical_form_is_the_same_whatever_the_order() -> None:
    assert receipts.canonical({"b": [1, "ü"], "a": None}) == '{"a":null,"b":[1,"ü"]}'.encode()
    assert receipts.digest_of({"a": 1, "b": 2}) == receipts.digest_of({"b": 2, "a": 1})


def test_a_whole_chain_is_found_whole() -> None:
    kept = whole()
    assert first_break(kept.rows) is None
    assert first_break(kept.rows, head_text(kept), f"0:{GENESIS}") is None
    assert first_break({}) is None


def test_a_chain_is_bound_to_its_instance() -> None:
    found = first_break(whole().rows, instance="two")
    assert found is not None
    assert found.seq == 1


@pytest.mark.parametrize(
    "field", ["At", "OperationId", "JobId", "Actor", "Verb", "Release", "Subject", "Before", "After"]
)
def test_an_edit_is_found_at_its_place(field: str) -> None:
    rows = whole().rows
    rows[key(3)][field] += "x"
    assert broken(rows) == (3, "edited")


def test_an_edit_with_its_own_hash_computed_anew_is_found() -> None:
    kept = whole()
    third = receipt_chain.chain(kept.read())[2]
    forged = replace(third, after=digest("forged"))
    forged = replace(forged, hash=forged.computed_hash("one"))
    (kept.rows[key(3)],) = receipt_rows.receipt_rows([forged])
    assert broken(kept.rows)[0] == 4


@pytest.mark.parametrize("seq", range(1, 6))
def test_a_removal_is_found_at_its_place(seq: int) -> None:
    rows = whole().rows
    del rows[key(seq)]
    assert broken(rows) == (seq, "missing")


def test_a_removal_whose_followers_are_renumbered_is_found() -> None:
    rows = whole().rows
    for seq in range(3, 6):
        rows[key(seq)] = {**rows[key(seq + 1)], "Seq": seq}
    del rows[key(6)]
    assert broken(rows) == (3, "missing")


def test_a_removed_end_is_found_by_the_head() -> None:
    rows = whole().rows
    del rows[key(6)]
    assert broken(rows) == (6, "missing")


@pytest.mark.parametrize("renumbered", [False, True])
@pytest.mark.parametrize(("one", "other"), [(1, 2), (2, 5), (5, 6)])
def test_a_swap_is_found_at_its_place(one: int, other: int, renumbered: bool) -> None:
    rows = whole().rows
    rows[key(one)], rows[key(other)] = rows[key(other)], rows[key(one)]
    if renumbered:
        rows[key(one)]["Seq"], rows[key(other)]["Seq"] = one, other
    assert broken(rows) == (one, "reordered")


def test_what_is_put_between_is_found() -> None:
    rows = whole().rows
    for seq in range(7, 4, -1):
        rows[key(seq)] = {**rows[key(seq - 1)], "Seq": seq}
    rows[key(4)] = {**rows[key(4)], "Previous": digest("invented"), "Subject": "forged"}
    assert broken(rows) == (4, "inserted")


def test_what_lies_behind_the_head_is_found() -> None:
    kept, longer = whole(), whole()
    longer.settle({"x": digest("x")}, replace(AUTHOR, fence=3))
    kept.rows[key(7)] = longer.rows[key(7)]
    assert broken(kept.rows) == (7, "inserted")


@pytest.mark.parametrize("stray", ["r|7", "r|000000000000", "note", "head|nobody"])
def test_a_row_of_nobody_is_found(stray: str) -> None:
    rows = whole().rows
    rows[stray] = {"Note": "x"}
    assert broken(rows)[1] == "inserted"


@pytest.mark.parametrize("change", [{"Hash": GENESIS}, {"Fence": 7}])
def test_another_head_is_found(change: dict[str, Any]) -> None:
    rows = whole().rows
    rows["head"].update(change)
    assert broken(rows) == (6, "head-differs")


def test_a_subjects_digest_that_no_receipt_says_is_found() -> None:
    rows = whole().rows
    rows["head|registry|api:vibedata"]["Digest"] = digest("forged")
    assert broken(rows) == (4, "subject-differs")


def test_a_tail_cut_off_with_head_and_subjects_is_found_by_a_noted_head() -> None:
    images = {name: digest(name) for name in ("a", "b", "c")}
    cut, kept = settled(images), settled(images, {"a": digest("2")})
    assert first_break(cut.rows) is None
    assert broken(cut.rows, head_text(kept)) == (4, "missing")
    assert broken({}, head_text(kept)) == (1, "missing")


def test_a_chain_computed_anew_is_found_by_a_noted_head() -> None:
    kept, forged = settled({"a": digest("1")}), settled({"a": digest("forged")})
    assert first_break(forged.rows) is None
    assert broken(forged.rows, head_text(kept)) == (1, "rewritten")


@pytest.mark.parametrize(
    "text", ["", "12", "x:sha256:" + "0" * 64, "1:sha256:0", "01:sha256:" + "0" * 64, "1" * 5000]
)
def test_a_head_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        receipts.parse_head(text)
    assert caught.value.code == "receipts-head-invalid"


def test_heads_come_from_the_instances_own_rows_of_the_log() -> None:
    def row(instance: str, operation: str, details: Any) -> dict[str, Any]:
        return {"InstanceId": instance, "Operation": operation, "Details": details}

    head = f"3:{digest('h')}"
    rows = [
        row("one", "publish_runbooks/write-receipts", {"head": head, "new": 1}),
        row("two", "publish_runbooks/write-receipts", {"head": f"9:{digest('x')}"}),
        row("one", "publish_runbooks/read-release", {"head": f"8:{digest('x')}"}),
        row("one", "run_health/write-receipts", {"head": "nonsense"}),
        row("one", "run_health/write-receipts", "cut short"),
    ]
    assert receipt_chain.heads_in(rows, "one") == [Head(3, digest("h"))]
