"""A step leaves a start and an end row, however it ends."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.fakes.operations_log import RecordingLog
from vibedata.errors import Blocked
from vibedata.operations import Operation
from vibedata.recorder import Recorder

OPERATION = Operation(
    "11111111-1111-4111-8111-111111111111", "run_health", "inst-1", 15, actor="me", job_id="j"
)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=250)
        return self.now


@pytest.fixture
def log() -> RecordingLog:
    return RecordingLog()


@pytest.fixture
def recorder(log: RecordingLog) -> Recorder:
    return Recorder(OPERATION, log, Clock())


def test_a_step_that_ends_well(recorder: Recorder, log: RecordingLog) -> None:
    with recorder.step("probe", component="api", category="Health") as step:
        step.message = "all well"
        step.details["probes"] = 3
    started, ended = log.rows
    assert log.steps() == [("run_health/probe", "Started"), ("run_health/probe", "Succeeded")]
    assert (started["DurationMs"], ended["DurationMs"]) == (None, 250)
    assert (ended["Message"], ended["Details"], ended["Component"]) == ("all well", {"probes": 3}, "api")
    assert (ended["Phase"], ended["Actor"], ended["JobId"], ended["Category"]) == (15, "me", "j", "Health")


def test_a_step_that_fails_tells_code_and_remedy_and_raises(recorder: Recorder, log: RecordingLog) -> None:
    with pytest.raises(Blocked), recorder.step("probe") as step:
        step.details["sent"] = 1
        raise Blocked("role-missing", "No role.", hint="Assign it.", detail={"role": "Reader"})
    ended = log.rows[-1]
    assert (ended["Status"], ended["Severity"]) == ("Failed", "Error")
    assert (ended["ErrorCode"], ended["Message"], ended["Remedy"]) == (
        "role-missing",
        "No role.",
        "Assign it.",
    )
    assert ended["Details"] == {"sent": 1, "role": "Reader"}


def test_an_unexpected_error_is_recorded_without_its_text(recorder: Recorder, log: RecordingLog) -> None:
    with pytest.raises(ValueError, match="customer"), recorder.step("probe"):
        raise ValueError("customer data")
    assert log.rows[-1]["ErrorCode"] == "unexpected"
    assert log.rows[-1]["Message"] == "Unexpected ValueError."


def test_an_interrupted_step_is_recorded(recorder: Recorder, log: RecordingLog) -> None:
    with pytest.raises(KeyboardInterrupt), recorder.step("probe"):
        raise KeyboardInterrupt
    assert (log.rows[-1]["Status"], log.rows[-1]["ErrorCode"]) == ("Failed", "interrupted")


def test_the_verb_itself_is_the_step_without_a_name(recorder: Recorder, log: RecordingLog) -> None:
    with recorder.step(""):
        pass
    assert log.steps() == [("run_health", "Started"), ("run_health", "Succeeded")]


def test_rows_name_the_release_once_it_is_known(recorder: Recorder, log: RecordingLog) -> None:
    with recorder.step("read"):
        recorder.of_release("sha256:" + "a" * 64)
    assert [row["ReleaseDigest"] for row in log.rows] == ["", "sha256:" + "a" * 64]


def test_the_same_step_in_another_attempt_has_the_same_ids(log: RecordingLog) -> None:
    for _attempt in range(2):
        with Recorder(OPERATION, log, Clock()).step("probe", component="api"):
            pass
    ids = [row["EventId"] for row in log.rows]
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]


def test_a_key_tells_repeated_steps_apart(recorder: Recorder, log: RecordingLog) -> None:
    for round_ in ("1", "2"):
        with recorder.step("probe", key=round_):
            pass
    assert len({row["EventId"] for row in log.rows}) == 4


def test_an_event_has_no_duration(recorder: Recorder, log: RecordingLog) -> None:
    recorder.event(
        "changed", "Degraded", component="api", severity="Warning", message="slow", details={"ms": 9}
    )
    (row,) = log.rows
    assert (row["Status"], row["Severity"], row["DurationMs"], row["Details"]) == (
        "Degraded",
        "Warning",
        None,
        {"ms": 9},
    )


def test_closing_delivers(recorder: Recorder, log: RecordingLog) -> None:
    recorder.close()
    assert log.flushes == 1


def test_the_recording_log_refuses_an_incomplete_row(log: RecordingLog) -> None:
    with pytest.raises(AssertionError, match="is missing"):
        log.write([{"EventId": "e"}])
