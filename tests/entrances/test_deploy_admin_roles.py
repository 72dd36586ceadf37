"""The customer's administrators get their roles by commands that a shell takes as they are printed."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from demo.arm import Arm
from local_stack.threaded import ThreadedStack
from tests.environment import deployer
from vibedata import contracts
from vibedata.cli import main

ROWS = contracts.load("admin_roles.json")["assignments"]
ROLES = Path(__file__).resolve().parents[2] / "local_stack" / "core" / "roles.json"
GROUP, SUBSCRIPTION = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
NAME = "mrg-(vibedata)_1"
# What stands in for `az`: it notes its words, and finds one resource of each type.
AZ = """#!{python}
import json, sys
words = sys.argv[1:]
option = lambda name: words[words.index(name) + 1]
if words[:2] == ["resource", "list"]:
    print("/found/" + option("--resource-type"))
else:
    print(json.dumps(words), file=open({log!r}, "a"))
"""


def told(capsys: pytest.CaptureFixture[str], *words: str, expect: int = 0) -> str:
    given = {"--group-id": GROUP, "--resource-group": NAME, "--subscription-id": SUBSCRIPTION}
    given.update(dict(zip(words[::2], words[1::2], strict=False)) if len(words) % 2 == 0 else {})
    flags = words if len(words) % 2 else ()
    arguments = [part for pair in given.items() for part in pair]
    assert main(["deploy", "admin-roles", *arguments, *flags]) == expect
    captured = capsys.readouterr()
    return captured.out + captured.err


def run(script: str, tmp_path: Path) -> list[list[str]]:
    """Run what was printed, as a person would who pastes it; return the words of each `az role` call."""
    log = tmp_path / "calls"
    az = tmp_path / "az"
    az.write_text(AZ.format(python=sys.executable, log=str(log)))
    az.chmod(0o755)
    subprocess.run(["bash", "-euc", script], check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    return [json.loads(line) for line in log.read_text().splitlines()]


def of(words: list[str], option: str) -> str:
    return words[words.index(option) + 1]


def test_what_is_printed_can_be_pasted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    calls = run(told(capsys), tmp_path)
    assert [of(call, "--role") for call in calls] == [row["roleDefinitionId"] for row in ROWS]
    assert [of(call, "--scope") for call in calls] == [
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{NAME}",
        "/found/Microsoft.OperationalInsights/workspaces",
        "/found/Microsoft.Automation/automationAccounts",
        "/found/Microsoft.Automation/automationAccounts",
    ]
    assert {of(call, "--assignee-object-id") for call in calls} == {GROUP}
    assert {of(call, "--assignee-principal-type") for call in calls} == {"Group"}


def test_a_restricted_plan_leaves_reading_from_the_subscription(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (call,) = run(told(capsys, "--restricted"), tmp_path)
    assert of(call, "--scope") == f"/subscriptions/{SUBSCRIPTION}"
    assert of(call, "--role") == ROWS[0]["roleDefinitionId"]
    left = [row for row in ROWS if row["underDeny"]]
    assert all(fnmatchcase(action, "*read") for row in left for action in row["actions"])


def test_a_machine_gets_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys)
    found = json.loads(told(capsys, "--output", "json"))
    assert [role["command"] for role in found["roles"]] == [
        line for line in text.splitlines() if not line.startswith("#")
    ]
    assert [role["role"] for role in found["roles"]] == [row["role"] for row in ROWS]


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--group-id", "admins"),
        ("--group-id", "$(reboot)"),
        ("--subscription-id", "11111111"),
        ("--resource-group", "a; reboot"),
        ("--resource-group", "$(reboot)"),
        ("--resource-group", "ends."),
        ("--resource-group", "x" * 91),
        ("--resource-group", "a\nb"),
        ("--resource-group", ""),
    ],
)
def test_what_is_no_name_is_refused(capsys: pytest.CaptureFixture[str], option: str, text: str) -> None:
    said = told(capsys, option, text, expect=2)
    assert option in said
    assert "az role" not in said


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["key"])
def test_each_role_allows_what_it_is_for_and_no_administration(row: dict[str, Any]) -> None:
    known = {role["id"]: role for role in json.loads(ROLES.read_text("utf-8"))}
    role = known[row["roleDefinitionId"]]
    assert role["name"] == row["role"]
    for action in row["actions"]:
        assert any(fnmatchcase(action.lower(), pattern.lower()) for pattern in role["actions"]), action
    for beyond in (
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Automation/automationAccounts/runbooks/write",
        "Microsoft.KeyVault/vaults/write",
        "Microsoft.Storage/storageAccounts/listKeys/action",
    ):
        assert not any(fnmatchcase(beyond.lower(), pattern.lower()) for pattern in role["actions"])
    assert role["dataActions"] == []
    assert row["why"]


def test_a_resource_is_looked_up_by_the_type_that_its_scope_has() -> None:
    types = {"resourceGroup": None, "workspace": "workspaces", "automationAccount": "automationAccounts"}
    for row in ROWS:
        kind = row.get("resourceType")
        assert (kind.rsplit("/", 1)[1] if kind else None) == types[row["scope"]]


def test_the_roles_can_be_assigned_and_a_second_time_changes_nothing(stack: ThreadedStack) -> None:
    arm = Arm(stack.addresses.url("arm"), deployer(stack), str(uuid.uuid4()))
    group = arm.group("mrg", "westeurope")
    admins, _ = stack.ctx.create_application(f"admins-{uuid.uuid4()}")
    for _ in range(2):
        for row in ROWS:
            arm.assign(group, row["roleDefinitionId"], admins.oid)
    kept = [one for one in stack.ctx.roles.assignments().values() if one["principalId"] == admins.oid]
    assert sorted(one["role"] for one in kept) == sorted(row["roleDefinitionId"] for row in ROWS)
