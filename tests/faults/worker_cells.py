"""The worker's own faults: a disk that is full, a platform that takes the worker away from under a job."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack.automation.runner import INTERRUPT, INTERRUPTIONS, MAX_RESTARTS
from tests.faults.cell import CONVERGED, CannotHere, Cell
from tests.faults.network_cells import DAY0
from tests.faults.rig import Rig, Run

MEGABYTE = 1 << 20


def cells() -> list[Cell]:
    """Return the cells of the worker's faults."""
    return [*_jobs(), *_disks()]


def _jobs() -> list[Cell]:
    again = [
        Cell(
            f"the platform ends each job {times} times, {lines} lines after its start",
            "Automation",
            CONVERGED,
            2 * DAY0,
            bends={INTERRUPT: lines, INTERRUPTIONS: times},
            quick=times == MAX_RESTARTS,
        )
        for times, lines in ((1, 1), (1, 3), (MAX_RESTARTS, 4))
    ]
    return [
        *again,
        Cell(
            f"the platform ends a job {MAX_RESTARTS + 1} times: it is suspended",
            "Automation",
            "job-failed",
            2 * DAY0,
            bends={INTERRUPT: 2, INTERRUPTIONS: MAX_RESTARTS + 1},
        ),
    ]


def _disks() -> list[Cell]:
    rows = [
        ("the disk has 4 MB when the bundle comes", _too_small, "disk-full"),
        ("the disk fills up while the bundle is on its way", _fills_up, "disk-full"),
        ("the disk is full before the first phase's settings are written", _full_at_start, "disk-full"),
        ("the disk is full when a finished Day-0 is run again", _full_afterwards, CONVERGED),
    ]
    return [
        Cell(name, "the worker", ends, 2 * DAY0, around=around, bare=True, check=_nothing_half_done)
        for name, around, ends in rows
    ]


def _nothing_half_done(rig: Rig, run: Run) -> list[str]:
    """Return what a refused run left behind, and whether it said how much is needed."""
    wrong = (
        [] if run.error is None or " MB" in run.error.message else ["it does not say how much space it needs"]
    )
    parts = [
        path.name
        for path in run.instance.home.rglob(".*")
        if path.name.startswith((".incoming", ".settings"))
    ]
    return wrong + [f"{name} is left" for name in parts]


@contextmanager
def _disk(run: Run, size: int) -> Iterator[Path]:
    """Give the worker's home a disk of its own of `size` bytes; it is large again afterwards."""
    if os.geteuid() != 0:
        raise CannotHere("only root can mount a disk of its own")
    home = run.instance.home
    home.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(home)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotHere(f"no disk can be mounted: {done.stderr.strip()}")
    run.finally_do(lambda: subprocess.run(["umount", "-l", str(home)], check=False))
    try:
        yield home
    finally:
        (home / "filler").unlink(missing_ok=True)
        subprocess.run(["mount", "-o", "remount,size=1g", str(home)], check=True)


def _fill(home: Path) -> None:
    """Write until nothing more fits."""
    with (home / "filler").open("wb", buffering=0) as file:
        for piece in (bytes(MEGABYTE), bytes(4096), b"\0"):
            try:
                while True:
                    file.write(piece)
            except OSError:
                continue


@contextmanager
def _too_small(rig: Rig, run: Run) -> Iterator[None]:
    with _disk(run, 4 * MEGABYTE):
        yield


@contextmanager
def _fills_up(rig: Rig, run: Run) -> Iterator[None]:
    path = f"/blobs/{rig.bundle_layer}"
    slow = rig.stack.faults.add("oci_registry", "blob.data", path=path, latency=3, skip=1, times=1)
    with (
        _disk(run, 4 * rig.usual_bare[path]) as home,
        _once(lambda: slow.id not in {one.id for one in rig.stack.faults.list()}, lambda: _fill(home)),
    ):
        yield


@contextmanager
def _full_at_start(rig: Rig, run: Run) -> Iterator[None]:
    with _disk(run, 512 * MEGABYTE) as home:
        shutil.copytree(rig.bundles, home / "bundles", symlinks=True)
        _fill(home)
        yield


@contextmanager
def _full_afterwards(rig: Rig, run: Run) -> Iterator[None]:
    with _disk(run, 512 * MEGABYTE) as home:
        first = rig.walk(Run(run.instance))
        if first.ended != CONVERGED:
            raise AssertionError(f"the run before it ended {first.ended}")
        _fill(home)
        yield


@contextmanager
def _once(true: Callable[[], bool], act: Callable[[], None]) -> Iterator[None]:
    """Do something as soon as something is so, beside what runs meanwhile."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.002):
            if true():
                act()
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
