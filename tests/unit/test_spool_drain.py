"""Draining the spool goes forward whatever happens: what is dealt with leaves it, and the rest waits, whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from tests.fakes.row_delivery import FakeSender, MemorySpool
from vibedata.adapters.alert_rows import GroupedRows
from vibedata.adapters.operations_ingestion import Delivery
from vibedata.adapters.spool_drain import Drained, SpoolDrain
from vibedata.operations import MAX_DETAILS_BYTES, overflow

BAD = b'{"bad":1}'


def numbered(*numbers: int) -> list[bytes]:
    return [b'{"n":%d}' % number for number in numbers]


@dataclass
class Scripted:
    """A sender with an answer for each upload, made of its lines."""

    answer: Callable[[list[bytes]], Delivery] = lambda _: Delivery()
    uploads: list[list[bytes]] = field(default_factory=list)

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        self.uploads.append(list(lines))
        return self.answer(list(lines))


@dataclass
class Rig:
    """A drain over a spool, by a clock that a test moves."""

    sender: Scripted = field(default_factory=Scripted)
    spool: MemorySpool = field(default_factory=MemorySpool)
    now: float = 1000.0
    ending: bool = False

    def run(self, seconds: float = 60.0) -> Drained:
        return SpoolDrain(self.sender, self.spool, 1024 * 1024, lambda: self.now, lambda: self.ending).run(
            seconds
        )

    def waiting(self) -> list[list[bytes]]:
        return list(self.spool.batches.values())


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_what_is_left_of_a_batch_that_arrived_in_part_waits_as_one_of_its_own(rig: Rig) -> None:
    rig.spool.put([*numbered(1, 2), BAD, *numbered(3)])
    rig.spool.put(numbered(4))
    rig.sender.answer = lambda lines: Delivery(refused=[BAD], later=lines[3:], reason="HTTP 503")
    assert rig.run() == Drained(0, stuck=True)
    assert rig.waiting() == [numbered(4), numbered(3)]
    assert rig.spool.rejected == [BAD]
    assert not rig.spool.held
    rig.sender.answer = lambda _: Delivery()
    assert rig.run() == Drained(2, empty=True)
    assert rig.spool.rejected == [BAD]


def test_what_is_left_of_a_batch_stays_in_it_while_the_spool_takes_nothing(rig: Rig) -> None:
    rig.spool.put(numbered(1, 2))
    rig.spool.full = True
    rig.sender.answer = lambda lines: Delivery(later=lines[1:])
    assert rig.run() == Drained(0, stuck=True)
    assert rig.waiting() == [numbered(1, 2)]
    assert not rig.spool.held


def test_a_search_that_never_ends_in_time_comes_to_an_end(rig: Rig) -> None:
    """Each upload finds two refused rows before its time is up: the next one goes on behind them."""
    rows = numbered(*range(9))
    rig.spool.put(rows)
    rig.sender.answer = lambda lines: Delivery(refused=lines[:2], later=lines[2:], reason="HTTP 400")
    for _ in range(5):
        rig.run()
    assert rig.waiting() == []
    assert rig.spool.rejected == rows


def test_a_batch_without_a_row_goes(rig: Rig) -> None:
    rig.spool.put([])
    assert rig.run() == Drained(1, empty=True)
    assert rig.waiting() == []


def large(number: int) -> bytes:
    """A row as a verb spools it: as it was written."""
    return json.dumps(
        {"n": number, "Details": {"x": "x" * MAX_DETAILS_BYTES}}, separators=(",", ":")
    ).encode()


def test_large_details_that_a_verb_has_spooled_lie_apart_whoever_drains_them() -> None:
    sender, spool = FakeSender(), MemorySpool()
    sender.gate.set()
    spool.put([large(1)])
    assert GroupedRows(sender, spool).drain(60) == 1
    ((sent,),) = sender.uploads
    _, details = overflow(json.loads(large(1)))
    assert details is not None
    assert json.loads(sent)["Details"]["blob"] == details.name
    assert spool.details == [details]
    assert not spool.batches


def test_a_row_whose_details_find_no_place_comes_again_alone(rig: Rig) -> None:
    rig.spool.put([*numbered(1), large(2)])
    rig.spool.put_details = lambda _: False  # type: ignore[method-assign]
    assert rig.run() == Drained(0, stuck=True)
    assert len(rig.sender.uploads[0]) == 2, "the row itself need not wait"
    assert rig.waiting() == [[large(2)]]


@pytest.mark.parametrize("seconds", [1.0, 24.0])
def test_putting_details_apart_slowly_leaves_time_for_a_post_and_goes_forward(
    rig: Rig, seconds: float
) -> None:
    """A batch is held for a minute: a post that begins after half of it may end when another has the batch."""
    rig.spool.put([*map(large, range(40)), *numbered(1)])
    began, posts = rig.now, list[float]()

    def slowly(_: object) -> bool:
        rig.now += seconds
        return True

    def post(lines: list[bytes]) -> Delivery:
        posts.append(rig.now - began)
        return Delivery()

    rig.spool.put_details, rig.sender.answer = slowly, post  # type: ignore[method-assign, assignment]
    left = [40]
    for _ in range(50):
        began = rig.now
        rig.run()
        left.append(sum(len(lines) for lines in rig.waiting()))
    assert posts, "it goes forward"
    assert max(posts) <= 30.0
    assert (left[-1], len(rig.sender.uploads) < 45) == (0, True)


def test_a_post_after_details_that_took_all_the_time_is_left_to_later(rig: Rig) -> None:
    rig.spool.put([large(1), *numbered(1)])

    def slowly(_: object) -> bool:
        rig.now += 31.0
        return True

    rig.spool.put_details = slowly  # type: ignore[method-assign]
    assert rig.run() == Drained(0, stuck=True)
    assert rig.sender.uploads == []
    assert rig.waiting() == [[large(1), *numbered(1)]]


def test_a_refused_row_with_large_details_is_kept_as_it_was(rig: Rig) -> None:
    rig.spool.put([large(1), *numbered(2)])
    rig.sender.answer = lambda lines: Delivery(refused=lines[:1])
    assert rig.run() == Drained(1, empty=True)
    assert rig.spool.rejected == [large(1)]


@pytest.mark.parametrize(
    "odd", [["x" * 50_000], "x" * 50_000, {"Details": "x" * 50_000}, {"Details": ["x" * 50_000]}], ids=type
)
def test_what_is_no_row_of_ours_goes_as_it_is(rig: Rig, odd: object) -> None:
    line = json.dumps(odd).encode()
    rig.spool.put([line, *numbered(1)])
    rig.sender.answer = lambda lines: Delivery(refused=lines[:1])
    assert rig.run() == Drained(1, empty=True)
    assert rig.sender.uploads == [[line, *numbered(1)]]
    assert rig.spool.rejected == [line]


def test_who_is_waited_for_lets_go_of_what_it_has_not_begun_to_upload(rig: Rig) -> None:
    for number in range(5):
        rig.spool.put(numbered(number))
    read = rig.spool.read

    def reading(name: str) -> list[bytes] | None:
        rig.ending = len(rig.spool.held) == 3
        return read(name)

    rig.spool.read = reading  # type: ignore[method-assign]
    rig.run()
    assert rig.sender.uploads == []
    assert rig.spool.calls == [("release", name) for name in list(rig.spool.batches)[:3]]
    assert rig.run() == Drained(), "it does not begin again"


def test_reading_leaves_half_of_a_short_time_to_delivering(rig: Rig) -> None:
    for number in range(20):
        rig.spool.put(numbered(number))
    read = rig.spool.read

    def slowly(name: str) -> list[bytes] | None:
        rig.now += 1.0
        return read(name)

    rig.spool.read = slowly  # type: ignore[method-assign]
    rig.sender.answer = lambda _: Delivery()
    drained = rig.run(10.0)
    assert drained.batches >= 5
    assert drained.batches + len(rig.waiting()) == 20
    assert not rig.spool.held
    assert rig.now - 1000.0 <= 10.0 + 1.0  # the one that was under way


def test_a_spool_that_answers_no_more_is_asked_once(rig: Rig) -> None:
    for number in range(5):
        rig.spool.put(numbered(number))
    rig.spool.dead = True
    assert rig.run() == Drained(5, stuck=True)
    names = list(rig.spool.batches)
    assert rig.spool.calls == [("delete", names[0])]
    assert rig.spool.forgotten == names, "each is free when its lease ends"


def test_batches_are_left_to_their_leases_when_the_time_is_up(rig: Rig) -> None:
    for number in range(5):
        rig.spool.put(numbered(number))

    def too_late(lines: list[bytes]) -> Delivery:
        rig.now += 100
        return Delivery(later=lines)

    rig.sender.answer = too_late
    assert rig.run() == Drained(stuck=True)
    assert rig.spool.calls == []
    assert rig.spool.forgotten == list(rig.spool.batches)


def test_draining_goes_on_behind_what_others_hold(rig: Rig) -> None:
    for number in range(250):
        rig.spool.put(numbered(number))
    rig.spool.elsewhere = set(list(rig.spool.batches)[:100])
    assert rig.run().batches == 150
    assert set(rig.spool.batches) == rig.spool.elsewhere


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_without_time_nothing_is_begun(rig: Rig, seconds: float) -> None:
    rig.spool.put(numbered(1))
    assert rig.run(seconds) == Drained()
    assert rig.sender.uploads == []
