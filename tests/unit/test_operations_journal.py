"""What processes that are gone have left is delivered to its last row, however much it is."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fakes.row_delivery import MemorySpool
from vibedata.adapters import operations_journal
from vibedata.adapters.details_apart import Sender as DrainSender
from vibedata.adapters.operations_ingestion import Delivery
from vibedata.adapters.operations_journal import PIECE_BYTES, Journal
from vibedata.adapters.operations_log import AzureOperationsLog

ROWS = 90
LINES = [json.dumps({"n": n, "Details": {"x": "x" * (PIECE_BYTES // 10)}}).encode() for n in range(ROWS)]


class Sender:
    """Takes so many deliveries, and then none."""

    def __init__(self, takes: int = 1000) -> None:
        self.takes = takes
        self.arrived: list[int] = []

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        if self.takes == 0:
            return Delivery(later=list(lines))
        self.takes -= 1
        self.arrived += [json.loads(line)["n"] for line in lines]
        return Delivery()


def flush(directory: Path, sender: DrainSender, spool: MemorySpool | None = None) -> None:
    AzureOperationsLog(
        sender,
        spool or MemorySpool(),
        Journal(directory),
        closing=threading.Event(),
    ).flush()


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A journal of some 36 MB whose process is gone; its last line was cut short."""
    file = tmp_path / "20260101T000000-1-aa.jsonl"
    file.write_bytes(b"\n".join(LINES) + b'\n{"n": 90, "cut')
    return file


def test_a_large_journal_arrives_whole_and_then_goes(left: Path) -> None:
    sender = Sender()
    flush(left.parent, sender)
    assert sender.arrived == list(range(ROWS))
    assert list(left.parent.iterdir()) == []


def test_what_did_not_go_through_waits_and_what_did_is_not_sent_again(left: Path) -> None:
    first, second, third = Sender(takes=2), Sender(takes=0), Sender()
    flush(left.parent, first)
    assert 0 < len(first.arrived) < ROWS
    flush(left.parent, second)
    assert left.exists()
    flush(left.parent, third)
    assert first.arrived + third.arrived == list(range(ROWS))
    assert list(left.parent.iterdir()) == []


def test_a_journal_is_read_in_pieces(left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations_journal, "PIECE_BYTES", 1)
    (leftover,) = Journal(left.parent).leftovers()
    with leftover:
        assert [len(piece) for piece in leftover.pieces()] == [1] * ROWS + [0]


class Sorting:
    """Refuses the first row of each delivery, and takes the next one only."""

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        return Delivery(refused=list(lines[:1]), later=list(lines[2:]), reason="HTTP 400")


def test_what_is_left_of_a_piece_that_arrived_in_part_moves_to_the_spool(tmp_path: Path) -> None:
    lines = [b'{"n":%d}' % number for number in range(5)]
    (tmp_path / "20260101T000000-1-aa.jsonl").write_bytes(b"\n".join((*lines, b"")))
    spool = MemorySpool()
    flush(tmp_path, Sorting(), spool)
    assert list(tmp_path.iterdir()) == []
    assert spool.rejected == [lines[0], lines[2]], "the spool was drained too"
    assert list(spool.batches.values()) == [[lines[4]]]


def test_a_journal_gives_nothing_up_before_the_rest_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "spool"
    journal = Journal(directory)
    journal.append(LINES[:2])
    (before,) = directory.iterdir()
    monkeypatch.setattr(operations_journal, "_write", _disk_full)
    journal.replace(LINES[1:2])
    assert list(directory.iterdir()) == [before]
    assert before.read_bytes().splitlines() == LINES[:2]
    monkeypatch.undo()
    journal.append(LINES[2:3])
    journal.replace(LINES[2:3])
    (after,) = directory.iterdir()
    assert after.read_bytes().splitlines() == LINES[2:3]


def _disk_full(file: int, content: bytes) -> None:
    raise OSError(28, "No space left on device")


def test_a_line_behind_one_that_was_cut_short_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "spool"
    journal = Journal(directory)

    def half(file: int, content: bytes) -> None:
        os.write(file, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    journal.append([b'{"n":1}'])
    monkeypatch.setattr(operations_journal, "_write", half)
    journal.append([b'{"n":2}'])
    monkeypatch.undo()
    journal.append([b'{"n":3}'])
    journal.abandon()
    sender = Sender()
    flush(directory, sender)
    assert sender.arrived == [1, 3]
