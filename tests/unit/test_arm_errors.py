"""The reason of a failed deployment is found under its wrappers, old and new; nothing that ARM sends breaks it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vibedata import arm_errors, contracts

NEW = {
    "status": "Failed",
    "error": {
        "code": "ResourceDeploymentFailure",
        "target": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm",
        "message": "The resource write operation failed to complete successfully.",
        "details": [
            {
                "code": "DeploymentFailed",
                "message": "At least one resource deployment operation failed.",
                "details": [{"code": "AllocationFailed", "message": "No room.", "target": "vm"}],
            }
        ],
    },
}


def wrapped(inner: dict[str, Any], times: int) -> dict[str, Any]:
    """Return an error as older answers give it: JSON text inside a message, escaped once more per level."""
    for _ in range(times):
        inner = {"status": "Failed", "error": {"code": "Conflict", "message": json.dumps(inner, indent=2)}}
    return inner


def test_structured_details_are_unwrapped() -> None:
    found = arm_errors.deepest(NEW)
    assert found == arm_errors.ArmError(
        "AllocationFailed", "No room.", "vm", arm_errors.remedy("AllocationFailed")
    )
    assert "another size" in found.remedy


@pytest.mark.parametrize("levels", [1, 3, 5])
def test_json_inside_messages_is_unwrapped(levels: int) -> None:
    found = arm_errors.deepest(
        wrapped({"error": {"code": "SkuNotAvailable", "message": "Not here."}}, levels)
    )
    assert found and (found.code, found.message) == ("SkuNotAvailable", "Not here.")


def test_text_is_taken_as_well() -> None:
    found = arm_errors.deepest(json.dumps(NEW))
    assert found and found.code == "AllocationFailed"


def test_a_known_code_counts_more_than_a_deeper_unknown_one() -> None:
    inner = {"code": "OddDetail", "message": "x"}
    error = {"code": "RequestDisallowedByPolicy", "message": "policy p", "details": [inner]}
    found = arm_errors.deepest({"error": {"code": "DeploymentFailed", "details": [error]}})
    assert found and found.code == "RequestDisallowedByPolicy"


def test_an_unknown_code_is_told_without_a_remedy_and_a_wrapper_only_when_alone() -> None:
    error = {"code": "BadRequest", "message": "outer", "details": [{"code": "Odd", "message": "inner"}]}
    found = arm_errors.deepest({"error": error})
    assert found == arm_errors.ArmError("Odd", "inner")
    alone = arm_errors.deepest({"error": {"code": "Conflict", "message": "in use"}})
    assert alone == arm_errors.ArmError("Conflict", "in use")


@pytest.mark.parametrize("odd", [None, "", "plain words", 7, [], {}, {"error": None}, {"error": {"code": 5}}])
def test_what_is_no_error_is_none(odd: Any) -> None:
    assert arm_errors.deepest(odd) is None


def test_depth_and_width_are_bounded() -> None:
    deep: dict[str, Any] = {"code": "Innermost", "message": "x"}
    for _ in range(500):
        deep = {"code": "Outer", "message": "x", "details": [deep]}
    found = arm_errors.deepest(deep)
    assert found and found.code == "Outer"
    wide = {"code": "Outer", "details": [{"code": f"Code{n}", "message": "x" * 9} for n in range(10_000)]}
    assert arm_errors.deepest(wide) is not None
    assert arm_errors.deepest({"code": "C" * 999, "message": "[" * 100_000}) is not None


def test_every_remedy_says_what_to_do_and_no_wrapper_has_one() -> None:
    contract = contracts.load("arm_remedies.json")
    assert len(contract["remedies"]) > 50
    assert all(words.endswith(".") and len(words) > 20 for words in contract["remedies"].values())
    assert not [code for code in contract["remedies"] if arm_errors.is_wrapper(code)]
    assert arm_errors.remedy("ALLOCATIONfailed")
