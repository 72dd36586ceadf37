"""`python -m local_stack query`: asks the stack's Log Analytics, as the portal's *Logs* page does in Azure."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from local_stack.core.client import ControlClient
from local_stack.core.errors import StackError

_MAX_CELL_CHARS = 48  # of every column but the last
_MAX_QUERY_BYTES = 65_536


def query(given: argparse.Namespace) -> None:
    """Print what a query of a file, or of standard input, answers."""
    answer = ControlClient(given.directory).call("POST", "/services/logs/query", {"query": _text(given.file)})
    names = [column["name"] for column in answer["columns"]]
    if given.json:
        print(json.dumps([dict(zip(names, row)) for row in answer["rows"]], indent=2))  # noqa: B905
        return
    for line in _lines(names, answer["rows"]):
        print(line)
    print(f"{len(answer['rows'])} row{'' if len(answer['rows']) == 1 else 's'}.")


def _text(file: Path) -> str:
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as opened:
            raw = opened.read(_MAX_QUERY_BYTES)
        return raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{file} cannot be read: {error}") from error


def _lines(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Yield the rows as columns; only the last one is never cut."""
    shown = [list(names), *([_cell(value) for value in row] for row in rows)]
    widths = [min(_MAX_CELL_CHARS, max(map(len, column))) for column in zip(*(row[:-1] for row in shown))]  # noqa: B905
    for row in shown:
        cells = [f"{_cut(cell):<{width}}" for cell, width in zip(row, widths)]  # noqa: B905 - without the last
        yield "  ".join([*cells, row[-1]]).rstrip()


def _cell(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, (dict, list, bool)) else "" if value is None else str(value)
    return "".join(mark if mark.isprintable() else " " for mark in text)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_CELL_CHARS else f"{text[: _MAX_CELL_CHARS - 1]}…"
