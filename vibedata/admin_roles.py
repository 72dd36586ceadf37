"""The roles of the customer's own administrators, as commands that one of them pastes (PRD-19 FR-5).

The template cannot assign them across tenants, and under a plan that restricts the customer nobody of the customer's
can inside the managed resource group either: there what is left of a role is read from the subscription.
"""

from __future__ import annotations

import re
import shlex
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vibedata import contracts
from vibedata.errors import BadInput

_GROUP_NAME = re.compile(r"[-\w.()]{0,89}[-\w()]")


@dataclass(frozen=True)
class AdminRole:
    """One role: what it is for, where it is assigned, and the command that assigns it."""

    role: str
    role_definition_id: str
    scope: str
    why: str
    command: str

    def as_dict(self) -> dict[str, str]:
        """Return it for a machine."""
        return {
            "role": self.role,
            "roleDefinitionId": self.role_definition_id,
            "scope": self.scope,
            "why": self.why,
            "command": self.command,
        }


@dataclass(frozen=True)
class Customer:
    """Whose administrators, and where."""

    group_id: str
    resource_group: str
    subscription_id: str

    @property
    def resource_group_id(self) -> str:
        """Return the id of the managed resource group."""
        return f"{self.subscription}/resourceGroups/{self.resource_group}"

    @property
    def subscription(self) -> str:
        """Return the id of its subscription."""
        return f"/subscriptions/{self.subscription_id}"


def customer(group_id: str, resource_group: str, subscription_id: str) -> Customer:
    """Return the customer whose ids these are. Raises BadInput (usage)."""
    if not _GROUP_NAME.fullmatch(resource_group):
        raise _invalid("--resource-group", resource_group, "no name of a resource group")
    return Customer(
        _guid("--group-id", group_id), resource_group, _guid("--subscription-id", subscription_id)
    )


def roles(given: Customer, *, restricted: bool = False) -> list[AdminRole]:
    """Return the roles to assign; where the plan is `restricted`, what the deny assignment leaves of them."""
    rows = contracts.load("admin_roles.json")["assignments"]
    return [_role(row, given, restricted) for row in rows if row["underDeny"] or not restricted]


def _role(row: Mapping[str, Any], given: Customer, restricted: bool) -> AdminRole:
    scope, word = _scope(row, given, restricted)
    fixed = ("az", "role", "assignment", "create", "--role", row["roleDefinitionId"])
    who = ("--assignee-object-id", given.group_id, "--assignee-principal-type", "Group")
    command = f"{shlex.join([*fixed, *who])} --scope {word}"
    return AdminRole(row["role"], row["roleDefinitionId"], scope, row["why"], command)


def _scope(row: Mapping[str, Any], given: Customer, restricted: bool) -> tuple[str, str]:
    """Return where a row is assigned, in words, and as a word of the command: a resource is looked up by its type."""
    if restricted:
        return given.subscription, shlex.quote(given.subscription)
    if "resourceType" not in row:
        return given.resource_group_id, shlex.quote(given.resource_group_id)
    where = ["--subscription", given.subscription_id, "--resource-group", given.resource_group]
    kind = ["--resource-type", row["resourceType"], "--query", "[0].id", "--output", "tsv"]
    found = shlex.join(["az", "resource", "list", *where, *kind])
    return f"{row['resourceType']} in {given.resource_group}", f'"$({found})"'


def _guid(option: str, text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise _invalid(option, text, "no GUID") from None


def _invalid(option: str, text: str, why: str) -> BadInput:
    return BadInput(
        "usage", f"{option} {text[:100]!r} is {why}.", hint="See `vibedata deploy admin-roles --help`."
    )
