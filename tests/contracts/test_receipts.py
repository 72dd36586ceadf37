# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""Receipts: the fake and the table on the local stack keep the same promises."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import stored_cloud  # noqa: F401
from tests.fakes.receipts import FakeReceipts
from vibedata import receipt_chain
from vibedata.adapters.receipts import AT_ONCE, TABLE, AzureReceipts
from vibedata.errors import Blocked, Failed, Transient
from vibedata.receipts import GENESIS, Author, digest_of

AUTHOR = Author(
    operation_id="6d1f8a5e-3f0b-4d62-8c6e-5f1f2b9a7d10",
    verb="publish_runbooks",
    actor="vibedata-uami",
    job_id="job",
    release=digest_of("release"),
    fence=2**40,
    at=datetime(2026, 2, 1, 12, 0, 0, 123456, tzinfo=timezone.utc),
)
ONE, TWO = digest_of("one"), digest_of("two")


class Side:
    """Receipts of one instance, and how to damage a row."""

    def __init__(self, receipts: Any, remove: Callable[[str], None], instance: str) -> None:
        self.receipts, self.remove, self.instance = receipts, remove, instance

    def broken(self) -> str:
        found = receipt_chain.first_break(self.instance, self.receipts.read())
        return found.what if found else ""


def fake_side() -> Side:
    receipts = FakeReceipts("one")
    return Side(receipts, receipts.rows.__delitem__, "one")


def azure_side(cloud: Cloud) -> Side:
    instance, table = str(uuid.uuid4()), cloud.table(TABLE)
    return Side(AzureReceipts(table, instance), lambda key: table.delete_entity(instance, key), instance)


@pytest.fixture(params=["fake", "azure"])
def side(request: pytest.FixtureRequest) -> Side:
    return fake_side() if request.param == "fake" else azure_side(request.getfixturevalue("stored_cloud"))


@pytest.fixture
def real(stored_cloud: Cloud) -> Side:
    return azure_side(stored_cloud)


def test_an_instance_without_receipts_reads_as_nothing(side: Side) -> None:
    found = side.receipts.read()
    assert (found.receipts, found.head, found.subjects, found.strange) == ({}, None, {}, [])


def test_receipts_come_back_as_they_were(side: Side) -> None:
    settled = side.receipts.settle({"registry/a/b:v": ONE, "release": TWO}, AUTHOR)
    found = side.receipts.read()
    first, second = receipt_chain.chain(found)
    assert settled.new == 2
    assert found.head == settled.head
    assert (first.subject, first.before, first.after) == ("registry/a/b:v", "", ONE)
    assert (first.at, first.job_id, first.fence) == ("2026-02-01T12:00:00.123456+00:00", "job", 2**40)
    assert (first.previous, second.previous) == (GENESIS, first.hash)
    assert found.last == {"registry/a/b:v": ONE, "release": TWO}
    assert side.broken() == ""


def test_settling_again_writes_nothing(side: Side) -> None:
    first = side.receipts.settle({"a": ONE}, AUTHOR)
    again = side.receipts.settle({"a": ONE}, replace(AUTHOR, operation_id="another", fence=AUTHOR.fence + 1))
    assert (again.new, again.head) == (0, first.head)


def test_a_change_follows_on_what_was(side: Side) -> None:
    side.receipts.settle({"a": ONE, "b": ONE}, AUTHOR)
    assert side.receipts.settle({"a": TWO, "b": ONE}, AUTHOR).new == 1
    last = receipt_chain.chain(side.receipts.read())[-1]
    assert (last.seq, last.subject, last.before, last.after) == (3, "a", ONE, TWO)
    assert side.broken() == ""


def test_more_than_one_transaction_holds_is_appended(side: Side) -> None:
    subjects = {f"resource/{number}": ONE for number in range(2 * AT_ONCE + 5)}
    assert side.receipts.settle(subjects, AUTHOR).new == len(subjects)
    assert [one.subject for one in receipt_chain.chain(side.receipts.read())] == list(subjects)
    assert side.broken() == ""


def test_a_fenced_holder_is_refused_and_writes_nothing(side: Side) -> None:
    newer = side.receipts.settle({"a": ONE}, replace(AUTHOR, fence=8))
    with pytest.raises(Failed) as caught:
        side.receipts.settle({"a": TWO}, replace(AUTHOR, fence=7))
    assert caught.value.code == "lease-lost"
    assert side.receipts.read().head == newer.head


def test_a_removed_row_is_found(side: Side) -> None:
    side.receipts.settle({"a": ONE, "b": ONE}, AUTHOR)
    side.remove("r|000000000001")
    assert side.broken() == "missing"


def test_over_a_removed_head_nothing_is_appended(side: Side) -> None:
    side.receipts.settle({"a": ONE, "b": ONE}, AUTHOR)
    side.remove("head")
    with pytest.raises(Failed) as caught:
        side.receipts.settle({"a": TWO}, AUTHOR)
    assert caught.value.code == "receipts-broken"


def test_instances_do_not_see_each_other(real: Side, stored_cloud: Cloud) -> None:
    real.receipts.settle({"a": ONE}, AUTHOR)
    assert azure_side(stored_cloud).receipts.read().head is None


def test_a_settling_that_lost_its_answer_is_not_written_twice(real: Side, stored_cloud: Cloud) -> None:
    real.receipts.settle({"a": ONE}, AUTHOR)
    stored_cloud.stack.faults.add("storage", "table.Transaction", reset=True, after=True, times=1)
    with pytest.raises(Transient):
        real.receipts.settle({"a": TWO}, AUTHOR)
    assert stored_cloud.stack.faults.list() == []
    assert real.receipts.settle({"a": TWO}, AUTHOR).new == 0
    assert len(receipt_chain.chain(real.receipts.read())) == 2
    assert real.broken() == ""


def test_a_run_without_changes_asks_once_and_writes_nothing(real: Side, stored_cloud: Cloud) -> None:
    subjects = {f"registry/{number}:v": ONE for number in range(20)}
    real.receipts.settle(subjects, AUTHOR)
    before = stored_cloud.stack.writes.last
    real.receipts.settle(subjects, AUTHOR)
    assert stored_cloud.writes(before) == []


def test_of_many_at_once_none_is_lost_and_the_chain_is_one(real: Side) -> None:
    def settle(number: int) -> None:
        for _ in range(20):
            try:
                real.receipts.settle({f"subject/{number}": ONE}, AUTHOR)
                return
            except Transient as error:
                assert error.code == "azure-conflict"
        raise AssertionError("it never got through")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(settle, range(8)))
    assert {one.subject for one in receipt_chain.chain(real.receipts.read())} == {
        f"subject/{number}" for number in range(8)
    }
    assert real.broken() == ""


def test_a_missing_role_is_named(stored_cloud: Cloud, real: Side) -> None:
    real.receipts.settle({"a": ONE}, AUTHOR)
    stored_cloud.revoke_all()
    try:
        with pytest.raises(Blocked) as read:
            real.receipts.read()
        with pytest.raises(Blocked) as settled:
            real.receipts.settle({"a": TWO}, AUTHOR)
    finally:
        stored_cloud.grant()
    for refused in (read, settled):
        assert refused.value.detail["role"] == "Storage Table Data Contributor"
