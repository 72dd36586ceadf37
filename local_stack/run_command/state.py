"""Run Commands as data. Protected parameters are no part of it: they live in memory until the script ends."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from local_stack.core.arm_ids import name_of
from local_stack.core.context import Context
from local_stack.run_command.errors import invalid, not_found

DEFAULT_TIMEOUT = 5400
MAX_SCRIPT = 256 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
UNDER_WAY = ("Pending", "Running")
SECRET = ("protectedParameters", "runAsPassword")


@dataclass(frozen=True)
class Script:
    """What one PUT asks to run; `named` and `positional` hold secrets too and are not kept."""

    text: str
    timeout: float
    wait: bool
    treat_failure: bool
    named: dict[str, str] = field(repr=False)
    positional: list[str] = field(repr=False)


class Commands:
    """The commands of all VMs, by their lower-case id."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._kept = ctx.store.collection("run_command", "commands")

    def find(self, resource_id: str) -> dict[str, Any] | None:
        """Return a command, or None."""
        found: dict[str, Any] | None = self._kept.get(resource_id.lower())
        return found

    def get(self, resource_id: str) -> dict[str, Any]:
        """Return a command. Raises WireError (ResourceNotFound)."""
        found = self.find(resource_id)
        if found is None:
            raise not_found(resource_id)
        return found

    def of_vm(self, vm_id: str) -> list[dict[str, Any]]:
        """Return a VM's commands, by name."""
        return [kept for _, kept in self._kept.prefixed(f"{vm_id.lower()}/runcommands/")]

    def under_way(self) -> list[dict[str, Any]]:
        """Return the commands that had not ended when they were last written."""
        return [kept for kept in self._kept.values() if kept["view"].get("executionState") in UNDER_WAY]

    def accept(self, resource_id: str, given: dict[str, Any], operation: str) -> dict[str, Any]:
        """Keep a command that is about to run, without its secrets."""
        before = self.find(resource_id)
        properties = {key: value for key, value in given["properties"].items() if key not in SECRET}
        kept = {
            "id": before["id"] if before else resource_id,
            "name": name_of(resource_id),
            "location": given.get("location", ""),
            "tags": given.get("tags") or {},
            "properties": {**properties, "provisioningState": "Updating" if before else "Creating"},
            "fingerprint": fingerprint(given),
            "operation": operation,
            "view": {"executionState": "Pending", "startTime": None},
        }
        self._kept[resource_id.lower()] = kept
        return kept

    def change(self, resource_id: str, operation: str, state: str | None = None, **view: Any) -> bool:
        """Change state and instance view; nothing when the command was put again or deleted meanwhile."""
        kept = self.find(resource_id)
        if kept is None or kept["operation"] != operation:
            return False
        kept["view"] = {**kept["view"], **view}
        if state:
            kept["properties"]["provisioningState"] = state
        self._kept[resource_id.lower()] = kept
        return True

    def delete(self, resource_id: str) -> bool:
        """Remove a command; say whether it was there."""
        return self._kept.pop(resource_id.lower(), None) is not None


def shaped(kept: dict[str, Any], *, instance_view: bool) -> dict[str, Any]:
    """Return a command as ARM shows it; its end only on request, its secrets never."""
    properties = dict(kept["properties"])
    if instance_view:
        statuses = []
        if properties.get("runAsUser"):
            note = "The local stack ignores runAsUser: scripts run as the user of the stack."
            statuses.append({"code": "RunAsUser/ignored", "level": "Info", "message": note})
        properties["instanceView"] = {"executionMessage": "", "statuses": statuses, **kept["view"]}
    return {
        "id": kept["id"],
        "name": kept["name"],
        "type": "Microsoft.Compute/virtualMachines/runCommands",
        "location": kept["location"],
        "tags": kept["tags"],
        "properties": properties,
    }


def fingerprint(given: dict[str, Any]) -> str:
    """Return what decides whether a PUT is unchanged: the script and the open parameters."""
    properties = given["properties"]
    facts = [properties.get("source"), properties.get("parameters") or []]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def checked_name(name: str) -> str:
    """Return a command's name, which also names its directory. Raises WireError (InvalidParameter)."""
    if not _NAME.fullmatch(name):
        raise invalid(f"The run command name '{name:.80}' is invalid: letters, digits, '_', '-' and '.'.")
    return name


def script_of(given: dict[str, Any]) -> Script:
    """Return what a PUT asks to run. Raises WireError (InvalidParameter)."""
    properties = given.get("properties")
    if not isinstance(properties, dict):
        raise invalid("The body has no properties.")
    text = (properties.get("source") or {}).get("script")
    if not isinstance(text, str) or not text.strip():
        raise invalid("Only 'source.script' is supported here, and it must not be empty.")
    if len(text.encode()) > MAX_SCRIPT:
        raise invalid("The script is larger than 256 KB.")
    named, positional = _parameters(properties)
    timeout = properties.get("timeoutInSeconds") or DEFAULT_TIMEOUT
    if not isinstance(timeout, (int, float)) or timeout <= 0:
        raise invalid("'timeoutInSeconds' must be a positive number.")
    return Script(
        text=text,
        timeout=float(timeout),
        wait=not properties.get("asyncExecution", False),
        treat_failure=bool(properties.get("treatFailureAsDeploymentFailure", False)),
        named=named,
        positional=positional,
    )


def _parameters(properties: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    named: dict[str, str] = {}
    positional: list[str] = []
    for kind in ("parameters", "protectedParameters"):
        for parameter in properties.get(kind) or []:
            if not isinstance(parameter, dict) or not isinstance(parameter.get("value"), str):
                raise invalid(f"Each of '{kind}' must have a name and a value, both text.")
            if parameter.get("name"):
                named[str(parameter["name"])] = parameter["value"]
            else:
                positional.append(parameter["value"])
    return named, positional
