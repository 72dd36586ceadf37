"""Writes down what Azure Resource Manager did for the template's phases, from inside the phases that are ours.

A phase is never failed by its record: what cannot be read is told in a row, and is read again by whoever comes next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from vibedata import deployment_operations
from vibedata.deployment_operations import Deployment
from vibedata.errors import Transient, VibedataError, expected
from vibedata.operations import Row
from vibedata.parallel import in_parallel
from vibedata.ports.deployments import DeploymentHistory, RecordedDeployments
from vibedata.recorder import Recorder

T = TypeVar("T")

EVENT = "record-deployments"
AT_ONCE = 8
MAX_DEPLOYMENTS = 800  # what ARM keeps of a group
MAX_OPERATIONS = 1000  # of one deployment, which may have 800 resources
MAX_ROWS = 5000
SECONDS = 60.0  # nothing more is asked afterwards
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 10.0


@dataclass(frozen=True)
class _Read:
    """One deployment as it was read: its rows, whether more will follow, and what went wrong."""

    deployment: Deployment
    rows: Sequence[Row] = ()
    is_whole: bool = False
    error: VibedataError | None = None


@dataclass(frozen=True)
class DeploymentRecorder:
    """Reads what is new in `history` and writes it down; `recorded` remembers what has been."""

    history: DeploymentHistory
    recorded: RecordedDeployments
    pause: Callable[[float], None]
    clock: Callable[[], datetime]
    max_rows: int = MAX_ROWS

    def record(self, recorder: Recorder) -> None:
        """Write the rows of every operation that has ended since the last time. Never raises."""
        try:
            _Round(self, recorder).run()
        except Exception as caught:  # noqa: BLE001 - the phase is worth more than the record of others
            _tell_trouble(recorder, expected(caught))


@dataclass
class _Round:
    """One look at the history."""

    ports: DeploymentRecorder
    recorder: Recorder
    until: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.until = self.ports.clock() + timedelta(seconds=SECONDS)

    def run(self) -> None:
        """Read, write, remember, sum up: in this order, so that what was not written is not remembered."""
        known = self.ports.recorded.read()
        listed = self._twice(lambda: list(islice(self.ports.history.deployments(), MAX_DEPLOYMENTS)))
        if not listed:
            return
        fresh = [one for one in listed if known.get(one.id.lower()) != one.timestamp or not one.has_ended]
        fresh.sort(key=lambda one: one.timestamp, reverse=True)  # where there are too many, the newest count
        read = _bounded(in_parallel(self._read, fresh, at_once=AT_ONCE), self.ports.max_rows)
        rows = [row for one in read for row in one.rows]
        self.recorder.tell(rows)
        self._remember(known, listed, read)
        self._sum_up(read, len(rows))

    def _read(self, deployment: Deployment) -> _Read:
        if self.ports.clock() >= self.until:
            return _Read(deployment, error=_too_slow())
        try:
            name = deployment.name
            done = self._twice(lambda: list(islice(self.ports.history.operations(name), MAX_OPERATIONS)))
        except VibedataError as error:
            return _Read(deployment, error=error)
        now, instance_id = self.ports.clock(), self.recorder.operation.instance_id
        rows = [
            deployment_operations.row(deployment, one, instance_id=instance_id, now=now)
            for one in done
            if one.has_ended
        ]
        return _Read(deployment, rows, deployment.has_ended and len(rows) == len(done))

    def _remember(
        self, known: Mapping[str, str], listed: Sequence[Deployment], read: Sequence[_Read]
    ) -> None:
        whole = {one.deployment.id: one.is_whole for one in read}
        now = {one.id.lower(): one.timestamp for one in listed if whole.get(one.id, True)}
        if now != dict(known):
            self.ports.recorded.write(now)

    def _sum_up(self, read: Sequence[_Read], rows: int) -> None:
        errors = [one.error for one in read if one.error]
        if errors:
            _tell_trouble(self.recorder, errors[0], unread=len(errors), new=rows)
            return
        self.recorder.event(
            EVENT,
            "Succeeded",
            message=f"{rows} operations of Azure Resource Manager written down.",
            details={"new": rows, "newDeployments": len(read)},
        )

    def _twice(self, ask: Callable[[], T]) -> T:
        """Ask, and once more where that may help soon: nobody waits long for a record."""
        try:
            return ask()
        except Transient as error:
            wait = max(error.retry_after or 0.0, PAUSE_SECONDS)
            if wait > LONGEST_PAUSE_SECONDS:
                raise
            self.ports.pause(wait)
        return ask()


def _bounded(read: Sequence[_Read], max_rows: int) -> list[_Read]:
    """Keep at most that many rows; a deployment that is cut is read again the next time."""
    kept, left = [], max_rows
    for one in read:
        cut = (
            one if len(one.rows) <= left else replace(one, rows=(), is_whole=False, error=_too_many(max_rows))
        )
        left -= len(cut.rows)
        kept.append(cut)
    return kept


def _tell_trouble(
    recorder: Recorder, error: VibedataError, *, unread: int | None = None, new: int = 0
) -> None:
    what = "the deployments" if unread is None else f"{unread} deployments"
    recorder.event(
        EVENT,
        "Incomplete",
        severity="Warning",
        message=f"What Azure Resource Manager did in {what} could not be read: {error.message}",
        details={"code": error.code, "remedy": error.hint, "unread": unread, "new": new, **error.detail},
    )


def _too_slow() -> VibedataError:
    return Transient(
        "deployments-unread",
        f"Reading the deployments took longer than {SECONDS:g} s.",
        hint="Nothing: the next run goes on there.",
    )


def _too_many(max_rows: int) -> VibedataError:
    return Transient(
        "deployments-unread",
        f"There are more than {max_rows} operations to write down.",
        hint="Nothing: the next run goes on there.",
    )
