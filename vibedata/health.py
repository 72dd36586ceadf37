"""Health: what probes say of a component, and what that means for those that depend on it.

Statuses, worst last: Healthy, Suspended, Progressing, Degraded, Unknown, Unhealthy. Each comes with a reason,
a word that stays the same, and evidence. The rules:

- A component is as bad as its worst probe. Without one it is Unknown (`no-check-defined`) and counts nowhere.
- A component that works, but depends on a required one that is Unhealthy, is Degraded; `cause` leads from the
  component it depends on to the one that is broken.
- The instance is as bad as its worst required component; optional ones make it Degraded at most.
- A result is believed for the digest it was measured on, never for another one.
- When the watcher itself is cut off, everything is Unknown (`watcher-blind`) and no stored status changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vibedata.registry import HEALTH, OVERALL, Change, Row

HEALTHY, SUSPENDED, PROGRESSING = "Healthy", "Suspended", "Progressing"
DEGRADED, UNKNOWN, UNHEALTHY = "Degraded", "Unknown", "Unhealthy"
STATUSES = (HEALTHY, SUSPENDED, PROGRESSING, DEGRADED, UNKNOWN, UNHEALTHY)

OK = "ok"
NO_CHECK = "no-check-defined"
NEVER_CHECKED = "never-checked"
WATCHER_BLIND = "watcher-blind"
DEPENDENCY = "dependency-unhealthy"
OPTIONAL = "optional-component"
MISSING = "resource-missing"


@dataclass(frozen=True)
class Outcome:
    """What one probe found: `message` is for a person, `evidence` for a machine; it took `duration_ms`."""

    probe: str
    status: str
    reason: str
    message: str
    observed_at: datetime
    duration_ms: int = 0
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """The status of one component (or of the instance: `component` is empty), with the chain of its cause."""

    component: str
    status: str
    reason: str
    message: str = ""
    cause: tuple[str, ...] = ()
    required: bool = True
    digest: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """Whether the instance's status depends on it."""
        return self.reason != NO_CHECK

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as it is stored and printed."""
        return {
            "status": self.status,
            "reason": self.reason,
            "message": self.message,
            "cause": list(self.cause),
            "digest": self.digest,
            "evidence": dict(self.evidence),
        }


def worst(statuses: Iterable[str]) -> str:
    """Return the worst of some statuses; Healthy when there are none."""
    return max(statuses, key=STATUSES.index, default=HEALTHY)


def judge(component: Row, outcomes: Sequence[Outcome]) -> Verdict:
    """Return what its own probes say of a component: the first of the worst, or that its resource is gone."""
    required = bool(component.values.get("required", True))
    digest = str(component.values.get("digest") or "")
    if not outcomes:
        nothing = "The release defines no probe for it."
        return Verdict(component.name, UNKNOWN, NO_CHECK, nothing, (), required, digest)
    outcome = max(outcomes, key=lambda one: (STATUSES.index(one.status), one.reason == MISSING))
    evidence = {"probe": outcome.probe, **outcome.evidence}
    return Verdict(
        component.name, outcome.status, outcome.reason, outcome.message, (), required, digest, evidence
    )


def roll_up(verdicts: Sequence[Verdict], depends_on: Mapping[str, Sequence[str]]) -> list[Verdict]:
    """Return the verdicts with what dependencies do to them (`depends_on`: names by component name)."""
    own = {verdict.component: verdict for verdict in verdicts}
    causes = {name: _cause(name, own, depends_on, frozenset()) for name in own}
    return [_degraded(verdict, own, causes[verdict.component]) for verdict in verdicts]


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the instance's verdict; `cause` names the components that make it what it is."""
    seen = {v.component: _for_instance(v) for v in verdicts if v.counts}
    status = worst(seen.values())
    if not seen or status == HEALTHY:
        return Verdict("", HEALTHY if seen else UNKNOWN, OK if seen else NO_CHECK)
    causes = tuple(name for name, one in seen.items() if one == status)
    first = next(v for v in verdicts if v.component == causes[0])
    reason = first.reason if first.required else OPTIONAL
    return Verdict("", status, reason, f"{first.component}: {first.message}", causes)


def blind(verdicts: Sequence[Verdict], message: str) -> list[Verdict]:
    """Return the verdicts of a sweep whose watcher was cut off: nothing is known of anything."""
    return [Verdict(v.component, UNKNOWN, WATCHER_BLIND, message, required=v.required) for v in verdicts]


def gate_problems(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the required components that keep phase 15 from closing, worst first; a Degraded one works."""
    closed = [v for v in verdicts if v.required and v.counts and v.status not in (HEALTHY, DEGRADED)]
    return sorted(closed, key=lambda v: -STATUSES.index(v.status))


def row_changes(verdicts: Sequence[Verdict], stored: Iterable[Row], now: datetime) -> list[Change]:
    """Return the health rows to write: those whose status, reason, cause or digest is not as stored."""
    old = {row.key: row for row in stored}
    changes = [_row_change(verdict, old, now) for verdict in verdicts]
    return [change for change in changes if change]


def current(component: Row, health: Row | None) -> dict[str, Any]:
    """Return a component's stored health, or Unknown when it was never measured on this digest."""
    if health is None or health.values.get("digest", "") != (component.values.get("digest") or ""):
        message = "Not measured yet." if health is None else "Measured on another digest only."
        return {**Verdict(component.name, UNKNOWN, NEVER_CHECKED, message).as_dict(), "since": None}
    return {"cause": [], "message": "", **health.values}


def _cause(
    name: str, own: Mapping[str, Verdict], depends_on: Mapping[str, Sequence[str]], above: frozenset[str]
) -> tuple[str, ...]:
    for dependency in depends_on.get(name, ()):
        verdict = own.get(dependency)
        if verdict is None or not verdict.required or dependency in above:
            continue
        if verdict.status == UNHEALTHY:
            return (dependency,)
        further = _cause(dependency, own, depends_on, above | {name})
        if further:
            return (dependency, *further)
    return ()


def _degraded(verdict: Verdict, own: Mapping[str, Verdict], cause: tuple[str, ...]) -> Verdict:
    works = verdict.status in (HEALTHY, SUSPENDED, PROGRESSING) or not verdict.counts
    if not cause or not works:
        return verdict
    root = own[cause[-1]]
    return Verdict(
        verdict.component,
        DEGRADED,
        DEPENDENCY,
        f"Depends on {' → '.join(cause)}: {root.message}",
        cause,
        verdict.required,
        verdict.digest,
        {"causeReason": root.reason},
    )


def _for_instance(verdict: Verdict) -> str:
    if verdict.required or STATUSES.index(verdict.status) < STATUSES.index(DEGRADED):
        return verdict.status
    return DEGRADED


def _row_change(verdict: Verdict, stored: Mapping[str, Row], now: datetime) -> Change | None:
    key = HEALTH + verdict.component if verdict.component else OVERALL
    old = stored.get(key)
    before = old.values if old else {}
    new = verdict.as_dict()
    fields = {
        name: (before.get(name), new[name])
        for name in ("status", "reason", "cause", "digest")
        if before.get(name) != new[name]
    }
    if not fields:
        return None
    since = before.get("since") if "status" not in fields else now.isoformat()
    row = Row(key, {**new, "since": since}, old.etag if old else None)
    return Change("update" if old else "create", row, fields)
