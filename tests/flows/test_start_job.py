from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.fakes.jobs import FakeJobs, Fate
from tests.fakes.operations_log import RecordingLog
from vibedata import envelope, retry
from vibedata.envelope import job_name
from vibedata.errors import BadInput, Blocked, Failed, Transient, VibedataError
from vibedata.flows.start_job import start_job
from vibedata.operations import Operation
from vibedata.ports import Summary
from vibedata.recorder import Recorder

OPERATION = "0b8e6a0c-6a8a-4a9e-9a35-0d6d3d5a0001"
BUNDLE = "sha256:" + "b" * 64
OTHER = "sha256:" + "c" * 64
NOW = datetime(2026, 3, 1, tzinfo=timezone.utc)
RESULT = {"verb": "run_health", "status": "done", "written": {"health_rows": 3}, "message": "3 rows."}
DONE = Fate(output="hello\n" + json.dumps(RESULT))


class World:
    """An account with one published runbook, and the time."""

    def __init__(self, *fates: Fate) -> None:
        self.jobs = FakeJobs(["run_health"], fates)
        self.log, self.now = RecordingLog(), NOW

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def run(self, **changes: Any) -> Summary:
        operation = Operation(OPERATION, "start_job", "instance-1", 15)
        arguments: dict[str, Any] = {
            "runbook": "run_health",
            "operation_id": OPERATION,
            "jobs": self.jobs,
            "worker_group": "vibedata-workers",
            "poll_seconds": 5.0,
            "deadline_seconds": 60.0,
            "propagation_seconds": 10.0,
            "pause": self.sleep,
            "recorder": Recorder(operation, self.log, lambda: self.now),
            "clock": lambda: self.now,
        }
        return start_job(**{**arguments, **changes})


def ended(kind: type[VibedataError], code: str = "component-unhealthy") -> Fate:
    error = kind(code, "api is down", hint="Look at api.", detail={"component": "api"})
    return Fate(("Running", "Failed"), exception="Traceback ...\n" + json.dumps(error.as_dict()))


def test_job_is_started_under_its_name_and_its_result_returned() -> None:
    world = World(DONE)
    summary = world.run(args={"gate": True}, bundle=BUNDLE)
    name = job_name(OPERATION, "run_health", 1)
    assert world.jobs.started == [name]
    assert summary.written == {"health_rows": 3}
    assert summary.message == "3 rows."
    assert (summary.data["job"], summary.data["attempt"], summary.data["started"]) == (name, 1, True)
    told = envelope.decode(world.jobs.kept[name].record.parameter)
    assert (told.verb, told.operation_id, told.bundle) == ("run_health", OPERATION, BUNDLE)
    assert told.args == {"gate": True}


@pytest.mark.parametrize(("asked", "pinned"), [(None, OTHER), (BUNDLE, BUNDLE)])
def test_job_runs_the_bundle_that_started_it_unless_another_is_named(asked: str | None, pinned: str) -> None:
    world = World(DONE)
    world.run(bundle=asked, running_bundle=OTHER)
    (name,) = world.jobs.started
    assert envelope.decode(world.jobs.kept[name].record.parameter).bundle == pinned


def test_registry_policy_says_how_often_to_try_again() -> None:
    world = World(DONE)
    world.jobs.failing = [Transient("azure-busy", "busy", hint="wait")] * 2
    with pytest.raises(Transient):
        world.run(network=lambda: retry.network(1, 3))
    assert world.now - NOW == timedelta(seconds=3)


def test_job_that_found_nothing_to_do_is_nothing_written() -> None:
    world = World(Fate(output=json.dumps({**RESULT, "written": {"health_rows": 0}})))
    assert world.run().changed == 0


def test_run_again_returns_the_job_that_is_done() -> None:
    world = World(DONE)
    world.run()
    summary = world.run()
    assert len(world.jobs.started) == 1
    assert summary.data["started"] is False
    assert summary.written == {"health_rows": 3}


