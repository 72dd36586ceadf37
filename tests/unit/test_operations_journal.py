"""What processes that are gone have left is delivered to its last row, however much it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from vibedata.adapters import operations_journal
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


class NoSpool:
    """A storage account that holds nothing; large Details it takes."""

    def waiting(self) -> list[str]:
        return []

    def put_details(self, details: object) -> bool:
        return True


def flush(directory: Path, sender: Sender) -> None:
    AzureOperationsLog(sender, NoSpool(), Journal(directory), closing=threading.Event()).flush()  # type: ignore[arg-type]


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
