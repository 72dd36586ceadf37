"""`python -m bench [NAMES]`: measure the cases, show them, and (with --record) keep the figures for the docs."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import figures
from bench.cases import all_cases
from bench.machine import load, machine
from bench.measure import LEAST_RUNS, Case, Unavailable, measure

shown = Console()
progress = Console(stderr=True, highlight=False)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; 0 also when a goal is missed, which the table and the last line say."""
    given = _arguments(argv)
    cases = [case for case in all_cases() if not given.names or case.name in given.names]
    if unknown := set(given.names) - {case.name for case in cases}:
        progress.print(f"bench: no case is called {', '.join(sorted(unknown))}; see --list")
        return 2
    if given.list:
        for case in cases:
            shown.print(f"{case.name:28} {case.work}", highlight=False)
        return 0
    found = run(
        cases, given.runs, " ".join(["python -m bench", *given.names]) if given.names else "make bench"
    )
    show(found)
    if given.output:
        figures.save(found, given.output)
    if given.record:
        kept = {**figures.load(), **found}
        figures.save(kept)
        figures.write_page(kept, [case.name for case in all_cases()])
    return 0


def run(cases: Sequence[Case], runs: int, command: str) -> dict[str, Any]:
    """Measure the cases one after the other; returns their records. One that cannot run here is left out, aloud."""
    found: dict[str, Any] = {}
    for case in cases:
        where = {
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "command": command,
            "machine": machine(),
            "load": round(load(), 2),
            "runs": runs,
        }
        progress.print(f"{case.name}: {case.work}")
        try:
            measured = measure(case, runs, lambda line: progress.print(f"  {line}"))
        except Unavailable as why:
            progress.print(f"  left out: {why}", style="yellow")
            continue
        found[case.name] = figures.record(measured, where)
    return found


def show(found: dict[str, Any]) -> None:
    """Print the figures as a table, and plainly which goals were missed."""
    table = Table("case", "against", "goal", "measured", "spread")
    missed = []
    for name, kept in found.items():
        for one in kept["figures"]:
            spread = f"{one['low']:.3g} to {one['high']:.3g}"
            style = "" if one["is_met"] else "red"
            table.add_row(name, one["against"], one["goal"], f"{one['value']:.3g}", spread, style=style)
            missed += [] if one["is_met"] else [f"{name} against {one['against']}"]
    shown.print(table)
    shown.print(f"missed: {'; '.join(missed)}" if missed else "every goal is met", highlight=False)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases to measure; none: all of them")
    parser.add_argument("--runs", type=_runs, default=LEAST_RUNS, help="rounds, 5 at least")
    parser.add_argument("--output", type=Path, help="write the figures and every sample to this JSON file")
    parser.add_argument("--record", action="store_true", help="keep the figures, and rewrite the docs' table")
    parser.add_argument("--list", action="store_true", help="name the cases")
    return parser.parse_args(argv)


def _runs(text: str) -> int:
    runs = int(text)
    if runs < LEAST_RUNS:
        raise argparse.ArgumentTypeError(f"a median needs {LEAST_RUNS} rounds or more")
    return runs


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack ends too
    sys.exit(main())
