"""Keeps the newest figures of every case (figures.json) and writes them into docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.measure import OURS, Measured

ROOT = Path(__file__).resolve().parent.parent
FIGURES = Path(__file__).with_name("figures.json")
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"


def record(measured: Measured, where: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a measured case; `where` says when, on what, under which load and by which command."""
    samples = {
        side: [{"seconds": round(one.seconds, 5), **one.facts} for one in runs]
        for side, runs in measured.samples.items()
    }
    figures = [asdict(figure) for figure in measured.figures()]
    medians = {side: measured.seconds(side) for side in measured.samples}
    work = measured.case.work
    return {"work": work, **where, "figures": figures, "medians": medians, "samples": samples}


def load(file: Path = FIGURES) -> dict[str, Any]:
    """Return the kept records by case; none where nothing was ever measured."""
    return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}


def save(records: dict[str, Any], file: Path = FIGURES) -> None:
    """Keep the records, in the order of their names."""
    file.write_text(json.dumps(dict(sorted(records.items())), indent=1) + "\n", "utf-8")


def table(records: dict[str, Any], names: Sequence[str]) -> str:
    """Return the figures of these cases as a table, and below it where each was measured."""
    lines = [
        "| work | against | goal | measured (lowest to highest) | ours | theirs | date |",
        "|---|---|---|---|---|---|---|",
        *(line for name in names if name in records for line in _rows(name, records[name])),
    ]
    runs = sorted({_where(records[name]) for name in names if name in records})
    return "\n".join([*lines, "", *(f"- {run}" for run in runs)])


def write_page(records: dict[str, Any], names: Sequence[str], page: Path = PAGE) -> None:
    """Put the table between the page's markers."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table(records, names)}\n{END}{after}", "utf-8")


def _rows(name: str, kept: dict[str, Any]) -> list[str]:
    medians = kept["medians"]
    ours = _time(medians[OURS])
    return [
        f"| {kept['work']} (`{name}`) | {one['against']} | {one['goal']} | {_value(one)} | {ours} "
        f"| {_time(medians[one['against']]) if one['against'] in medians else ''} | {kept['date'][:10]} |"
        for one in kept["figures"]
    ]


def _value(one: dict[str, Any]) -> str:
    spread = f"{one['value']:.3g} ({one['low']:.3g} to {one['high']:.3g})"
    return spread if one["is_met"] else f"**{spread}: missed**"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _where(kept: dict[str, Any]) -> str:
    busy = f"load {kept['load']:.1f} before it began" if kept["load"] >= 1 else "otherwise idle"
    return f"{kept['date'][:10]}: `{kept['command']}`, {kept['runs']} rounds, on {kept['machine']}, {busy}"
