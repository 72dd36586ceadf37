"""`python -m tests.kill`: run the kill table, a line for each cell; a whole run writes docs/kill-table.md."""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.kill import page, pool
from tests.kill.cells import Cell
from tests.kill.running import Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "kill-table.md"


class Progress:
    """Prints one line for each cell that ends, and how long the rest will take."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.first = self.began
        self.all: list[Cell] = []
        self.chosen: list[Cell] = []
        self.results: list[Result] = []

    def begin(self, every: list[Cell], chosen: list[Cell]) -> None:
        """Take note of the cells."""
        self.all, self.chosen, self.first = every, chosen, time.monotonic()
        print(f"prepared in {self.first - self.began:.0f} s: {len(chosen)} of {len(every)} cells", flush=True)

    def show(self, result: Result) -> None:
        """Print a result."""
        self.results.append(result)
        done, whole = len(self.results), len(self.chosen)
        left = (time.monotonic() - self.first) / done * (whole - done)
        state = "converged" if result.converged else "DIFFERS  "
        print(
            f"{done:3}/{whole} {state} {result.seconds:5.1f} s  {result.cell.name}  (left {left / 60:.1f} min)"
        )
        for line in result.differences[:20]:
            print(f"        {line}")
        sys.stdout.flush()

    @property
    def minutes(self) -> float:
        """Return the minutes since the start, preparation included."""
        return (time.monotonic() - self.began) / 60


def main(argv: list[str]) -> int:
    """Return 0 when every cell converged."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], metavar="PATTERN", help="cells whose name matches"
    )
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="leave out the first N cells")
    parser.add_argument("--list", action="store_true", help="show the cells and end")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="rigs at once (default: one a core)"
    )
    given = parser.parse_args(argv)

    def pick(every: list[Cell]) -> list[Cell]:
        named = [
            c for c in every if not given.only or any(fnmatch.fnmatch(c.name, f"*{p}*") for p in given.only)
        ]
        return [] if given.list else named[given.skip :]

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the rigs end too
    progress = Progress()
    print(
        "preparing: a stack, two instances, and the runs that cells follow from (half a minute)", flush=True
    )
    base = Path(tempfile.mkdtemp(prefix="kill-table-"))
    try:
        workers, quick = 1 if given.list else given.workers, given.list or bool(given.only)
        for result in pool.run(base, workers, pick, progress.begin, quick=quick):
            progress.show(result)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    if given.list:
        print("\n".join(cell.name for cell in progress.all), flush=True)
        return 0
    bad = [result for result in progress.results if not result.converged]
    print(f"{len(progress.results)} cells, {len(bad)} did not converge, {progress.minutes:.1f} minutes")
    if len(progress.chosen) == len(progress.all):
        PAGE.write_text(
            page.rendered(progress.results, progress.all, progress.minutes, given.workers), "utf-8"
        )
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:  # the reader has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
