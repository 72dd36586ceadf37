"""The comparison sees what it must see, or every cell of the table would converge."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.kill.cells import cells
from tests.kill.comparing import differences, ignored

STATE: dict[str, Any] = {
    "stores": {
        "arm/resources": {"/a": {"etag": "1", "properties": {"state": "Published", "creationTime": "1"}}},
        "automation/jobs": {"run_health Completed": {"name": "1", "parameters": {"envelope": "e"}}},
    },
    "logs": {
        "import_artifacts  Succeeded 1": {"EventTime": "1", "Status": "Succeeded", "Details": {"digest": "d"}}
    },
    "tables": {"leases": {"i/instance": {"Owner": "", "Since": "1", "Fence": 1}}},
    "registries": {"cr/sha256/a": "file 644 1"},
    "worker": {"current": "link to bundles/a"},
}
CHANGES = {
    "a leftover upload": ("registries", "cr/uploads/1", "file 644 1"),
    "a temporary file": ("worker", "bundles/.incoming-1", "directory 700"),
    "a lease that is held": ("tables", "leases", {"i/instance": {"Owner": "x", "Since": "1", "Fence": 1}}),
    "a draft": ("stores", "arm/resources", {"/a": {"etag": "1", "properties": {"state": "Edit", "creationTime": "1"}}}),
    "a second job that did it": ("stores", "automation/jobs", {
        "run_health Completed": {"name": "1", "parameters": {"envelope": "e"}},
        "run_health Completed again": {"name": "2", "parameters": {"envelope": "e"}},
    }),
    "a row more": ("logs", "import_artifacts/x  Started 2", {"Status": "Started"}),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_leftover_is_a_difference(what: str) -> None:
    section, key, value = CHANGES[what]
    other = copy.deepcopy(STATE)
    other[section][key] = value
    assert len(differences(other, STATE)) == 1
    assert len(differences(STATE, other)) == 1


def test_what_no_two_runs_share_is_none() -> None:
    other = copy.deepcopy(STATE)
    other["stores"]["arm/resources"]["/a"]["etag"] = "2"
    other["stores"]["automation/jobs"]["run_health Completed"]["name"] = "2"
    other["logs"]["import_artifacts  Succeeded 1"]["EventTime"] = "2"
    other["tables"]["leases"]["i/instance"]["Fence"] = 7
    assert differences(other, STATE) == []


def test_everything_left_out_has_a_reason() -> None:
    assert all(row["path"].count(" > ") and row["what"] and row["why"] for row in ignored())


def test_a_step_of_an_undisturbed_run_makes_its_cells() -> None:
    trace = [
        ["v", "", "", "row", "Started", 1],
        ["v", "s", "", "row", "Started", 1],
        *(["v", "s", "", "change", "", number] for number in range(1, 6)),
        ["v", "s", "", "row", "Succeeded", 1],
        ["v", "pure", "c", "row", "Started", 1],
        ["v", "pure", "c", "read", "", 1],
        ["v", "pure", "c", "row", "Succeeded", 1],
        ["v", "", "", "row", "Succeeded", 1],
    ]
    assert [cell.name for cell in cells([(7, "before-07", trace)])] == [
        "07 v/(verb) after its row Started",
        "07 v/s inside: change 1 answered",
        "07 v/s inside: change 3 answered",
        "07 v/s inside: change 5 answered",
        "07 v/s after its row Succeeded",
        "07 v/pure:c inside: first read answered",
        "07 v/pure:c after its row Succeeded",
        "07 v/(verb) after its row Succeeded",
    ]
