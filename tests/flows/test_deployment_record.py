"""Phases 7 and 15 write down what ARM did: once, in bounds, and never at the cost of the phase."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.builders.release import publish
from tests.fakes.deployments import FakeDeploymentHistory, FakeRecordedDeployments, operation_document
from tests.fakes.operations_log import RecordingLog
from tests.flows.registry_world import RegistryWorld
from tests.flows.test_import_artifacts import World as ImportWorld
from vibedata import deployment_record
from vibedata.deployment_record import DeploymentRecorder
from vibedata.errors import Blocked, Failed, Transient
from vibedata.operations import Operation, fold
from vibedata.recorder import Recorder


class World:
    """A history, a memory of it, and a log."""

    def __init__(self) -> None:
        self.history, self.recorded, self.log = (
            FakeDeploymentHistory(),
            FakeRecordedDeployments(),
            RecordingLog(),
        )
        self.now = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
        self.slept: list[float] = []
        self.seen: list[Any] = []
        self.max_rows = deployment_record.MAX_ROWS
        self.history.record("01-identity", operation_document("a"))
        self.history.record("06-storage", operation_document("b"), operation_document("c"))

    def pause(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    @property
    def deployments(self) -> DeploymentRecorder:
        return DeploymentRecorder(self.history, self.recorded, self.pause, lambda: self.now, self.max_rows)

    def record(self, operation_id: str = "6d1f8a5e-3f0b-4d62-8c6e-5f1f2b9a7d10") -> list[dict[str, Any]]:
        """Record once; return the rows of this time alone."""
        before = len(self.log.rows)
        operation = Operation(operation_id, "import_artifacts", "i", 7)
        self.deployments.record(Recorder(operation, self.log, lambda: self.now, self.seen.append))
        return self.log.rows[before:]

    def fail(self, name: str, *errors: Exception) -> None:
        self.history.failing[name] = list(errors)


@pytest.fixture
def world() -> World:
    return World()


def told(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(row["Operation"] for row in rows if row["Operation"].startswith("deployment/"))


def busy(**more: Any) -> Transient:
    return Transient("azure-busy", "Wait.", hint="Later.", **more)


def test_what_has_ended_is_written_once(world: World) -> None:
    rows = world.record()
    assert told(rows) == ["deployment/01-identity", "deployment/06-foundation", "deployment/06-foundation"]
    summary = rows[-1]
    assert (summary["Operation"], summary["Status"]) == ("import_artifacts/record-deployments", "Succeeded")
    assert summary["Details"] == {"new": 3, "newDeployments": 2}
    assert [row["Operation"] for row in world.seen] == ["import_artifacts/record-deployments"]


def test_a_second_time_writes_nothing_new_and_reads_the_list_alone(world: World) -> None:
    world.record()
    writes, world.history.asked = world.recorded.writes, []
    assert told(world.record("00000000-3f0b-4d62-8c6e-5f1f2b9a7d10")) == []
    assert (world.history.asked, world.recorded.writes) == ([""], writes)


def test_what_was_forgotten_is_written_again_under_the_same_ids(world: World) -> None:
    world.record()
    world.recorded.known = {}
    world.record("00000000-3f0b-4d62-8c6e-5f1f2b9a7d10")
    again = [row for row in world.log.rows if row["Operation"].startswith("deployment/")]
    assert len(again) == 6
    assert len(fold(again)) == 3


def test_a_deployment_that_ran_again_is_read_again(world: World) -> None:
    world.record()
    world.history.record("06-storage", operation_document("b", "Failed"), timestamp="2026-03-01T11:00:00Z")
    (row,) = (row for row in world.record() if row["Operation"].startswith("deployment/"))
    assert row["Status"] == "Failed"


def test_what_still_runs_is_told_when_it_has_ended(world: World) -> None:
    world.history.record(
        "10-apps", operation_document("d"), operation_document("e", "Running"), state="Running"
    )
    assert told(world.record()).count("deployment/10-apps") == 1
    world.history.record("10-apps", operation_document("d"), operation_document("e"))
    assert told(world.record()).count("deployment/10-apps") == 2
    assert told(world.record()) == []


def test_nothing_deployed_is_no_row(world: World) -> None:
    world.history.held = {}
    assert world.record() == []


def test_one_that_cannot_be_read_is_told_and_read_the_next_time(world: World) -> None:
    world.fail("06-storage", Failed("azure-failed", "It broke.", hint="Look."))
    rows = world.record()
    assert told(rows) == ["deployment/01-identity"]
    summary = rows[-1]
    assert (summary["Status"], summary["Severity"]) == ("Incomplete", "Warning")
    assert (summary["Details"]["code"], summary["Details"]["unread"]) == ("azure-failed", 1)
    assert told(world.record()) == ["deployment/06-foundation"] * 2


def test_a_missing_role_is_told_and_fails_nothing(world: World) -> None:
    world.fail("", Blocked("role-missing", "No Reader.", hint="Assign it."))
    (row,) = world.record()
    assert (row["Status"], row["Details"]["code"], row["Details"]["remedy"]) == (
        "Incomplete",
        "role-missing",
        "Assign it.",
    )
    assert world.slept == []


def test_even_an_unexpected_error_fails_nothing(world: World) -> None:
    world.fail("", RuntimeError("odd"))
    (row,) = world.record()
    assert row["Details"]["code"] == "unexpected"


def test_a_busy_azure_is_asked_once_more_and_nobody_waits_long(world: World) -> None:
    world.fail("", busy(retry_after=3.0))
    assert len(told(world.record())) == 3
    assert world.slept == [3.0]
    world.fail("", busy(), busy())
    assert world.record()[-1]["Details"]["code"] == "azure-busy"
    world.fail("", busy(retry_after=60.0))
    assert world.record()[-1]["Status"] == "Incomplete"
    assert world.slept == [3.0, 2.0]


def test_no_deployment_is_begun_after_the_deadline(world: World) -> None:
    world.fail("06-storage", busy(retry_after=9.0))
    ticks = iter([world.now, world.now, world.now + timedelta(seconds=deployment_record.SECONDS)])
    slow = DeploymentRecorder(
        world.history, world.recorded, world.pause, lambda: next(ticks, world.now + timedelta(hours=1))
    )
    slow.record(
        Recorder(Operation("6d1f8a5e-3f0b-4d62-8c6e-5f1f2b9a7d10", "v", "i"), world.log, lambda: world.now)
    )
    assert world.log.rows[-1]["Details"]["code"] == "deployments-unread"


def test_rows_are_bounded_and_the_rest_follows(world: World) -> None:
    world.max_rows = 2
    rows = world.record()
    assert rows[-1]["Details"]["code"] == "deployments-unread"
    assert sorted(told(rows) + told(world.record())) == [
        "deployment/01-identity",
        *["deployment/06-foundation"] * 2,
    ]


def test_phase_7_writes_it_down_before_anything_else_can_fail(world: World) -> None:
    imports = ImportWorld()
    imports.publish(*publish())
    imports.run(deployments=world.deployments, recorder=Recorder(_phase_7(), world.log, lambda: imports.now))
    first = [row["Operation"].partition("/")[0] for row in world.log.rows[:5]]
    assert first == ["deployment", "deployment", "deployment", "import_artifacts", "import_artifacts"]
    assert len(told(world.log.rows)) == 3


def test_phase_7_succeeds_without_it(world: World) -> None:
    imports = ImportWorld()
    imports.publish(*publish())
    world.fail("", Blocked("role-missing", "No Reader.", hint="Assign it."))
    recorder = Recorder(_phase_7(), world.log, lambda: imports.now)
    assert imports.run(deployments=world.deployments, recorder=recorder).changed


def test_a_dry_run_of_phase_7_asks_nothing(world: World) -> None:
    imports = ImportWorld()
    imports.publish(*publish())
    imports.run(deployments=world.deployments, dry_run=True)
    assert world.history.asked == []


def test_phase_15_writes_it_down_as_a_gate_only(world: World) -> None:
    registry = RegistryWorld()
    registry.bootstrap()
    registry.health(deployments=world.deployments)
    registry.health(deployments=world.deployments, gate=True, dry_run=True)
    assert world.history.asked == []
    registry.health(deployments=world.deployments, gate=True)
    assert told(registry.log.rows)


def _phase_7() -> Operation:
    return Operation("6d1f8a5e-3f0b-4d62-8c6e-5f1f2b9a7d10", "import_artifacts", "i", 7)
