"""Writes docs/fault-table.md: every fault, where it strikes, how Day-0 ended, how long it took and how long it may."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import datetime, timezone

from tests.faults.cell import CONVERGED
from tests.faults.rig import Result

HEAD = """# The fault table

Day-0 runs on a fresh instance of the local stack while something goes wrong. It either converges, which means that
the state of registry, Blob, tables and Automation is the one that an undisturbed run leaves and that a further run
has nothing to do; or it ends with an error that has a code and a remedy ([errors.md](errors.md)), and converges when
it is run again without the fault. No traceback may appear in what the Run Commands and the jobs wrote, nothing may be
asked again before its `Retry-After` has passed (the stack notes who comes too early), and the run must keep within
its limit.

`make fault-table` writes this page; `make fault-table ONLY='429'` runs some cells. The cells are data:
`tests/faults`. How to set such faults by hand: [local-stack.md](local-stack.md#faults).
"""


def rendered(results: Sequence[Result], minutes: float, workers: int) -> str:
    """Return the whole page."""
    bad = [result for result in results if result.wrong]
    lines = [
        HEAD,
        f"**{len(results)} cells, {len(results) - len(bad)} as expected, {minutes:.1f} minutes** with {workers} at "
        f"once ({datetime.now(timezone.utc):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, CPython {platform.python_version()}; `python -m tests.faults`).",
        "",
        "| fault | where | Day-0 | seconds | limit |",
        "|---|---|---|---|---|",
        *(_row(result) for result in results),
    ]
    for result in bad:
        lines += ["", f"`{result.cell.title}`", "", *(f"- {line}" for line in result.wrong[:10])]
    return "\n".join(lines) + "\n"


def _row(result: Result) -> str:
    cell = result.cell
    end = CONVERGED if result.ended == CONVERGED else f"`{result.ended}`, then converged"
    end = f"not tried here: {result.untried}" if result.untried else end
    end = f"**not as expected**: {result.ended}" if result.wrong else end
    return f"| {cell.name} | {cell.where} | {end} | {result.seconds:.1f} | {cell.limit:.0f} |"
