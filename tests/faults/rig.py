"""A stack in which cells run one after the other, each on an instance of its own, and what undisturbed runs leave."""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from azure.data.tables import TableServiceClient

from demo.instance import Instance
from local_stack.core.roles import PROPAGATION
from local_stack.core.writes import Write
from local_stack.threaded import ThreadedStack
from tests.environment import World, deployer
from tests.faults.cell import CONVERGED, CannotHere, Cell
from tests.journeys.state import differences, everything
from vibedata import deploying, receipt_chain
from vibedata.adapters.receipts import AzureReceipts
from vibedata.day0 import PhaseState
from vibedata.errors import VibedataError
from vibedata.settings import Settings

GOOD = {"done", "nothing to do"}


@dataclass
class Run:
    """One walk of Day-0: how it ended, after how long, and what was written while it ran."""

    instance: Instance
    operation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    phases: list[PhaseState] = field(default_factory=list)
    error: VibedataError | None = None
    unexpected: BaseException | None = None
    seconds: float = 0.0
    writes: list[Write] = field(default_factory=list)
    warm: bool = True
    sent: Counter[str] = field(default_factory=Counter)  # bytes of the answers' bodies, by path

    others: list[Run] = field(default_factory=list)  # that ran beside it
    notes: list[str] = field(default_factory=list)
    _endings: list[Callable[[], object]] = field(default_factory=list)

    def finally_do(self, act: Callable[[], object]) -> None:
        """Do this when the cell is over, its second run included."""
        self._endings.append(act)

    def close(self) -> None:
        """Do what was put off to the end."""
        for act in reversed(self._endings):
            act()

    @property
    def ended(self) -> str:
        """Return "converged", or the code of the error: of a job's own where there is one."""
        if self.unexpected is not None:
            return f"{type(self.unexpected).__name__}: {self.unexpected}"
        if self.error is None:
            return CONVERGED
        cause = self.error.detail.get("cause")
        own = cause.get("code") if self.error.code == "job-failed" and isinstance(cause, dict) else None
        return str(own or self.error.code)


@dataclass(frozen=True)
class Result:
    """How a cell ended; `wrong` says what was not as expected, `untried` why it could not be tried here."""

    cell: Cell
    ended: str
    seconds: float
    wrong: Sequence[str]
    untried: str = ""

    @property
    def title(self) -> str:
        """Return the cell's title."""
        return self.cell.title

    def plain(self) -> Result:
        """Return it without what only its own process knows."""
        cell = Cell(self.cell.name, self.cell.where, self.cell.ends, self.cell.limit, check=_no_check)
        return replace(self, cell=cell)


def _no_check(_rig: Rig, _run: Run) -> list[str]:
    return []


