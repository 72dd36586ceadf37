"""Least privilege, proved: take any row of rbac.json away, and the step that needs it fails and names the role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from demo.instance import Instance
from tests.journeys.conftest import Walk
from vibedata import contracts
from vibedata.day0 import phases
from vibedata.errors import VibedataError

ROWS = {row["key"]: row for row in contracts.load("rbac.json")["assignments"]}
# The first phase that cannot do without the row.
FAILS_IN = {
    "registry-import": 7,
    "blob-data": 7,
    "table-data": 7,
    "automation": 8,
    "inventory": 14,
    "key-vault": 15,
    "logs-publish": 15,
}


def test_every_row_of_the_matrix_is_tried() -> None:
    ran = {phase.number for phase in phases()}
    assert set(FAILS_IN) == {key for key, row in ROWS.items() if ran & set(row["phases"])}


@pytest.mark.parametrize("key", FAILS_IN)
def test_a_missing_role_fails_its_step_by_name(
    key: str, warm_instance: Callable[..., Instance], day0: Callable[..., Walk]
) -> None:
    instance = warm_instance(without_roles={key}, propagation_seconds=2.0, health_deadline_seconds=3.0)
    with pytest.raises(VibedataError) as caught:
        day0(instance)
    error = caught.value
    assert error.detail["phase"] == FAILS_IN[key]
    assert error.code in ("role-missing", "health-gate", "job-failed"), str(error)
    assert ROWS[key]["role"] in error.message
    assert error.hint


def test_a_role_that_spreads_late_is_waited_for(
    warm_instance: Callable[..., Instance], day0: Callable[..., Walk], stack: Any
) -> None:
    stack.faults.set("roles.propagation_seconds", 6)
    walk = day0(warm_instance(propagation_seconds=60.0))
    assert set(walk.states().values()) == {"done"}
