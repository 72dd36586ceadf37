"""One Day-0 in pieces: the state before every phase is kept, and everything that the phases pass is noted."""

from __future__ import annotations

import uuid

from local_stack.threaded import ThreadedStack
from tests.kill.cells import BARE, Reached
from tests.kill.rig import Rig, moment
from tests.kill.strike_files import Plan, bootstrap_with
from vibedata import day0, deploying


def prepare(rig: Rig) -> list[tuple[int, str, list[Reached]]]:
    """Walk once in pieces, keep the state before every phase, and return what each phase passed.

    The state before the first phase is that of a worker whose bootstrap has run and whose verb has not begun.
    """
    numbers = [phase.number for phase in day0.phases()]
    plans = {number: rig.plan(name=f"phase-{number:02d}") for number in numbers}
    boot = rig.plan(name="bootstrap")
    with Pieces(rig, numbers, plans, boot) as pieces:
        rig.walk(before=pieces.before)
        rig.disarm()
        if wrong := rig.verify_receipts():
            raise AssertionError(f"an undisturbed run's receipts do not verify: {wrong}")
    traces = [(numbers[0], BARE, boot.reached())]
    return traces + [(number, moment(number), plans[number].reached()) for number in numbers]


class Pieces:
    """Takes a walk apart: the stack goes down before every phase, and the state is kept."""

    def __init__(self, rig: Rig, numbers: list[int], plans: dict[int, Plan], boot: Plan) -> None:
        self._rig = rig
        self._numbers = numbers
        self._plans = plans
        self._boot = boot
        self._stack = ThreadedStack(rig.live / "stack")

    def __enter__(self) -> Pieces:
        self._rig.restore(BARE)
        self._stack.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._rig.disarm()
        self._stack.stop()

    def before(self, number: int) -> None:
        """Keep the state before this phase, then watch its engine."""
        if number == self._numbers[0]:
            self._bootstrap_only()
        self._rig.disarm()
        self._stack.stop()
        self._rig.save(moment(number))
        self._stack.start()
        self._rig.arm(self._plans[number])

    def _bootstrap_only(self) -> None:
        d = self._rig.instance.deployment
        phase = day0.phases()[0]
        secrets = deploying.publisher_secrets(d)
        outcome = self._rig.command(
            f"phase-{phase.number:02d}-{phase.verb.replace('_', '-')}",
            script=bootstrap_with(self._rig.script, self._boot, run_verb=False),
            parameters=day0.parameters(d, day0.envelope(phase, self._rig.operation_id), str(uuid.uuid4())),
            protected={name: value for name, value in secrets.items() if "publisher" in phase.secrets},
            timeout_seconds=phase.timeout_seconds,
        )
        assert outcome.exit_code == 0, outcome
