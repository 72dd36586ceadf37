"""One soak from its start to what is to be said of it; `SMALL` is what the tests run, `full` what `make soak` does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.soak.check import check
from tests.soak.feed import Feed
from tests.soak.findings import Findings
from tests.soak.ledger import Ledger
from tests.soak.plan import TWICE, Plan
from tests.soak.rig import ROOT, Host, Rig
from tests.soak.samples import Samples
from tests.soak.trouble import Episode, Faults, Killer, Reconciler
from tests.soak.watch import Watch

QUIET_SECONDS = 3.0
SAY_SECONDS = 5.0
LAST_PART = 10  # a tenth is processed in peace, and so is what was in flight at the last kill
SPOOL = "operations-spool"


@dataclass(frozen=True)
class Shape:
    """How hard a soak is; times in seconds."""

    alerts: int
    episodes: list[Episode]
    workers: int = 2
    lease: float = 8.0
    kill_every: float = 6.0
    most_kills: int = 1_000_000
    reconcile_every: float = 5.0  # the first pause; each is longer than the one before
    drain_within: float = 600.0
    look_every: float = 1.0
    seed: int = 1
    twice: float = TWICE
    app: Path = ROOT


def run(
    rig: Rig, shape: Shape, token: Callable[[], str], say: Callable[[str], None]
) -> tuple[Findings, Watch]:
    """Fire, break, wait for the last row, and check. Raises what ended the feed; TimeoutError."""
    rig.directory.mkdir(parents=True, exist_ok=True)
    rig.events.unlink(missing_ok=True)
    ledger = Ledger(rig.directory / "ledger.jsonl")
    plan = Plan(Samples(rig.names()), shape.seed, shape.twice)
    with rig.host(workers=shape.workers, lease=shape.lease, app=shape.app) as host:
        watch = Watch(rig, host, shape.look_every)
        feed = Feed(
            plan.deliveries(shape.alerts), ledger, rig.action_group, token, rig.ca_file, watch.is_full
        )
        faults = Faults(rig, shape.episodes)
        killer = Killer(host, shape.kill_every, shape.seed, shape.most_kills)
        reconciler = Reconciler(host, shape.reconcile_every)
        for thread in (watch, faults, feed, killer, reconciler):
            thread.start()
        try:
            _follow(feed, watch, faults, killer, say)
        finally:
            for trouble in (killer, faults, reconciler):
                trouble.stop()
        try:
            drained = _drain(rig, host, watch, feed, shape.drain_within, say)
        finally:
            watch.stop()
    watch.invocations.read()
    watch.save(rig.directory / "samples.json")
    found = check(rig, ledger, watch.invocations, killer.kills, watch.samples)
    found.expect(drained, f"the queue was not drained within {shape.drain_within:.0f} s")
    return found, watch


def _follow(feed: Feed, watch: Watch, faults: Faults, killer: Killer, say: Callable[[str], None]) -> None:
    """Wait until all is fired and most of it processed: until then there is trouble."""
    said = time.monotonic()
    while feed.is_alive() or watch.waiting(feed.accepted) > feed.accepted // LAST_PART:
        time.sleep(0.2)
        if feed.error:
            raise feed.error
        if time.monotonic() - said > SAY_SECONDS:
            said = time.monotonic()
            say(f"{_line(watch)} {len(killer.kills):>4} kills  {faults.now}")


def _drain(
    rig: Rig, host: Host, watch: Watch, feed: Feed, seconds: float, say: Callable[[str], None]
) -> bool:
    """Wait until the hub is relayed, the queue is empty for a while and the spool is delivered."""
    deadline, quiet, said = time.monotonic() + seconds, time.monotonic(), time.monotonic()
    while time.monotonic() < deadline:
        if watch.waiting(feed.accepted):
            quiet = time.monotonic()
        elif time.monotonic() - quiet > QUIET_SECONDS:
            if not _spooled(rig):
                return True
            host.fire("sweep_alerts")
            time.sleep(1.0)
        if time.monotonic() - said > SAY_SECONDS:
            said = time.monotonic()
            say(f"{_line(watch)}  draining")
        time.sleep(0.2)
    return False


def _spooled(rig: Rig) -> int:
    with rig.blobs() as blobs:
        return sum(1 for _ in blobs.get_container_client(SPOOL).list_blobs("pending/"))


def _line(watch: Watch) -> str:
    if not watch.samples:
        return "starting"
    now = watch.samples[-1]
    before = watch.samples[-min(len(watch.samples), 11)]
    rate = (now.processed - before.processed) / max(now.at - before.at, 0.1)
    return (
        f"{now.at:6.0f} s {now.accepted:>7} fired {now.processed:>7} processed {rate:6.1f}/s  "
        f"queue {now.queue:>4}  age {now.age:5.1f} s  worker {now.worker_mb:4.0f} MB"
    )
