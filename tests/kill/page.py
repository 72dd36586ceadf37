"""Writes docs/kill-table.md: the cells, how each ended, and what the comparison leaves out."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import datetime, timezone

from tests.kill import comparing
from tests.kill.cells import Cell, boundaries
from tests.kill.running import Result

HEAD = """# The kill table

Day-0 is killed with -9 once after every durable step boundary and at least once inside every step, and run again
with the same operation id. Then the state of every service and of the worker is compared with the one that an
undisturbed run leaves: resources, runbooks, drafts, schedules, jobs, Run Commands, registries and their uploads,
tables, blobs, queues, the operations log as readers fold it, the worker's directories, and processes that are left.

`make kill-table` writes this page; `make kill-table ONLY='publish_runbooks/*'` runs some cells. The cells follow from
what an undisturbed run passes (`tests/kill/cells.py`), so a new step makes new cells. A cell *inside* a step dies when
the answer to one of its requests has come and nobody has read it: the effect is durable, the process does not know.
Of a step's changing requests the first, the middle and the last are taken; a step without any dies at its first read.
Cells of `bootstrap` die right before the thing that they name. A job is killed with its process group, as is a Run
Command; when `start_job` is killed, its job goes on.
"""


def rendered(results: Sequence[Result], every: Sequence[Cell], minutes: float, workers: int) -> str:
    """Return the whole page."""
    by_name = {result.cell.name: result for result in results}
    bad = [result for result in results if not result.converged]
    lines = [
        HEAD,
        f"**{len(results)} cells, {len(results) - len(bad)} converged, {minutes:.1f} minutes** with {workers} at once "
        f"({datetime.now(timezone.utc):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"CPython {platform.python_version()}, preparation included).",
        "",
        "| boundary | kill | ends | seconds |",
        "|---|---|---|---|",
    ]
    for cell in every:
        result = by_name[cell.name]
        end = "converged" if result.converged else f"**differs**: {len(result.differences)} lines"
        lines.append(f"| `{cell.phase:02d} {cell.boundary}` | {cell.place} | {end} | {result.seconds:.1f} |")
    return "\n".join([*lines, "", *_left_out(), *_differing(bad)]) + "\n"


def _left_out() -> list[str]:
    rows = [f"| {row['what']} | {row['why']} | `{row['path']}` |" for row in comparing.ignored()]
    head = ["## What the comparison leaves out", "", "`tests/kill/ignored.json`, and nothing else:", ""]
    return [*head, "| what | why | where |", "|---|---|---|", *rows]


def _differing(bad: Sequence[Result]) -> list[str]:
    lines = ["", "## Cells that differ"] if bad else []
    for result in bad:
        lines += ["", f"`{result.cell.name}`", "", *(f"- {line}" for line in result.differences[:10])]
    return lines


def documented_boundaries(text: str) -> list[str]:
    """Return the boundaries that a page names, in order, each once."""
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    return list(dict.fromkeys(row[1].strip(" `") for row in rows if len(row) == 6))


__all__ = ["boundaries", "documented_boundaries", "rendered"]
