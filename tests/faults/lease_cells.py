"""Who else works on the instance: a run that lives, one that has died, a second Day-0, a holder that wakes up late."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from azure.data.tables import TableServiceClient

from tests.environment import deployer
from tests.faults.cell import CONVERGED, Cell
from tests.faults.network_cells import DAY0
from tests.faults.rig import Rig, Run
from tests.journeys.state import engines
from vibedata.adapters.automation_jobs import AzureJobs
from vibedata.adapters.leases import TERM_SECONDS, AzureLeases
from vibedata.automation import ENDED_BADLY, ENDED_WELL
from vibedata.envelope import Envelope

TABLE_CONTRIBUTOR = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
LEASE = "instance"
HOLDER = "11111111-2222-4333-8444-555555555555"
TERM = 6.0  # seconds of the leases that are taken here
MOMENT = 60.0  # seconds that anything here is waited for


def cells() -> list[Cell]:
    """Return the cells of the lease."""
    return [
        Cell(
            "another run holds the lease and renews it",
            "lease",
            "lease-held",
            DAY0,
            around=_alive,
            check=_names_holder,
        ),
        Cell("a run died with the lease", "lease", CONVERGED, DAY0 + TERM, around=_dead, check=_waited),
        Cell(
            "a second Day-0 starts while the first imports: the first",
            "lease",
            "run-command-replaced",
            DAY0,
            around=_second,
            check=_second_converged,
        ),
        Cell(
            "a job stands still until another has its lease, then goes on",
            "lease",
            "lease-lost",
            2 * DAY0 + TERM_SECONDS,
            around=_overtaken,
            check=_late_writes_refused,
        ),
    ]


def _leases(rig: Rig, run: Run) -> AzureLeases:
    """Return the instance's leases, as somebody on another machine takes them."""
    settings = run.instance.settings
    arm = rig.world.arm(settings.subscription_id)
    arm.assign(run.instance.ids["storageAccount"], TABLE_CONTRIBUTOR, rig.stack.deployer["object_id"])
    tables = TableServiceClient(settings.table_endpoint, credential=deployer(rig.stack))
    return AzureLeases(
        tables.get_table_client("leases"),
        settings.instance_id,
        clock=lambda: datetime.now(timezone.utc),
        sleep=time.sleep,
        term_seconds=TERM,
    )


@contextmanager
def _alive(rig: Rig, run: Run) -> Iterator[None]:
    lease, stop = _leases(rig, run).acquire(LEASE, owner=HOLDER), threading.Event()

    def beat() -> None:
        while not stop.wait(TERM / 6):
            lease.check()

    with _beside(beat):
        try:
            yield
        finally:
            stop.set()
    lease.release()


@contextmanager
def _dead(rig: Rig, run: Run) -> Iterator[None]:
    _leases(rig, run).acquire(LEASE, owner=HOLDER)
    yield


def _names_holder(rig: Rig, run: Run) -> list[str]:
    return (
        []
        if run.error and HOLDER in run.error.message
        else [f"it does not say who holds the lease: {run.error}"]
    )


def _waited(rig: Rig, run: Run) -> list[str]:
    return [] if run.seconds >= TERM / 2 else ["it did not wait for the dead run's term to end"]


@contextmanager
def _second(rig: Rig, run: Run) -> Iterator[None]:
    second = Run(run.instance)
    run.others.append(second)
    before = rig.stack.writes.last

    def walk() -> None:
        _await(
            lambda: any(w.path.endswith("/leases") for w in rig.stack.writes.since(before, service="storage"))
        )
        rig.walk(second)

    with _beside(walk):
        yield


def _second_converged(rig: Rig, run: Run) -> list[str]:
    _await(lambda: bool(run.others[0].seconds), 2 * MOMENT)
    return [] if run.others[0].ended == CONVERGED else [f"the second run ended {run.others[0].ended}"]


@contextmanager
def _overtaken(rig: Rig, run: Run) -> Iterator[None]:
    """Stop the job of phase 14 in the middle of its reading, let another job do its work, wake the first up."""
    settings, bundle = run.instance.settings, run.instance.deployment.bundle_digest
    fault = rig.stack.faults.add("arm", "resource*", path="*/resources", latency=2, times=1)

    def overtake() -> None:
        _await(lambda: fault.id not in {one.id for one in rig.stack.faults.list()})
        sleepers = _jobs_engines(run.instance.home)
        for pid in sleepers:
            os.kill(pid, signal.SIGSTOP)
        try:
            jobs, name = AzureJobs(deployer(rig.stack), settings), str(uuid.uuid4())
            parameter = Envelope("bootstrap_registry", HOLDER, bundle, {}).encode()
            jobs.start(
                name, runbook="bootstrap_registry", worker_group=settings.worker_group, parameter=parameter
            )
            _await(lambda: jobs.get(name).status in (*ENDED_WELL, *ENDED_BADLY), 2 * MOMENT)
            run.notes.append(f"{len(sleepers)} stopped, {jobs.get(name).status}")
        finally:
            for pid in sleepers:
                os.kill(pid, signal.SIGCONT)

    with _beside(overtake):
        yield


def _late_writes_refused(rig: Rig, run: Run) -> list[str]:
    wrong = [] if run.notes == ["1 stopped, Completed"] else [f"it was not overtaken: {run.notes}"]
    late = [
        write
        for write in run.writes
        if write.service == "storage" and write.status < 400 and "/components" in write.path
    ]
    return wrong + (["the job that was overtaken has written"] if len(late) > 1 else [])


def _jobs_engines(home: Path) -> list[int]:
    """Return the engines that run as an Automation job, not those of Run Commands that wait for one."""
    return [
        pid for pid in engines(home) if b"AUTOMATION_JOB_ID=" in Path(f"/proc/{pid}/environ").read_bytes()
    ]


def _await(true: Callable[[], bool], seconds: float = MOMENT) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.01)


@contextmanager
def _beside(work: Callable[[], None]) -> Iterator[None]:
    """Do something in a thread while the block runs, and wait for its end."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()
