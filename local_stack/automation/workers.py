"""Hybrid worker groups, and the virtual machines in them."""

from __future__ import annotations

from typing import Any

from local_stack.automation.errors import bad_request, not_found
from local_stack.automation.state import Account
from local_stack.core.context import Context


class Workers:
    """Groups and workers of all accounts."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._groups = ctx.store.collection("automation", "groups")
        self._workers = ctx.store.collection("automation", "workers")

    def put_group(self, account: Account, name: str) -> tuple[dict[str, Any], bool]:
        """Create a group, and say whether it is new."""
        key = account.key(name)
        is_new = key not in self._groups
        self._groups[key] = self._groups.get(key, {"name": name})
        return self.group(account, name), is_new

    def group(self, account: Account, name: str) -> dict[str, Any]:
        """Return a group. Raises WireError (NotFound)."""
        kept = self._groups.get(account.key(name))
        if kept is None:
            raise not_found("hybrid runbook worker group", name)
        return {
            "id": account.child("hybridRunbookWorkerGroups", kept["name"]),
            "name": kept["name"],
            "type": "Microsoft.Automation/AutomationAccounts/HybridRunbookWorkerGroups",
            "properties": {"groupType": "User"},
        }

    def groups(self, account: Account) -> list[dict[str, Any]]:
        """Return the account's groups."""
        return [self.group(account, kept["name"]) for _, kept in self._groups.prefixed(account.key(""))]

    def delete_group(self, account: Account, name: str) -> None:
        """Remove a group and its workers. Raises WireError (NotFound)."""
        self.group(account, name)
        for key, _ in self._workers.prefixed(account.key(name) + "/"):
            del self._workers[key]
        del self._groups[account.key(name)]

    def put(self, account: Account, group: str, worker: str, vm_id: str) -> tuple[dict[str, Any], bool]:
        """Register a VM as a worker, and say whether it is new. Raises WireError (NotFound, BadRequest)."""
        self.group(account, group)
        vm = self._ctx.resources.get(vm_id) if vm_id else None
        if vm is None:
            raise bad_request(f"The virtual machine '{vm_id}' does not exist.")
        key = account.key(f"{group}/{worker}")
        is_new = key not in self._workers
        now = self._ctx.clock.now().isoformat()
        registered = self._workers.get(key, {"registered": now})["registered"]
        self._workers[key] = {"name": worker, "vm": vm["id"], "registered": registered, "seen": now}
        return self.get(account, group, worker), is_new

    def get(self, account: Account, group: str, worker: str) -> dict[str, Any]:
        """Return a worker; while its VM exists it was seen just now. Raises WireError (NotFound)."""
        key = account.key(f"{group}/{worker}")
        kept = self._workers.get(key)
        if kept is None:
            raise not_found("hybrid runbook worker", worker)
        if self._ctx.resources.get(kept["vm"]):
            kept = {**kept, "seen": self._ctx.clock.now().isoformat()}
            self._workers[key] = kept
        return {
            "id": account.child(f"hybridRunbookWorkerGroups/{group}/hybridRunbookWorkers", worker),
            "name": worker,
            "type": "Microsoft.Automation/AutomationAccounts/HybridRunbookWorkerGroups/HybridRunbookWorkers",
            "properties": {
                "ip": "10.0.0.4",
                "registeredDateTime": kept["registered"],
                "lastSeenDateTime": kept["seen"],
                "vmResourceId": kept["vm"],
                "workerType": "HybridV2",
                "workerName": kept["vm"].rsplit("/", 1)[-1],
            },
        }

    def all(self, account: Account, group: str) -> list[dict[str, Any]]:
        """Return a group's workers. Raises WireError (NotFound)."""
        self.group(account, group)
        kept = self._workers.prefixed(account.key(group) + "/")
        return [self.get(account, group, worker["name"]) for _, worker in kept]

    def delete(self, account: Account, group: str, worker: str) -> None:
        """Take a worker out of its group. Raises WireError (NotFound)."""
        self.get(account, group, worker)
        del self._workers[account.key(f"{group}/{worker}")]

    def live_vm(self, account: Account, group: str) -> str | None:
        """Return the VM that takes the group's next job; None while no worker lives."""
        for _, kept in self._workers.prefixed(account.key(group) + "/"):
            if self._ctx.resources.get(kept["vm"]):
                return str(kept["vm"])
        return None

    def has_group(self, account: Account, group: str) -> bool:
        """Tell whether the account has that group."""
        return account.key(group) in self._groups
