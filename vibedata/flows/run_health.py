"""Probe every component of the registry and write the health that changed (RFC-60 phase 15, PRD-19 FR-14).

As a gate it sweeps until the required components are healthy or the deadline has passed; otherwise it ends
well whatever it finds. What a blind watcher found changes nothing that is stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from vibedata import health, retry
from vibedata.deployment_record import DeploymentRecorder
from vibedata.errors import Blocked, Failed
from vibedata.health import HEALTHY, UNHEALTHY, UNKNOWN, Verdict
from vibedata.ports import ComponentRegistry, Inventory, Prober, Summary
from vibedata.recorder import Recorder
from vibedata.registry import HEALTH, Change, Row, components
from vibedata.sweep import Watcher, sweep

VERB = "run_health"
SEVERITIES = {UNHEALTHY: "Error", health.DEGRADED: "Warning", UNKNOWN: "Warning"}


def run_health(
    *,
    registry: ComponentRegistry,
    inventory: Inventory,
    prober: Prober,
    recorder: Recorder,
    clock: Callable[[], datetime],
    gate: bool = False,
    deadline_seconds: float = 300.0,
    poll_seconds: float = 5.0,
    propagation_seconds: float = 0.0,
    network: Callable[[], retry.Policy | None] = retry.unknown,
    deployments: DeploymentRecorder | None = None,
    dry_run: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> Summary:
    """Write what changed; a `gate` sweeps every `poll_seconds`, for at most `deadline_seconds`.

    `network` is the registry's retry policy, for what is not a probe; a gate has `deployments` write down what the
    template did. Raises Blocked (registry-empty;
    role-missing, as a gate also the log's), Transient (azure-unreachable and kin: the registry itself), and as a
    gate Failed (health-gate).
    """
    if gate and deployments and not dry_run:
        deployments.record(recorder)
    spreading = retry.propagation(propagation_seconds if gate else 0.0)
    patience = retry.Patience(network(), spreading, pause, clock)
    watcher = Watcher(inventory, prober, patience)
    until = clock() + timedelta(seconds=deadline_seconds)
    written = 0
    with recorder.step("probe-components", category="Health") as step:
        while True:
            verdicts, blind = sweep(watcher, patience.call(lambda: _read(registry)))
            whole = health.overall(verdicts)
            if not blind:
                told = None if dry_run else recorder
                changes = patience.call(lambda: _store(registry, [*verdicts, whole], clock, told))  # noqa: B023
                written += len(changes)
            problems = health.gate_problems(verdicts) if gate else []
            remaining = (until - clock()).total_seconds()
            if not problems or remaining <= 0:
                break
            pause(min(poll_seconds, remaining))
        step.message = _sentence(whole, verdicts)
    _sum_up(recorder, whole, verdicts)
    if problems:
        raise _gate_closed(problems, deadline_seconds)
    if gate:  # a baseline without its audit trail is none (NFR-7)
        patience.call(recorder.check)
    data = {"overall": whole.as_dict(), "components": [_told(v) for v in verdicts], "dryRun": dry_run}
    counts, none = {"health": written}, dict[str, int]()
    done, planned = (none, counts) if dry_run else (counts, none)
    return Summary(VERB, done, _sentence(whole, verdicts), data, planned)


def _read(registry: ComponentRegistry) -> list[Row]:
    rows = registry.read()
    if not components(rows):
        raise Blocked(
            "registry-empty",
            "The component registry holds no components, so there is nothing to probe.",
            hint="Run `vibedata bootstrap-registry` (phase 14) first.",
        )
    return rows


def _store(
    registry: ComponentRegistry,
    verdicts: Sequence[Verdict],
    clock: Callable[[], datetime],
    recorder: Recorder | None,
) -> list[Change]:
    """Write what differs from what is there now; a writer that comes between makes the caller ask again.

    A change is told before it is stored: a run that dies in between tells it again, and readers fold the two.
    """
    changes = health.row_changes(verdicts, registry.read(), clock())
    if recorder:
        _record(recorder, changes)
        registry.write(changes)
    return changes


def _record(recorder: Recorder, changes: Sequence[Change]) -> None:
    for change in changes:
        if change.row.key.startswith(HEALTH):
            _record_one(recorder, change)


def _record_one(recorder: Recorder, change: Change) -> None:
    values = change.row.values
    before = change.fields.get("status", (values["status"],))[0]
    recorder.event(
        "health-changed",
        values["status"],
        component=change.row.name,
        category="Health",
        severity=SEVERITIES.get(values["status"], "Information"),
        message=values["message"] or values["reason"],
        details={
            "before": before,
            "reason": values["reason"],
            "cause": values["cause"],
            "evidence": values["evidence"],
        },
        key=values["reason"],
    )


def _sum_up(recorder: Recorder, whole: Verdict, verdicts: Sequence[Verdict]) -> None:
    recorder.event(
        "health-summary",
        whole.status,
        category="Health",
        severity=SEVERITIES.get(whole.status, "Information"),
        message=_sentence(whole, verdicts),
        details={
            "reason": whole.reason,
            "cause": list(whole.cause),
            "components": {v.component: v.status for v in verdicts},
        },
    )


def _gate_closed(problems: Sequence[Verdict], deadline_seconds: float) -> Failed:
    worst = problems[0]
    others = ", ".join(verdict.component for verdict in problems[1:])
    return Failed(
        "health-gate",
        f"{worst.component} is {worst.status} ({worst.reason}) after {deadline_seconds:g} s: {worst.message}"
        + (f" Also not healthy: {others}." if others else ""),
        hint="Mend the component that is named (`vibedata status` shows all), then run phase 15 again.",
        detail={"components": [_told(verdict) for verdict in problems]},
    )


def _sentence(whole: Verdict, verdicts: Sequence[Verdict]) -> str:
    probed = [verdict for verdict in verdicts if verdict.counts]
    healthy = sum(verdict.status == HEALTHY for verdict in probed)
    because = f" because of {', '.join(whole.cause)} ({whole.reason})" if whole.cause else ""
    return f"{whole.status}{because}: {healthy} of {len(probed)} probed components healthy."


def _told(verdict: Verdict) -> dict[str, Any]:
    return {"component": verdict.component, "required": verdict.required, **verdict.as_dict()}
