"""`python -m tests.faults`: run the fault table, a line for each cell; a whole run writes docs/fault-table.md."""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults import page, pool
from tests.faults.cells import cells
from tests.faults.rig import Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fault-table.md"


def main(argv: list[str]) -> int:
    """Return 0 when every cell ended as expected."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], metavar="PATTERN", help="cells whose title matches"
    )
    parser.add_argument("--list", action="store_true", help="show the cells and end")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="rigs at once (default: one a core)"
    )
    given = parser.parse_args(argv)
    every = [cell.title for cell in cells()]
    chosen = [t for t in every if not given.only or any(fnmatch.fnmatch(t, f"*{p}*") for p in given.only)]
    if given.list:
        print("\n".join(chosen), flush=True)
        return 0
    base, began = Path(tempfile.mkdtemp(prefix="fault-table-")), time.monotonic()
    print("preparing: a stack, an instance, and an undisturbed run (half a minute)", flush=True)
    base.chmod(0o711)  # jobs run as another user, who has to get to the machine's directories
    results: list[Result] = []
    try:
        for result in pool.run(base, min(given.workers, len(chosen)), chosen):
            results.append(result)
            _show(result, len(results), len(chosen), (time.monotonic() - began) / len(results))
    finally:
        shutil.rmtree(base, ignore_errors=True)
    minutes, bad = (time.monotonic() - began) / 60, [result for result in results if result.wrong]
    print(f"{len(results)} cells, {len(bad)} not as expected, {minutes:.1f} minutes")
    if len(chosen) == len(every):
        results.sort(key=lambda result: every.index(result.title))
        PAGE.write_text(page.rendered(results, minutes, given.workers), "utf-8")
    return 1 if bad or not results else 0


def _show(result: Result, done: int, whole: int, each: float) -> None:
    state = "WRONG      " if result.wrong else "as expected"
    left = each * (whole - done) / 60
    print(
        f"{done:3}/{whole} {state} {result.seconds:5.1f} s  {result.title}: {result.ended}  (left {left:.1f} min)"
    )
    for line in result.wrong[:20]:
        print(f"        {line}")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:  # the reader has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
