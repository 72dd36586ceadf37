"""Which cells the kill table has: they follow from the points that an undisturbed run passed.

So a new step makes its own. A point is what a strike notes: [verb, step, component, kind, what, how often]. Kinds:
`row` (the operations log has accepted a row), `change`, `read` and `delivery` (a request was answered: one that
changes, one that does not, one of the log's own), `before` (bootstrap.py is about to do something durable), `during`
(its child is at work).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Reached = list[Any]
BARE = "bare"  # a worker that has no bundle yet
ARM = "deployment"  # whose rows tell of Azure Resource Manager's own operations


@dataclass(frozen=True)
class Cell:
    """One kill: the phase whose run is killed, the prepared state it starts from, and the point."""

    phase: int
    start: str
    at: tuple[Any, ...]

    @property
    def boundary(self) -> str:
        """Return `verb/step:component`, the name of the step."""
        verb, step, component = self.at[:3]
        return f"{verb}/{step or '(verb)'}" + (f":{component}" if component else "")

    @property
    def place(self) -> str:
        """Say where in the step the kill strikes."""
        kind, what, count = self.at[3:]
        return {
            "row": f"after its row {what}" + (f" (no. {count})" if count > 1 else ""),
            "change": f"inside: change {count} answered",
            "read": "inside: first read answered",
            "delivery": f"log delivery {count} answered",
            "before": f"before {what}" + (f" {count}" if count > 1 else ""),
            "during": f"during {what}",
        }[kind]

    @property
    def name(self) -> str:
        """Return the cell's whole name, unique in the table."""
        return f"{self.phase:02d} {self.boundary} {self.place}"


def cells(traces: Iterable[tuple[int, str, Sequence[Reached]]]) -> list[Cell]:
    """Return the table's cells from each phase's number, prepared state and trace, in the order of a run."""
    found: dict[str, Cell] = {}
    for phase, start, trace in traces:
        for at in _chosen(trace):
            cell = Cell(phase, BARE if at[0] == "bootstrap" else start, at)
            found.setdefault(cell.name, cell)
    return list(found.values())


def _chosen(trace: Sequence[Reached]) -> list[tuple[Any, ...]]:
    """Keep of a trace: each row but the starts of steps; of each step the first, middle and last change."""
    last: dict[tuple[Any, ...], int] = {}
    for *where, count in trace:
        last[tuple(where)] = max(count, last.get(tuple(where), 0))
    chosen = [tuple(point) for point in trace if _counts(point, last)]
    arms = [point for point in chosen if point[0] == ARM]  # the log takes all of them at once
    return [point for point in chosen if point not in arms[1:]]


def _counts(point: Reached, last: dict[tuple[Any, ...], int]) -> bool:
    verb, step, component, kind, what, count = point
    highest = last[tuple(point[:-1])]
    if kind == "row":
        return what != "Started" or not step
    if kind == "change":
        return count in (1, (highest + 1) // 2, highest)
    if kind == "before":
        return count == 1 or (what == "open" and highest >= 8 and count == highest // 2)
    if kind in ("delivery", "during"):
        return count == 1
    has_change = (verb, step, component, "change", "") in last
    return count == 1 and bool(step) and not has_change


def boundaries(found: Iterable[Cell]) -> list[str]:
    """Return the names of the durable step boundaries, in order, each once."""
    return list(dict.fromkeys(f"{cell.phase:02d} {cell.boundary}" for cell in found))
