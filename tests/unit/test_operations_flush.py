"""How long the end of a process may wait for the log: by the deadlines that are passed down, whatever the machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from tests.fakes.row_delivery import MemorySpool
from vibedata.adapters.operations_ingestion import Delivery
from vibedata.adapters.operations_journal import Journal
from vibedata.adapters.operations_log import AzureOperationsLog

PROMISED_SECONDS = 10.0
ROLE_SECONDS = 600.0


@dataclass
class Down:
    """Takes nothing, and notes how much time each caller gives it; `gate` keeps the background thread."""

    takes: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    given: dict[str, list[float]] = field(default_factory=lambda: {"flush": [], "background": []})

    def deliver(self, lines: Sequence[bytes], deadline: float) -> Delivery:
        mine = threading.current_thread() is threading.main_thread()
        self.given["flush" if mine else "background"].append(deadline - time.monotonic())
        self.entered.set()
        if not mine:
            assert self.gate.wait(60)
        return Delivery() if self.takes and mine else Delivery(later=list(lines), forbidden=True)


def log(sender: Down, spool: MemorySpool, home: Path, **pace: float) -> AzureOperationsLog:
    return AzureOperationsLog(
        sender, cast(Any, spool), Journal(home / "journal"), closing=threading.Event(), **pace
    )


def test_the_end_of_a_process_gives_the_log_ten_seconds_and_the_background_ten_minutes(
    tmp_path: Path,
) -> None:
    sender, spool = Down(), MemorySpool()
    made = log(sender, spool, tmp_path)
    made.write([{"n": 1}])
    assert sender.entered.wait(60)  # the background thread waits for a role: `write` has not waited for it
    made.write([{"n": 2}])
    sender.gate.set()
    made.flush()
    assert sender.given["flush"]
    assert max(sender.given["flush"]) <= PROMISED_SECONDS
    assert PROMISED_SECONDS < max(sender.given["background"]) <= ROLE_SECONDS
    assert sum(len(lines) for lines in spool.batches.values()) == 2


@pytest.mark.parametrize("left_by_others", ["journal", "spool"])
def test_what_others_left_is_delivered_within_the_same_time(tmp_path: Path, left_by_others: str) -> None:
    sender, spool = Down(takes=True), MemorySpool()
    if left_by_others == "spool":
        spool.put([b'{"n":1}'])
    else:
        other = Journal(tmp_path / "journal")
        other.append([b'{"n":1}'])
        other.abandon()
    log(sender, spool, tmp_path).flush()
    assert sender.given["flush"]
    assert max(sender.given["flush"]) <= PROMISED_SECONDS


def test_a_flush_does_not_outwait_a_delivery_that_never_ends(tmp_path: Path) -> None:
    sender, spool = Down(), MemorySpool()
    made = log(sender, spool, tmp_path, closing_seconds=0.05)
    made.write([{"n": 1}])
    assert sender.entered.wait(60)
    made.flush()  # returns, or the test hangs
    assert sender.given["flush"] == []
    assert [file.read_bytes().strip() for file in (tmp_path / "journal").iterdir()] == [b'{"n":1}']
    sender.gate.set()
