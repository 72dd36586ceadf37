"""Runbooks: New until first published, Edit while a draft lies over the published text, else Published."""

from __future__ import annotations

import uuid
from typing import Any

from local_stack.automation.errors import bad_request, not_found
from local_stack.automation.state import Account
from local_stack.core.context import Context

KINDS = {
    "Script",
    "Graph",
    "PowerShellWorkflow",
    "PowerShell",
    "GraphPowerShellWorkflow",
    "GraphPowerShell",
    "Python2",
    "Python3",
    "Python",
    "PowerShell72",
}
KEPT = ("runtimeEnvironment", "logVerbose", "logProgress", "logActivityTrace", "description")
MAX_CONTENT = 1024 * 1024


class Runbooks:
    """The runbooks of all accounts; their bodies are ARM resources, their texts are kept beside."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._content = ctx.store.collection("automation", "content")

    def all(self, account: Account) -> list[dict[str, Any]]:
        """Return the account's runbooks, by name."""
        return self._ctx.resources.list(account.id, "Microsoft.Automation/automationAccounts/runbooks")

    def get(self, account: Account, name: str) -> dict[str, Any]:
        """Return a runbook. Raises WireError (NotFound)."""
        body = self._ctx.resources.get(account.child("runbooks", name))
        if body is None:
            raise not_found("runbook", name)
        return body

    def put(self, account: Account, name: str, given: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Create a runbook or change its facts, and say whether it is new. Raises WireError (BadRequest)."""
        resource_id = account.child("runbooks", name)
        before = self._ctx.resources.get(resource_id)
        properties = given.get("properties", {})
        kind = self._kind(properties, before)
        if properties.get("publishContentLink"):
            raise bad_request("The content link cannot be reached: publish through draft/content.")
        now = self._ctx.clock.now().isoformat()
        fresh: dict[str, Any] = {"state": "New", "creationTime": now, "jobCount": 0}
        old: dict[str, Any] = before["properties"] if before else fresh
        kept = {name: properties[name] for name in KEPT if name in properties}
        body = {
            "location": given.get("location") or account.body.get("location", ""),
            "tags": given.get("tags") or {},
            "properties": {**old, **kept, "runbookType": kind, "lastModifiedTime": now},
        }
        if before is not None and "draft" in properties:
            body["properties"]["state"] = _edited(old["state"])
        return self._keep(resource_id, body), before is None

    def patch(self, account: Account, name: str, given: dict[str, Any]) -> dict[str, Any]:
        """Change description, logging or tags; the runtime environment cannot be changed this way."""
        before = self.get(account, name)
        allowed = set(KEPT) - {"runtimeEnvironment"}
        kept = {key: value for key, value in given.get("properties", {}).items() if key in allowed}
        body = {**before, "tags": given.get("tags", before["tags"])}
        body["properties"] = {**before["properties"], **kept}
        return self._keep(before["id"], body)

    def delete(self, account: Account, name: str) -> bool:
        """Remove a runbook and its texts; say whether it was there."""
        self._content.pop(account.key(name), None)
        return self._ctx.resources.delete(account.child("runbooks", name))

    def replace_draft(self, account: Account, name: str, text: str) -> None:
        """Make `text` the draft. Raises WireError (NotFound, BadRequest)."""
        body = self.get(account, name)
        if len(text.encode()) > MAX_CONTENT:
            raise bad_request("The runbook content is larger than 1 MB.")
        self._content[account.key(name)] = {**self._texts(account, name), "draft": text}
        self._set_state(body, _edited(body["properties"]["state"]))

    def publish(self, account: Account, name: str) -> None:
        """Make the draft the published text. Raises WireError (NotFound, BadRequest)."""
        body, texts = self.get(account, name), self._texts(account, name)
        if texts.get("draft") is None:
            raise bad_request(f"The runbook '{name}' has no draft to publish.")
        self._content[account.key(name)] = {"published": texts["draft"]}
        self._set_state(body, "Published")

    def undo_edit(self, account: Account, name: str) -> None:
        """Drop the draft. Raises WireError (NotFound, BadRequest)."""
        body, texts = self.get(account, name), self._texts(account, name)
        if texts.get("published") is None:
            raise bad_request(f"The runbook '{name}' was never published.")
        self._content[account.key(name)] = {"published": texts["published"]}
        self._set_state(body, "Published")

    def draft(self, account: Account, name: str) -> str:
        """Return the draft's text. Raises WireError (NotFound)."""
        self.get(account, name)
        text = self._texts(account, name).get("draft")
        if text is None:
            raise not_found("draft of runbook", name)
        return str(text)

    def published(self, account: Account, name: str) -> str:
        """Return the published text. Raises WireError (NotFound)."""
        self.get(account, name)
        text = self._texts(account, name).get("published")
        if text is None:
            raise not_found("published content of runbook", name)
        return str(text)

    def _texts(self, account: Account, name: str) -> dict[str, Any]:
        texts: dict[str, Any] = self._content.get(account.key(name), {})
        return texts

    def _kind(self, properties: dict[str, Any], before: dict[str, Any] | None) -> str:
        kind = properties.get("runbookType")
        if kind not in KINDS:
            raise bad_request(f"The runbook type '{kind}' is none of {', '.join(sorted(KINDS))}.")
        if before and before["properties"]["runbookType"] != kind:
            raise bad_request(f"The type of runbook '{before['name']}' cannot be changed.")
        return str(kind)

    def _set_state(self, body: dict[str, Any], state: str) -> None:
        now = self._ctx.clock.now().isoformat()
        properties = {**body["properties"], "state": state, "lastModifiedTime": now}
        self._keep(body["id"], {**body, "properties": properties})

    def _keep(self, resource_id: str, body: dict[str, Any]) -> dict[str, Any]:
        properties = {**body["properties"], "provisioningState": "Succeeded"}
        return self._ctx.resources.put(
            resource_id, {**body, "etag": f'"{uuid.uuid4().hex}"', "properties": properties}
        )


def _edited(state: str) -> str:
    return "New" if state == "New" else "Edit"
