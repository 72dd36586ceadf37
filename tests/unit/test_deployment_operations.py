"""What ARM did becomes rows: the phase by the module's name, an id that a second reading gives again, no secret."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.fakes.deployments import CORRELATION, GROUP, operation_document
from vibedata import deployment_operations, redact, sequence
from vibedata.deployment_operations import Deployment, duration_ms, operation, phase_of, row
from vibedata.operations_table import problems

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
MODULE = Deployment(f"{GROUP}/x/06-storage", "06-storage", "Succeeded", "2026-03-01T10:01:00Z", CORRELATION)
MAIN = replace(MODULE, name="vibedata", id=f"{GROUP}/x/vibedata")


def told(within: Deployment = MODULE, state: str = "Succeeded", **properties: Any) -> dict[str, Any]:
    found = row(
        within,
        operation(operation_document("0A1B2C3D4E5F6071", state, **properties)),
        instance_id="i",
        now=NOW,
    )
    assert not problems(found)
    return found


def test_an_operation_is_one_row() -> None:
    found = told()
    assert (found["Operation"], found["Phase"], found["Status"]) == (
        "deployment/06-foundation",
        6,
        "Succeeded",
    )
    assert (found["DurationMs"], found["EventTime"]) == (62_500, "2026-03-01T10:00:05.123456+00:00")
    assert (found["OperationId"], found["InstanceId"]) == (CORRELATION, "i")
    assert found["Message"] == "Create Microsoft.Storage/storageAccounts st1: Succeeded."
    assert found["Details"]["resourceId"].endswith("/storageAccounts/st1")
    assert found["Details"]["deployment"] == "06-storage"
    assert (found["ErrorCode"], found["Remedy"]) == ("", "")


@pytest.mark.parametrize("phase", sequence.phases(), ids=lambda phase: phase.file)
def test_every_phases_own_module_is_told_under_its_file(phase: sequence.Phase) -> None:
    stem = phase.file.removeprefix("phases/").removesuffix(".bicep")
    found = told(replace(MODULE, name=stem))
    assert (found["Operation"], found["Phase"]) == (f"deployment/{stem}", phase.number)


def test_a_module_as_the_template_sees_it_is_told_under_its_phase() -> None:
    target = {"id": "x", "resourceType": "Microsoft.Resources/deployments", "resourceName": "12-gateway"}
    found = told(MAIN, targetResource=target)
    assert (found["Operation"], found["Phase"]) == ("deployment/12-gateway", 12)


@pytest.mark.parametrize("name", ["vibedata", "pid-0a", "99-other", "1-x", "00-none", "", "06"])
def test_what_is_in_no_phase_bears_the_deployments_name(name: str) -> None:
    assert phase_of(name) is None
    found = told(replace(MODULE, name=name))
    assert (found["Operation"], found["Phase"]) == (f"deployment/{name}" if name else "deployment", None)


def test_a_failure_tells_the_deepest_code_and_its_remedy() -> None:
    error = {"code": "DeploymentFailed", "details": [{"code": "QuotaExceeded", "message": "10 of 10 cores."}]}
    found = told(state="Failed", statusCode="Conflict", statusMessage={"status": "Failed", "error": error})
    assert (found["Severity"], found["ErrorCode"]) == ("Error", "QuotaExceeded")
    assert found["Message"].endswith("Failed. 10 of 10 cores.")
    assert "smaller size" in found["Remedy"]


def test_a_failure_that_nobody_has_described_says_where_to_look() -> None:
    found = told(state="Failed", statusMessage={"error": {"code": "Odd", "message": "x"}})
    assert "az deployment operation group list -n 06-storage" in found["Remedy"]
    assert told(state="Failed")["ErrorCode"] == ""
    assert told(state="Canceled")["Severity"] == "Warning"


def test_the_event_id_follows_from_what_happened_alone() -> None:
    first = told()
    again = row(
        MODULE,
        operation(operation_document("0A1B2C3D4E5F6071")),
        instance_id="i",
        now=NOW + timedelta(hours=1),
    )
    assert again == first
    others = [
        told(state="Failed"),
        told(replace(MODULE, name="06-registry")),
        told(replace(MODULE, correlation_id="3f2a8c1e-0000-4000-8000-00000000beef")),
        row(MODULE, operation(operation_document("other")), instance_id="i", now=NOW),
    ]
    assert len({one["EventId"] for one in [first, *others]}) == 5


def test_without_a_correlation_id_the_deployment_and_its_time_stand_in() -> None:
    nameless = replace(MODULE, correlation_id="x")
    later = replace(nameless, timestamp="2026-03-02T10:01:00Z")
    assert told(nameless)["OperationId"] == told(nameless)["OperationId"] != told(later)["OperationId"]


def test_a_secret_in_an_error_is_masked() -> None:
    redact.register("hunter22-hunter22")
    message = "login failed: password=abc123xyz and hunter22-hunter22"
    found = told(
        state="Failed", statusMessage={"error": {"code": "Odd", "message": message, "target": message}}
    )
    assert "abc123xyz" not in json.dumps(found)
    assert "hunter22" not in json.dumps(found)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("PT21.0544514S", 21_054),
        ("PT1H2M3S", 3_723_000),
        ("P1DT1S", 86_401_000),
        ("PT0S", 0),
        *((odd, None) for odd in ("", "P", "PT", "21", "PT-1S", "PT1e9S", None, 7, "PT" + "9" * 2000 + "S")),
    ],
)
def test_durations(text: Any, ms: int | None) -> None:
    assert duration_ms(text) == ms


@pytest.mark.parametrize(
    "odd", [{}, {"properties": None}, {"properties": {"targetResource": 7}}, {"operationId": 9}]
)
def test_what_arm_leaves_out_is_empty(odd: dict[str, Any]) -> None:
    assert not operation(odd).has_ended
    assert not deployment_operations.deployment(odd).has_ended


def test_a_row_is_bounded() -> None:
    found = told(state="Failed", statusMessage={"error": {"code": "Odd", "message": "x" * 200_000}})
    assert len(json.dumps(found)) < 8192
