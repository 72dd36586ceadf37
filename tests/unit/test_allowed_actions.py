from __future__ import annotations

import json

from vibedata import allowed_actions, contracts
from vibedata.cli import main

ROWS = contracts.load("rbac.json")["assignments"]


def test_the_lists_are_the_union_of_the_rows_without_what_is_always_allowed() -> None:
    rows = [
        {"actions": ["*/read", "B/write"], "dataActions": ["D/read"]},
        {"actions": ["B/write", "A/x/action", "C/y/read"], "dataActions": []},
    ]
    found = allowed_actions.allowed(rows)
    assert found.actions == ("A/x/action", "B/write")
    assert found.data_actions == ("D/read",)


def test_an_action_is_covered_in_any_case_but_not_as_the_other_kind() -> None:
    assert allowed_actions.covers("microsoft.insights/telemetry/write", data=True)
    assert not allowed_actions.covers("Microsoft.Insights/Telemetry/Write", data=False)
    assert allowed_actions.covers("Microsoft.Anything/at/all/read", data=False)
    assert not allowed_actions.covers("Microsoft.Compute/virtualMachines/delete", data=False)


def test_every_row_says_whom_where_why_and_what_for() -> None:
    for row in ROWS:
        assert row["actions"] or row["dataActions"], row["key"]
        assert row["why"], row["key"]
        assert row["scope"], row["key"]
    keys = [row["key"] for row in ROWS]
    assert len(keys) == len(set(keys))


def test_the_command_prints_both_lists(capsys) -> None:
    assert main(["package", "actions"]) == 0
    shown = capsys.readouterr().out.splitlines()
    found = allowed_actions.allowed()
    assert shown[1].split(";") == list(found.actions)
    assert shown[4].split(";") == list(found.data_actions)
    assert main(["package", "actions", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["dataActions"] == list(found.data_actions)
