"""A log that keeps its rows in memory, stricter than Azure: an incomplete row fails the test at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from vibedata.errors import VibedataError
from vibedata.operations import fold
from vibedata.operations_table import problems


class RecordingLog:
    """An OperationsLog; `rows` holds every row as it was written, `flushes` how often it was flushed."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.flushes = 0
        self.refusal: VibedataError | None = None  # what Azure says to rows, when it takes none

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            assert not problems(row), problems(row)
            self.rows.append(json.loads(json.dumps(row, allow_nan=False)))

    def flush(self) -> None:
        self.flushes += 1

    def check(self) -> None:
        self.flush()
        if self.refusal is not None:
            raise self.refusal

    def steps(self) -> list[tuple[str, str]]:
        """(Operation, Status) of every row: what most tests ask for."""
        return [(row["Operation"], row["Status"]) for row in self.rows]


class RecordedOperations:
    """An OperationsReader over a RecordingLog's rows."""

    def __init__(self, log: RecordingLog) -> None:
        self._log = log

    def rows(self, *, since: datetime, operation_id: str | None = None) -> list[dict[str, Any]]:
        wanted = [row for row in self._log.rows if operation_id in (None, row["OperationId"])]
        return [row for row in fold(wanted) if datetime.fromisoformat(row["TimeGenerated"]) >= since]
