"""Verifying and listing the chain: what is told, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from tests.fakes.operations_log import RecordedOperations, RecordingLog
from tests.fakes.receipts import FakeReceipts
from tests.unit.test_receipts import AUTHOR, digest
from vibedata.errors import BadInput, Failed
from vibedata.flows.list_receipts import list_receipts
from vibedata.flows.verify_receipts import verify_receipts
from vibedata.operations import Event, Operation, row
from vibedata.receipts import GENESIS

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=timezone.utc)
OTHER = "00000000-3f0b-4d62-8c6e-5f1f2b9a7d10"


@pytest.fixture
def receipts() -> FakeReceipts:
    """Two operations' receipts."""
    kept = FakeReceipts("one")
    kept.settle({"registry/api:v": digest("a"), "release": digest("r")}, AUTHOR)
    kept.settle({"runbook/run_health": digest("b")}, replace(AUTHOR, fence=2, operation_id=OTHER))
    return kept


def head(receipts: FakeReceipts) -> str:
    found = receipts.read().head
    assert found is not None
    return found.text


def log_with(text: str, instance: str = "one") -> RecordedOperations:
    """Return an operations log that keeps a head, as settling writes it."""
    log = RecordingLog()
    event = Event("write-receipts", "Succeeded", NOW, details={"head": text, "new": 1})
    log.write([row(Operation(OTHER, "publish_runbooks", instance), event)])
    return RecordedOperations(log)


def test_a_whole_chain_is_told_with_its_count_and_head(receipts: FakeReceipts) -> None:
    summary = verify_receipts(receipts=receipts, instance_id="one")
    assert summary.data == {"count": 3, "head": head(receipts), "heldAgainst": {"noted": 0, "log": 0}}
    assert head(receipts) in summary.message
    assert "held against nothing outside the table" in summary.message
    assert summary.changed == 0


def test_what_the_chain_was_held_against_is_told(receipts: FakeReceipts) -> None:
    log = log_with(head(receipts))
    told = verify_receipts(receipts=receipts, instance_id="one", heads=[head(receipts)], log=log, since=NOW)
    assert "Held against 1 noted heads and 1 of the operations log." in told.message
    silent = RecordedOperations(RecordingLog())
    told = verify_receipts(receipts=receipts, instance_id="one", log=silent, since=NOW)
    assert "The operations log had no head in that time" in told.message


def test_an_instance_without_receipts_is_whole() -> None:
    summary = verify_receipts(receipts=FakeReceipts("one"), instance_id="one")
    assert (summary.data["count"], summary.data["head"]) == (0, f"0:{GENESIS}")
    assert "or all of them were removed" in summary.message


def test_the_first_broken_number_is_named(receipts: FakeReceipts) -> None:
    receipts.rows["r|000000000002"]["After"] = digest("forged")
    with pytest.raises(Failed) as caught:
        verify_receipts(receipts=receipts, instance_id="one")
    assert caught.value.code == "receipts-broken"
    assert (caught.value.detail["seq"], caught.value.detail["what"]) == (2, "edited")
    assert "number 2 (edited)" in caught.value.message


def test_a_noted_head_must_be_in_the_chain(receipts: FakeReceipts) -> None:
    noted = head(receipts)
    receipts.settle({"release": digest("r2")}, replace(AUTHOR, fence=3))
    told = verify_receipts(receipts=receipts, instance_id="one", heads=[noted, f"0:{GENESIS}"])
    assert told.data["heldAgainst"]["noted"] == 2
    with pytest.raises(Failed) as caught:
        verify_receipts(receipts=receipts, instance_id="one", heads=[f"9:{digest('x')}"])
    assert (caught.value.detail["seq"], caught.value.detail["what"]) == (5, "missing")


def test_a_head_that_is_none_is_refused_before_anything_is_read() -> None:
    with pytest.raises(BadInput) as caught:
        verify_receipts(receipts=FakeReceipts(), instance_id="one", heads=["nonsense"])
    assert caught.value.code == "receipts-head-invalid"


def test_the_operations_log_finds_a_chain_that_was_emptied(receipts: FakeReceipts) -> None:
    log, since = log_with(head(receipts)), NOW - timedelta(days=1)
    told = verify_receipts(receipts=receipts, instance_id="one", log=log, since=since)
    assert told.data["heldAgainst"]["log"] == 1
    receipts.rows.clear()
    assert verify_receipts(receipts=receipts, instance_id="one").data["count"] == 0
    with pytest.raises(Failed) as caught:
        verify_receipts(receipts=receipts, instance_id="one", log=log, since=since)
    assert (caught.value.detail["seq"], caught.value.detail["what"]) == (1, "missing")


def test_another_instances_heads_in_the_same_log_do_not_count(receipts: FakeReceipts) -> None:
    log = log_with(f"9:{digest('x')}", instance="two")
    told = verify_receipts(receipts=receipts, instance_id="one", log=log, since=NOW - timedelta(days=1))
    assert told.data["heldAgainst"]["log"] == 0


def test_receipts_are_listed_in_their_order(receipts: FakeReceipts) -> None:
    data = list_receipts(receipts=receipts).data
    assert [one["seq"] for one in data["receipts"]] == [1, 2, 3]
    assert data["head"] == head(receipts)
    first = data["receipts"][0]
    assert (first["subject"], first["before"], first["after"]) == ("registry/api:v", "", digest("a"))


def test_a_list_can_be_narrowed(receipts: FakeReceipts) -> None:
    def subjects(**wanted: object) -> list[str]:
        found = list_receipts(receipts=receipts, **wanted)  # type: ignore[arg-type]
        return [one["subject"] for one in found.data["receipts"]]

    assert subjects(subject="runbook/") == ["runbook/run_health"]
    assert subjects(operation_id=OTHER) == ["runbook/run_health"]
    assert subjects(last=2) == ["release", "runbook/run_health"]
    assert subjects(subject="registry/", operation_id=OTHER) == []