class Rig:
    """The stack, and a worker's bundles that were brought once."""

    def __init__(self, world: World, base: Path) -> None:
        self.world = world
        self.stack: ThreadedStack = world.stack
        self.base = base
        self._number = 0
        first = self.instance(bare=True)
        self.bundles = first.home / "bundles"
        self.usual_bare = self._must_converge(Run(first, warm=False)).sent
        self.undisturbed = self.state(first)
        self.usual_warm = self._must_converge(Run(self.instance())).sent
        blobs = {path: sent for path, sent in self.usual_bare.items() if path.startswith("/blobs/")}
        self.bundle_layer = max(blobs, key=blobs.__getitem__).removeprefix("/blobs/")  # by far the largest

    def instance(self, *, bare: bool = False, home: Path | None = None, **given: Any) -> Instance:
        """Seed an instance; its worker has the bundle already, unless it is `bare`."""
        self._number += 1
        settings = {name: given.pop(name) for name in list(given) if name in Settings.__dataclass_fields__}
        made = self.world.instance(home or self.base / f"worker-{self._number}", **given)
        if not bare:
            shutil.copytree(self.bundles, made.home / "bundles", copy_function=os.link, symlinks=True)
        deployment = replace(made.deployment, settings=replace(made.settings, **settings))
        return replace(made, deployment=deployment)

    def walk(self, run: Run) -> Run:
        """Walk Day-0 to its end, whatever that is."""
        before, began, served = self.stack.writes.last, time.monotonic(), Counter(self.stack.ctx.served)
        try:
            for states in deploying.walk(run.instance.deployment, run.operation_id):
                run.phases = states
        except VibedataError as error:
            run.error = error
        except Exception as error:  # it is what the cell reports
            run.unexpected = error
        run.seconds = time.monotonic() - began
        run.writes = self.stack.writes.since(before)
        run.sent = Counter(self.stack.ctx.served) - served
        return run

    def play(self, cell: Cell) -> Result:
        """Run a cell: strike, look how it ends, take the fault away, run again, compare."""
        faults = self.stack.faults
        faults.clear()
        spread = cell.bends.get(PROPAGATION, 0)
        faults.set(PROPAGATION, spread)  # what is assigned from here on counts only then
        run = Run(self.instance(bare=cell.bare, **cell.given), warm=not cell.bare)
        spread_by = time.monotonic() + float(spread)
        try:
            wrong = self._struck(cell, run)
            time.sleep(max(0.0, spread_by - time.monotonic()))
            wrong += self._afterwards(run)
        except CannotHere as why:
            return Result(cell, "not tried", 0.0, [], str(why))
        finally:
            faults.clear()
            run.close()
        return Result(cell, run.ended, run.seconds, wrong)

    def _struck(self, cell: Cell, run: Run) -> list[str]:
        with cell.around(self, run):
            for name, value in cell.bends.items():
                self.stack.faults.set(name, value)
            for strike in cell.strikes:
                self.stack.faults.add(**strike)
            self.walk(run)
            wrong = self._judge(cell, run)
            self.stack.faults.clear()
        return wrong

    def state(self, instance: Instance) -> dict[str, Any]:
        """Return the state of every service; receipts may have come in any order, as long as their chain is whole."""
        found = everything(self.stack, instance)
        for row in found["tables"].get("receipts", []):
            for key in ("RowKey", "Seq"):
                row.pop(key, None)
        found["tables"].get("receipts", []).sort(key=lambda row: json.dumps(row, sort_keys=True))
        table = TableServiceClient(instance.settings.table_endpoint, credential=deployer(self.stack))
        chain = AzureReceipts(table.get_table_client("receipts"), instance.settings.instance_id)
        found["receipts"] = str(receipt_chain.first_break(instance.settings.instance_id, chain.read(), []))
        return found

    def said(self, instance: Instance) -> str:
        """Return all that the instance's Run Commands and jobs wrote, and how they ended."""
        store, own = self.stack.ctx.store, instance.settings.subscription_id.lower()
        kinds = (("run_command", "commands"), ("automation", "jobs"), ("automation", "streams"))
        rows = [row for kind in kinds for row in store.collection(*kind).items()]
        return "\n".join(json.dumps(row) for key, row in rows if own in key.lower())

    def _judge(self, cell: Cell, run: Run) -> list[str]:
        wrong = []
        if run.ended != cell.ends:
            wrong.append(f"it ended {run.ended}, not {cell.ends}: {run.error}")
        if run.seconds > cell.limit:
            wrong.append(f"it took {run.seconds:.1f} s, more than {cell.limit:.0f}")
        if run.error and not (run.error.hint and run.error.message):
            wrong.append(f"{run.error.code} has no remedy")
        if "Traceback" in self.said(run.instance) or "Traceback" in str(run.error):
            wrong.append("a traceback was shown")
        left = [fault for fault in self.stack.faults.list() if fault.times is not None]
        if cell.uses_up and left:
            wrong.append(f"some never struck: {left}")
        wrong += [
            f"{h.service} {h.operation} came back {h.early} s before its Retry-After"
            for h in self.stack.faults.hasty
        ]
        return wrong + cell.check(self, run)

    def _afterwards(self, run: Run) -> list[str]:
        again = self.walk(
            Run(run.instance, run.operation_id if run.ended != CONVERGED else str(uuid.uuid4()))
        )
        states = {state.phase.number: state.state for state in again.phases}
        if again.error or again.unexpected:
            return [f"without the fault it ended {again.ended}: {again.error}"]
        wanted = {"nothing to do"} if run.ended == CONVERGED else GOOD
        wrong = [] if set(states.values()) <= wanted else [f"the run after it was {states}"]
        return wrong + differences(self.state(run.instance), self.undisturbed)

    def _must_converge(self, run: Run) -> Run:
        if self.walk(run).ended != CONVERGED:
            raise AssertionError(f"an undisturbed Day-0 ended {run.ended}: {run.error}")
        return run
