"""Day-0 walks the gates in order, hands each phase what it may have, and says what a failed one said."""

from __future__ import annotations

import pytest

from tests.fakes.run_commands import ScriptedRunCommands
from tests.unit.test_settings import REQUIRED
from vibedata import day0
from vibedata.day0 import Deployment, PhaseState
from vibedata.envelope import decode
from vibedata.errors import Blocked, Failed
from vibedata.ports import RunOutcome
from vibedata.settings import Settings

OPERATION = "3f6b2f0e-6f55-4b2e-9c2a-0a1d8a0b7a11"
DEPLOYMENT = Deployment(
    settings=Settings(**REQUIRED),
    vm_id="/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm",
    location="westeurope",
    bundle_repository="vibedata/bundle",
    bundle_digest="sha256:" + "a" * 64,
)
SECRETS = {"VIBEDATA_PUBLISHER_USERNAME": "u", "VIBEDATA_PUBLISHER_PASSWORD": "hidden"}


def walk(commands: ScriptedRunCommands) -> list[PhaseState]:
    states: list[PhaseState] = []
    for current in day0.walk(
        DEPLOYMENT, commands, script="#!", operation_id=OPERATION, attempt="one", secrets=SECRETS
    ):
        states = current
    return states


def test_phases_run_in_the_order_of_their_gates() -> None:
    commands = ScriptedRunCommands()
    states = walk(commands)
    assert [call["name"][:8] for call in commands.calls] == ["phase-07", "phase-08", "phase-14", "phase-15"]
    assert [state.state for state in states] == ["nothing to do"] * 4


def test_only_the_import_gets_the_publishers_secret() -> None:
    commands = ScriptedRunCommands()
    walk(commands)
    assert [bool(call["protected"]) for call in commands.calls] == [True, False, False, False]
    assert "hidden" not in str([call["parameters"] for call in commands.calls])


def test_registry_and_health_run_as_jobs_under_the_same_operation() -> None:
    commands = ScriptedRunCommands()
    walk(commands)
    envelopes = [decode(call["parameters"]["VIBEDATA_ENVELOPE"]) for call in commands.calls]
    assert [e.verb for e in envelopes] == ["import_artifacts", "publish_runbooks", "start_job", "start_job"]
    assert envelopes[3].args == {"runbook": "run_health", "args": {"gate": True}}
    assert {e.operation_id for e in envelopes} == {OPERATION}


def test_a_failed_phase_raises_its_own_error_and_stops_the_walk() -> None:
    line = '{"kind": "Blocked", "code": "role-missing", "message": "m", "hint": "assign it", "detail": {}}'
    commands = ScriptedRunCommands({"phase-08-publish-runbooks": RunOutcome(3, f"words\n{line}\n", "")})
    with pytest.raises(Blocked) as caught:
        walk(commands)
    assert (caught.value.code, caught.value.hint, caught.value.detail["phase"]) == (
        "role-missing",
        "assign it",
        8,
    )
    assert len(commands.calls) == 2


def test_a_killed_phase_is_a_failure_that_says_so() -> None:
    commands = ScriptedRunCommands({"phase-07-import-artifacts": RunOutcome(137, "half a li", "")})
    with pytest.raises(Failed, match="exit code 137") as caught:
        walk(commands)
    assert caught.value.code == "phase-died"
