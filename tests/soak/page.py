"""Writes what a soak found into docs/soak.md, between its markers, and its picture beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.soak.watch import Sample

DOCS = Path(__file__).resolve().parents[2] / "docs"
BEGIN, END = "<!-- figures: written by `make soak` -->", "<!-- end of figures -->"


def speed(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return how long it took, how fast it was, how long alerts waited and how many did."""
    ages = sorted(sample.age for sample in samples if sample.age)
    last = samples[-1]
    return {
        "minutes": round(last.at / 60, 1),
        "processed per second": round(last.processed / last.at, 1),
        "age when taken, median and largest of the 95th percentiles": (
            f"{ages[len(ages) // 2]:.1f} s, {ages[-1]:.1f} s" if ages else "none"
        ),
        "most on the queue": max(sample.queue for sample in samples),
        "load, median": sorted(sample.load for sample in samples)[len(samples) // 2],
    }


def record(facts: dict[str, Any], picture: str, docs: Path = DOCS) -> None:
    """Keep the figures and the picture."""
    (docs / "soak.svg").write_text(picture, "utf-8")
    page = docs / "soak.md"
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{_table(facts)}\n{END}{after}", "utf-8")


def _table(facts: dict[str, Any]) -> str:
    rows = [f"| {name} | {_shown(value)} |" for name, value in facts.items()]
    return "\n".join(["| | |", "|---|---|", *rows])


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