def test_run_again_awaits_the_job_that_still_runs() -> None:
    world = World(Fate(("Running",) * 3 + ("Completed",), output=json.dumps(RESULT)))
    world.jobs.start(
        job_name(OPERATION, "run_health", 1),
        runbook="run_health",
        worker_group="w",
        parameter=envelope.Envelope("run_health", OPERATION).encode(),
    )
    assert world.run().data["started"] is False
    assert world.now > NOW


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Suspended"])
def test_job_that_ended_badly_means_the_next_attempt(status: str) -> None:
    world = World(Fate((status,)), DONE)
    with pytest.raises(Failed):
        world.run()
    summary = world.run()
    assert summary.data["attempt"] == 2
    assert world.jobs.started == [job_name(OPERATION, "run_health", attempt) for attempt in (1, 2)]


def test_job_with_other_arguments_is_not_taken_for_this_one() -> None:
    world = World(DONE, DONE)
    world.run(args={"gate": True})
    assert world.run(args={"gate": False}).data["attempt"] == 2
    assert world.run(args={"gate": False}).data["started"] is False


@pytest.mark.parametrize("kind", [Failed, Blocked, Transient])
def test_jobs_own_error_is_raised_in_its_kind(kind: type[VibedataError]) -> None:
    with pytest.raises(kind) as caught:
        World(ended(kind)).run()
    error = caught.value
    assert error.code == "job-failed"
    assert "component-unhealthy: api is down" in error.message
    assert error.hint == "Look at api."
    assert error.detail["cause"]["detail"] == {"component": "api"}


def test_bad_input_of_the_job_is_a_failure_of_ours() -> None:
    with pytest.raises(Failed) as caught:
        World(ended(BadInput, "envelope-invalid")).run()
    assert "envelope-invalid" in caught.value.message


@pytest.mark.parametrize(
    "exception", ["", "Segmentation fault", "[1, 2]", '{"kind": "Failed"}', "{" * 5000, "x\n{}"]
)
def test_exception_that_is_not_ours_is_shown_as_it_is(exception: str) -> None:
    with pytest.raises(Failed) as caught:
        World(Fate(("Failed",), exception=exception)).run()
    assert caught.value.code == "job-failed"
    assert exception[-100:] in caught.value.message


def test_output_that_is_not_ours_is_no_result() -> None:
    summary = World(Fate(output='hello\n["not", "ours"]')).run()
    assert summary.written == {}
    assert summary.message == "run_health completed."


def test_job_that_does_not_end_is_left_to_the_next_run() -> None:
    world = World(Fate(("Running",)))
    with pytest.raises(Transient) as caught:
        world.run()
    assert caught.value.code == "job-deadline"
    assert world.now - NOW <= timedelta(seconds=65)


def test_unpublished_runbook_blocks() -> None:
    with pytest.raises(Blocked) as caught:
        World().run(jobs=FakeJobs())
    assert caught.value.code == "runbook-not-published"


def test_name_that_is_no_runbook_is_refused() -> None:
    with pytest.raises(BadInput) as caught:
        World().run(runbook="start_job")
    assert caught.value.code == "runbook-unknown"


def test_lost_answer_does_not_start_a_second_job() -> None:
    world = World(DONE)
    world.jobs.failing = [Transient("azure-unreachable", "cut", hint="again")]
    world.run()
    assert len(world.jobs.started) == 1


def test_operation_whose_jobs_fail_for_ever_ends() -> None:
    world = World(*[Fate(("Failed",))] * 60)
    for _ in range(50):
        with pytest.raises(Failed):
            world.run()
    with pytest.raises(Failed) as caught:
        world.run()
    assert caught.value.code == "job-attempts"


def test_rows_name_the_job() -> None:
    world = World(DONE)
    world.run()
    assert [row["Component"] for row in world.log.rows] == ["run_health"] * 4
    assert job_name(OPERATION, "run_health", 1) in world.log.rows[1]["Message"]
