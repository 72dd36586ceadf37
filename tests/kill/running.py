"""Runs one cell: kill Day-0 at a point, run it again with the same operation id, compare everything."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.kill import comparing, state
from tests.kill.cells import BARE, Cell, cells
from tests.kill.prepare import prepare
from tests.kill.rig import Rig
from tests.kill.strike_files import bootstrap_with
from vibedata.errors import VibedataError


@dataclass(frozen=True)
class Result:
    """How a cell ended; it converged when there is no difference."""

    cell: Cell
    seconds: float
    differences: list[str] = field(default_factory=list)

    @property
    def converged(self) -> bool:
        """Say whether the second run ended in the undisturbed run's state."""
        return not self.differences


class Table:
    """A rig with the state that an undisturbed run leaves, and the cells that follow from it.

    Unless it is to be `quick`, the undisturbed run is one of its own, and the one in pieces has to end like it.
    """

    def __init__(self, base: Path, *, quick: bool = False) -> None:
        self.rig = Rig(base)
        undisturbed = None if quick else self._undisturbed_run()
        self.cells = cells(prepare(self.rig))
        in_pieces = state.everything(self.rig.live)
        self.undisturbed: Mapping[str, Any] = undisturbed or in_pieces
        if found := comparing.differences(
            in_pieces, self.undisturbed
        ):  # then no comparison would mean anything
            raise AssertionError("two undisturbed runs differ: " + "; ".join(found[:20]))

    def _undisturbed_run(self) -> Mapping[str, Any]:
        with self.rig.started(BARE):
            self.rig.walk()
            if wrong := self.rig.verify_receipts():
                raise AssertionError(f"an undisturbed run's receipts do not verify: {wrong}")
        return state.everything(self.rig.live)

    def run(self, cell: Cell) -> Result:
        """Kill at the cell's point, run again, compare."""
        began = time.monotonic()
        wrong: list[str] = []
        with self.rig.started(cell.start):
            wrong += self._killed(cell)
            if not wrong:
                wrong += self._again()
        if not wrong:
            wrong += comparing.differences(state.everything(self.rig.live), self.undisturbed)
        return Result(cell, time.monotonic() - began, wrong)

    def _killed(self, cell: Cell) -> list[str]:
        """Run until the strike; return what is wrong with how it went."""
        plan = self.rig.plan(list(cell.at))
        in_bootstrap = cell.at[0] == "bootstrap"
        try:
            if in_bootstrap:
                self.rig.walk(cell.phase, script=bootstrap_with(self.rig.script, plan))
            else:
                self.rig.arm(plan)
                self.rig.walk(cell.phase)
        except VibedataError as error:
            if not plan.struck:
                return [f"the run failed before its kill: {error.code}: {error.message}"]
            return [] if error.hint else [f"the killed run's error {error.code} has no hint"]
        finally:
            self.rig.disarm()
        return ["the run did not notice its kill" if plan.struck else "the run never came to this point"]

    def _again(self) -> list[str]:
        try:
            self.rig.walk()
        except VibedataError as error:
            return [f"the second run failed: {error.code}: {error.message}"]
        left = [f"process {pid} is left: {line}" for pid, line in survivors(self.rig.live)]
        wrong = self.rig.verify_receipts()
        return left + [f"the receipts do not verify: {wrong}"] * bool(wrong)


def survivors(live: Path) -> list[tuple[int, str]]:
    """Return the processes that still run anything of the worker or of its machine."""
    words = (str(live / "worker"), str(live / "stack" / "vms"))
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:  # it has ended meanwhile
                continue
            if any(word in line for word in words):
                found.append((int(entry.name), line[:200]))
    return found
