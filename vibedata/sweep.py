"""One sweep over all components: each is asked in parallel and within its deadline, none can stop the others.

Azure's listing is the control probe: without it the watcher is blind, and says so of everything. A failure
that may pass is asked again as the registry's retry policy says (NFR-8) before it is believed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

from vibedata import health, probing
from vibedata.discovery import Resource
from vibedata.errors import Transient, VibedataError
from vibedata.health import HEALTHY, UNHEALTHY, UNKNOWN, Outcome, Verdict
from vibedata.manifest import NetworkRetryPolicies
from vibedata.ports import Inventory, Prober
from vibedata.probing import Probe
from vibedata.registry import HEALTH, Row, components, retry_policy
from vibedata.retry import Patience

WORKERS = 16
GRACE_SECONDS = 5.0

Outcomes = dict[str, list[Outcome]]


@dataclass(frozen=True)
class Watcher:
    """Who asks: the ports, the time, and how to wait."""

    inventory: Inventory
    prober: Prober
    patience: Patience

    def clock(self) -> datetime:
        """Return the time."""
        return self.patience.now()


def sweep(watcher: Watcher, rows: Sequence[Row]) -> tuple[list[Verdict], bool]:
    """Return the verdict on every component, and whether the watcher was blind."""
    known = components(rows)
    try:
        listing = {r.key: r for r in watcher.patience.call(watcher.inventory.resources)}
    except Transient as error:
        message = f"Azure did not answer the watcher: {error.message}"
        return health.blind([health.judge(row, []) for row in known], message), True
    outcomes = _ask_all(watcher, known, listing)
    _ask_again(watcher, rows, listing, outcomes)
    verdicts = [health.judge(row, outcomes[row.name]) for row in known]
    return health.roll_up(verdicts, {row.name: row.values.get("dependsOn") or () for row in known}), False


def _ask_again(
    watcher: Watcher, rows: Sequence[Row], listing: Mapping[str, Resource], outcomes: Outcomes
) -> None:
    """Ask those again that fail for a reason that may pass and that were not failing before."""
    policy = retry_policy(rows) or NetworkRetryPolicies()
    failing = {
        row.name for row in rows if row.key.startswith(HEALTH) and row.values.get("status") == UNHEALTHY
    }
    for _ in range(policy.attempts):
        doubtful = [
            row
            for row in components(rows)
            if row.name not in failing and any(_may_pass(outcome) for outcome in outcomes[row.name])
        ]
        if not doubtful:
            return
        watcher.patience.sleep(policy.delay_seconds)
        outcomes.update(_ask_all(watcher, doubtful, listing))


def _may_pass(outcome: Outcome) -> bool:
    return outcome.status != HEALTHY and outcome.reason in probing.PASSING


def _ask_all(watcher: Watcher, rows: Iterable[Row], listing: Mapping[str, Resource]) -> Outcomes:
    questions = [(row, probe) for row in rows for probe in probing.plan(row)]
    outcomes: Outcomes = {row.name: [] for row in rows}
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="probe")
    try:
        asked = [pool.submit(_ask, watcher, row, probe, listing) for row, probe in questions]
        wait(asked, timeout=_patience([probe for _, probe in questions]))
        for (row, probe), future in zip(questions, asked, strict=True):
            outcomes[row.name].append(_outcome(future, probe, watcher.clock()))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return outcomes


def _patience(probes: Sequence[Probe]) -> float:
    rounds = math.ceil(len(probes) / WORKERS)
    return rounds * max((probe.timeout_seconds for probe in probes), default=0.0) + GRACE_SECONDS


def _ask(watcher: Watcher, row: Row, probe: Probe, listing: Mapping[str, Resource]) -> Outcome:
    now = watcher.clock()
    known = probing.answer_without_asking(probe, now)
    if known:
        return known
    if probe.type == "arm":
        return probing.judge_arm(probe, listing, now)
    if probe.type != "digest":
        return watcher.prober.probe(probe)
    try:
        return probing.judge_digest(row, watcher.inventory.resource(probe.resource_id), now)
    except VibedataError as error:
        return probing.unanswered(probe, error, now)


def _outcome(future: Future[Outcome], probe: Probe, now: datetime) -> Outcome:
    if not future.done() or future.cancelled():
        return probing.overdue(probe, now)
    error = future.exception()
    if error:
        return Outcome(
            probe.type, UNKNOWN, "probe-failed", f"The probe itself failed: {type(error).__name__}.", now
        )
    return future.result()
