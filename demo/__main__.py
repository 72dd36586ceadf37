"""`make demo`: press Create on one machine. Packs and pushes a release, runs Day-0, finds a fault, fires alerts."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demo import alerts
from demo.instance import Instance
from demo.stage import Stage
from local_stack.core.errors import StackError
from vibedata import console, deploying
from vibedata.errors import VibedataError

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / ".local" / "demo"
SHELL = ROOT / ".local"  # its stack is where `python -m local_stack` looks
SICK = "api"  # the component whose fault the demo shows


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit code; whatever happens, no process is left behind."""
    parser = argparse.ArgumentParser("python -m demo", description=__doc__)
    parser.add_argument(
        "--keep", action="store_true", help="keep the state; run again over it, nothing is to do"
    )
    parser.add_argument(
        "--stack-only", action="store_true", help="seed a stack and leave it up for the command line"
    )
    given = parser.parse_args(argv)
    try:
        if given.stack_only:
            return keep_up(Stage(SHELL))
        return demonstrate(Stage(DEMO), keep=given.keep)
    except VibedataError as error:
        console.print_error(error, as_json=False)
        return error.exit_code
    except StackError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 3


def demonstrate(stage: Stage, *, keep: bool) -> int:
    """Do the main job from an empty directory (or over a kept one) and show what it did."""
    if not keep:
        stage.clear()
    began = time.monotonic()
    with step("pack and sign the release of this checkout"):
        release = stage.pack()
    with step("start the local stack"):
        stage.open()
    try:
        with step(f"push release {release.version} to the publisher's registry"):
            publisher = stage.publish(release)
        with step("provision a managed resource group"):
            instance = stage.provision(release, publisher)
        day0(instance)
        show_fault(stage, instance)
        show_alerts(stage, instance)
        show_rest()
    finally:
        stage.close()
    print(f"\nstopped; nothing runs any more ({time.monotonic() - began:.0f} s in all)", end="")
    print(f"; the state stays in {stage.directory.relative_to(ROOT)}" if keep else "")
    if not keep:
        stage.clear()
    return 0


def day0(instance: Instance) -> None:
    """Walk the phases with a live table."""
    heading("Day-0: RFC-60 phases 7, 8, 14 and 15")

    def work(show: Callable[[Sequence[Any]], None]) -> None:
        for states in deploying.walk(instance.deployment, str(uuid.uuid4())):
            show(states)

    console.follow_phases(work)


def show_fault(stage: Stage, instance: Instance) -> None:
    """Break one component, let health find it, mend it, let health see that too."""
    heading(f"A fault: {SICK} goes down, and comes back")
    site = f"app-{SICK}-{instance.names.suffix}"
    for state in ("down", "healthy"):
        told = [sys.executable, "-m", "local_stack", "faults", "component", site, state]
        run(
            [*told, "--directory", str(stage.stack)],
            shown=f"python -m local_stack faults component {site} {state}",
        )
        run(vibedata("run-health"))
        if state == "down":
            run(vibedata("status", "--unhealthy"))
    heading("Components")
    run(vibedata("status"))


def show_alerts(stage: Stage, instance: Instance) -> None:
    """Fire one alert of each kind at the action group, and show the rows that they become."""
    heading("Alerts: one of each kind, from the action group to its row")
    with step("start the Function app on the functions host"):
        stage.serve(instance)
    files = alerts.write(stage.directory / "alerts", instance)
    known = [row["EventId"] for row in alerts.logged()]
    folder = files[0].parent.relative_to(ROOT)
    command = vibedata("alerts", "send", *map(str, files), "--through", "actiongroup", "--count", "1")
    print(f"$ vibedata alerts send {folder}/*.json --through actiongroup --count 1", flush=True)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    rows, seconds = alerts.await_rows(len(files), known)
    console.show_table(console.screen(), console.table(alerts.COLUMNS, alerts.shown(rows)))
    print(f"{len(rows)} of {len(files)} alerts are rows of VibeData_Operations_CL after {seconds:.1f} s")
    if len(rows) < len(files):
        raise StackError(f"the other alerts became no rows; see {stage.functions.output}, kept with --keep")


def show_rest() -> None:
    """Show the last rows of the log and where to look next."""
    heading("The last rows of VibeData_Operations_CL")
    rows = subprocess.run(
        vibedata("logs", "--since", "1h"), capture_output=True, text=True, check=True
    ).stdout
    print("\n".join(rows.splitlines()[-10:]))
    heading("Where to look next")
    print("  make stack              keep such a stack up; it says how to talk to it")
    print("  docs/architecture.md    how it is built; docs/local-stack.md: faults to try")


def keep_up(stage: Stage) -> int:
    """Seed a stack and leave it up; again over a running one, nothing is made twice."""
    with step("pack and sign the release of this checkout"):
        release = stage.pack()
    with step("start the local stack"):
        stage.open()
    with step(f"push release {release.version} to the publisher's registry"):
        publisher = stage.publish(release)
    with step("provision a managed resource group"):
        instance = stage.provision(release, publisher)
    with step("start the Function app on the functions host"):
        stage.serve(instance)
    files = alerts.write(stage.directory / "alerts", instance)
    if stage.kept:
        print(f"The registry has a newer release, which stays: {stage.kept}")
    print('\nThe stack is up. In this shell:\n\n  eval "$(.venv/bin/python -m local_stack env)"\n')
    print("then: vibedata day0, vibedata status, vibedata logs --follow, and, with an alert of each kind,")
    print(f"vibedata alerts send {files[0].parent.relative_to(ROOT)}/*.json --count 1, vibedata alerts list.")
    print("Stop it: make stack-down")
    return 0


def vibedata(*words: str) -> list[str]:
    """Return the command line that runs `vibedata` with this interpreter."""
    return [sys.executable, "-m", "vibedata", "cli", *words]


def run(command: list[str], shown: str | None = None) -> None:
    """Run a command under the eyes of the reader."""
    print(f"$ {shown or 'vibedata ' + ' '.join(command[4:])}", flush=True)
    subprocess.run(command, check=True)


def heading(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}", flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Print what is being done, and how long it took."""
    began = time.monotonic()
    print(f"{text} ...", end=" ", flush=True)
    yield
    print(f"{time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
