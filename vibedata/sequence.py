"""RFC-60's fifteen phases as data, and how long they take: what may start when, and what everything waits for (D8).

Minutes are estimates with their source; `contracts/sequence.json` holds them. A plan is the earliest start and end
of every step when nothing waits for anything but what it needs and, for an action, the gate before its phase.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal

from vibedata import contracts
from vibedata.errors import BadInput

Estimate = Literal["low", "mid", "high"]
ESTIMATES: tuple[Estimate, ...] = ("low", "mid", "high")


@dataclass(frozen=True)
class Step:
    """One row: infrastructure that a module makes, or an action (a verb on the worker). Minutes by estimate."""

    name: str
    phase: int
    is_action: bool
    makes: str
    needs: tuple[str, ...]
    minutes: Mapping[str, float]
    source: str
    as_job: bool = False
    args: Mapping[str, Any] | None = None
    secrets: tuple[str, ...] = ()
    timeout_seconds: int = 0
    is_ready: bool = True


@dataclass(frozen=True)
class Phase:
    """One of RFC-60's phases: its number, its name there, its Bicep file."""

    number: int
    name: str
    file: str


@dataclass(frozen=True)
class Slot:
    """When a step runs, in minutes from the start, and what it waited for last (empty: nothing)."""

    step: Step
    start: float
    end: float
    after: str


@dataclass(frozen=True)
class Plan:
    """All slots in the order of their start, when each gate closes, and the chain that decides the total."""

    estimate: Estimate
    slots: tuple[Slot, ...]
    gates: Mapping[int, float]
    critical: tuple[str, ...]

    @property
    def minutes(self) -> float:
        """How long everything takes, in minutes."""
        return max((slot.end for slot in self.slots), default=0.0)


def phases() -> tuple[Phase, ...]:
    """Return RFC-60's phases in their order."""
    rows = contracts.load("sequence.json")["phases"]
    return tuple(Phase(row["phase"], row["name"], row["file"]) for row in rows)


def steps() -> tuple[Step, ...]:
    """Return every step, phase by phase."""
    return tuple(_step(row) for row in contracts.load("sequence.json")["steps"])


def actions() -> tuple[Step, ...]:
    """Return the actions that have a verb today, in the order in which they run."""
    return tuple(step for step in steps() if step.is_action and step.is_ready)


def waits(given: Sequence[Step]) -> dict[str, set[str]]:
    """Return what each step waits for: what it needs, and for an action every step of the phases before its own.

    Within its phase an action also waits for the phase's infrastructure. Raises BadInput (sequence-invalid).
    """
    known = {step.name for step in given}
    found: dict[str, set[str]] = {}
    for step in given:
        lacking = sorted(set(step.needs) - known)
        if lacking:
            raise _invalid(f"{step.name} needs {', '.join(lacking)}, which is no step")
        earlier = {one.name for one in given if step.is_action and _before(one, step)}
        found[step.name] = set(step.needs) | earlier
    return found


def plan(given: Sequence[Step], estimate: Estimate) -> Plan:
    """Return when each step starts and ends at the earliest. Raises BadInput (sequence-invalid)."""
    graph = waits(given)
    by_name = {step.name: step for step in given}
    slots: dict[str, Slot] = {}
    for name in _in_order(graph):
        last = max((slots[other] for other in sorted(graph[name])), key=lambda slot: slot.end, default=None)
        start = last.end if last else 0.0
        end = start + by_name[name].minutes[estimate]
        slots[name] = Slot(by_name[name], start, end, last.step.name if last else "")
    ordered = sorted(slots.values(), key=lambda slot: (slot.start, slot.step.phase, slot.end))
    return Plan(estimate, tuple(ordered), _gates(slots.values()), _critical(slots))


def _before(one: Step, action: Step) -> bool:
    return one.phase < action.phase or (one.phase == action.phase and not one.is_action)


def _in_order(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise _invalid(f"the steps {' → '.join(error.args[1])} wait for each other") from error


def _gates(slots: Iterable[Slot]) -> dict[int, float]:
    """Return when each phase's gate closes: its own steps are done, and the gate before it has closed."""
    found, closed = {}, 0.0
    ends = [(slot.step.phase, slot.end) for slot in slots]
    for number in sorted({phase for phase, _ in ends}):
        closed = max(closed, *(end for phase, end in ends if phase == number))
        found[number] = closed
    return found


def _critical(slots: Mapping[str, Slot]) -> tuple[str, ...]:
    """Return the chain of steps that decides the total, first to last."""
    chain: list[str] = []
    name = max(slots, key=lambda one: slots[one].end, default="")
    while name:
        chain.append(name)
        name = slots[name].after
    return tuple(reversed(chain))


def _step(row: Mapping[str, Any]) -> Step:
    return Step(
        name=row["step"],
        phase=row["phase"],
        is_action=row["kind"] == "action",
        makes=row["makes"],
        needs=tuple(row["needs"]),
        minutes=row["minutes"],
        source=row["source"],
        as_job=row.get("as") == "job",
        args=row.get("args"),
        secrets=tuple(row.get("secrets", ())),
        timeout_seconds=row.get("timeoutSeconds", 0),
        is_ready=row.get("state", "ready") == "ready",
    )


def _invalid(why: str) -> BadInput:
    return BadInput(
        "sequence-invalid",
        f"sequence.json: {why}.",
        hint="Correct contracts/sequence.json; then `make contracts`.",
    )
