"""What one cell of the fault table is: a fault, where it strikes, how Day-0 must end, and within which time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.rig import Rig, Run

CONVERGED = "converged"

Settings = Mapping[str, float | str]
Strike = Mapping[str, Any]
Around = Callable[["Rig", "Run"], AbstractContextManager[None]]


class CannotHere(Exception):
    """This machine does not let the fault be made; the words say why."""


def _nothing(_rig: Rig, _run: Run) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class Cell:
    """One fault of Day-0.

    `ends` is "converged" or the code that the error carries, itself or as a job's cause; `limit` the seconds that the
    struck run may take. `strikes` are faults of the stack, `bends` its settings; `around` does what data cannot say,
    and holds while Day-0 runs. `given` changes how the instance is seeded, or its settings. `bare`: a worker without
    a bundle. `uses_up`: every strike that is counted must have struck. `check` returns what else is wrong.
    """

    name: str
    where: str
    ends: str
    limit: float
    strikes: Sequence[Strike] = ()
    bends: Settings = field(default_factory=dict)
    around: Around = _nothing
    given: Mapping[str, Any] = field(default_factory=dict)
    bare: bool = False
    uses_up: bool = True
    check: Callable[[Rig, Run], list[str]] = lambda _rig, _run: []
    quick: bool = False

    @property
    def title(self) -> str:
        """How the cell is named by itself."""
        return f"{self.where}: {self.name}"
