"""One stack directory in which cells run: prepared states to start from, a strike to arm, Day-0 to walk.

A stack that is down holds all its keys, ports and ids in its directory, so a copy of it is the same instance at an
earlier moment. What never changes in place (blobs under their digest, unpacked bundles) is linked, not copied.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.instance import Instance
from local_stack.core.store import Store
from local_stack.threaded import ThreadedStack
from tests import environment
from tests.environment import World
from tests.kill.cells import BARE, Reached
from tests.kill.strike_files import Plan, engine_with
from vibedata import day0, deploying
from vibedata.ports import RunOutcome
from vibedata.wiring import deployer

LINKED = ("/bundles/", "/sha256/")
VERIFY = (
    '#!/bin/sh\nexec "${VIBEDATA_PYTHON:-python3}" -I -S "$VIBEDATA_HOME/current/vibedata/__main__.py" '
    "cli receipts verify --with-log\n"
)


class Rig:
    """An instance that can be put back to each moment of its first Day-0."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.live = base / "live"
        self.operation_id = str(uuid.uuid4())
        self.outcomes: dict[str, RunOutcome] = {}
        self.moments: dict[str, float] = {}
        self.script = deploying.BOOTSTRAP.read_text("ascii")
        self.trace = base / "trace"
        base.mkdir(parents=True, exist_ok=True)
        base.chmod(0o711)  # jobs run as another user, who has to get to the machine's directories
        self.trace.mkdir(exist_ok=True)
        self.trace.chmod(0o777)
        self.instance = self._seed()

    def _seed(self) -> Instance:
        self.live.mkdir(exist_ok=True)
        with ThreadedStack(self.live / "stack") as stack:
            world = World(stack, self.base)
            world.release()  # fetches wheels, before this process trusts the stack's CA alone
            environment.use(stack)
            world.publisher()
            instance = world.instance(self.live / "worker")
        (self.live / "worker").mkdir(exist_ok=True)
        self.save(BARE)
        return instance

    def save(self, name: str) -> None:
        """Keep the state as it is under `name`; the stack is down."""
        _copy(self.live, self.base / "saved" / name)
        self.moments[name] = time.time()

    def restore(self, name: str) -> None:
        """Put the state `name` back, with the stack's clock as it was: else a schedule would be due meanwhile."""
        _copy(self.base / "saved" / name, self.live)
        store = Store(self.live / "stack" / "stack.db")
        store.collection("core", "clock")["offset"] = self.moments[name] - time.time()
        store.close()

    @contextmanager
    def started(self, name: str) -> Iterator[ThreadedStack]:
        """Put the state `name` back and run its stack; it is down again afterwards."""
        self.restore(name)
        with ThreadedStack(self.live / "stack") as stack:
            yield stack

    def walk(
        self,
        first: int = 0,
        script: str | None = None,
        before: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Walk Day-0; phases before `first` are told as the prepared state's own run told them."""
        d = self.instance.deployment
        commands = Commands(self, first, before)
        states = day0.walk(
            d,
            commands,
            script=script or self.script,
            operation_id=self.operation_id,
            attempt=str(uuid.uuid4()),
            secrets=deploying.publisher_secrets(d),
        )
        for _ in states:
            pass

    def verify_receipts(self) -> str:
        """Run `vibedata receipts verify` on the worker; return what it found wrong, or nothing."""
        outcome = self.command(
            "verify-receipts", script=VERIFY, parameters={}, protected={}, timeout_seconds=120
        )
        return "" if outcome.exit_code == 0 else (outcome.error or outcome.output).strip()[-500:]

    def command(self, name: str, **given: object) -> RunOutcome:
        """Run a Run Command, with clients that know nothing of a stack that was restarted meanwhile."""
        d = self.instance.deployment
        return deployer.run_commands(d.settings, d.vm_id, d.location).run(name, **given)  # type: ignore[arg-type]

    def plan(self, at: Reached | None = None, name: str = "cell") -> Plan:
        """Return a plan to note all points, and to die at one."""
        for file in (self.trace / f"{name}.trace", self.trace / f"{name}.mark"):
            file.unlink(missing_ok=True)
        return Plan(str(self.trace / f"{name}.trace"), str(self.trace / f"{name}.mark"), at)

    def arm(self, plan: Plan) -> None:
        """Put the strike in the place of the unpacked bundles' entrance."""
        for file in self._entrances():
            kept = file.with_name("__main__.kept")
            file.rename(kept)
            file.write_text(engine_with(plan), "utf-8")
            file.chmod(0o644)

    def disarm(self) -> None:
        """Put the bundles' own entrance back."""
        for file in self._entrances():
            kept = file.with_name("__main__.kept")
            if kept.exists():
                kept.replace(file)

    def _entrances(self) -> list[Path]:
        return list((self.live / "worker" / "bundles").glob("sha256-*/vibedata/__main__.py"))


class Commands:
    """The worker's Run Commands, as the deployer; those of phases that are done are not run again."""

    def __init__(self, rig: Rig, first: int, before: Callable[[int], None]) -> None:
        self._rig = rig
        self._first = first
        self._before = before

    def run(self, name: str, **given: object) -> RunOutcome:
        """See `ports.RunCommands.run`."""
        number = int(name.split("-")[1])
        if number < self._first:
            return self._rig.outcomes[name]
        self._before(number)
        outcome = self._rig.command(name, **given)
        self._rig.outcomes.setdefault(name, outcome)
        return outcome


def moment(number: int) -> str:
    """Return the name of the state right before a phase."""
    return f"before-{number:02d}"


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True, copy_function=_copy_file)


def _copy_file(source: str, target: str) -> None:
    if any(part in source for part in LINKED):
        os.link(source, target)
    else:
        shutil.copy2(source, target)
