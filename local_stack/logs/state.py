"""What the logs services keep: the rules of ARM's inventory, and the rows, in the stack's database."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from local_stack.core.context import Context
from local_stack.logs import columns
from local_stack.logs.kql_run import Table
from local_stack.logs.times import format_time, parse_time

WORKSPACE = "microsoft.operationalinsights/workspaces"
TABLE = "microsoft.operationalinsights/workspaces/tables"
ENDPOINT = "microsoft.insights/datacollectionendpoints"
RULE = "microsoft.insights/datacollectionrules"

_ROWS = """
CREATE TABLE IF NOT EXISTS log_rows (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace TEXT NOT NULL, name TEXT NOT NULL, time TEXT NOT NULL, row TEXT NOT NULL
)
"""
_INDEX = "CREATE INDEX IF NOT EXISTS log_rows_by_time ON log_rows (workspace, name, time)"
# What every table of a workspace has besides its own columns.
_STANDARD = {"TenantId": "string", "Type": "string", "_ResourceId": "string"}


class Logs:
    """Finds workspaces, tables and rules, and keeps rows."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._rules = ctx.store.collection("logs", "rules")  # immutable id → ARM id
        ctx.store.execute(_ROWS)
        ctx.store.execute(_INDEX)

    def immutable_id(self, prefix: str, resource_id: str) -> str:
        """Return a fresh `dcr-<32 hex>` and remember whose it is."""
        fresh = f"{prefix}-{uuid.uuid4().hex}"
        self._rules[fresh] = resource_id
        return fresh

    def forget(self, immutable_id: str) -> None:
        """Let go of a deleted rule's id."""
        self._rules.pop(immutable_id, None)

    def rule(self, immutable_id: str) -> dict[str, Any] | None:
        """Return the data collection rule with this immutable id."""
        resource_id = self._rules.get(immutable_id)
        return self._ctx.resources.get(resource_id) if resource_id else None

    def workspaces(self) -> list[dict[str, Any]]:
        """Return every workspace."""
        return self._ctx.resources.list(type=WORKSPACE)

    def workspace(self, customer_id: str) -> dict[str, Any] | None:
        """Return the workspace with this customer id (its GUID, not its ARM id)."""
        wanted = customer_id.lower()
        return next((w for w in self.workspaces() if w["properties"]["customerId"] == wanted), None)

    def table(self, workspace_id: str, name: str) -> dict[str, Any] | None:
        """Return a workspace's table by its exact name."""
        found = self._ctx.resources.get(f"{workspace_id}/tables/{name}")
        return found if found and found["name"] == name else None

    def take(self, rule: dict[str, Any], stream: str, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
        """Bring rows of a stream into the tables that the rule's flows name; return how many went where."""
        received = self._ctx.clock.now()
        declared = rule["properties"]["streamDeclarations"][stream]["columns"]
        fitted = [columns.fit(row, declared, received) for row in rows]
        taken: dict[str, int] = {}
        for flow in rule["properties"]["dataFlows"]:
            if stream in flow["streams"]:
                for workspace_id in _targets(rule, flow):
                    name = str(flow["outputStream"]).partition("-")[2]
                    taken[name] = taken.get(name, 0) + self._keep(workspace_id, name, fitted)
        return taken

    def read(
        self, workspace: dict[str, Any], name: str, span: tuple[datetime, datetime] | None
    ) -> Table | None:
        """Return a table's rows within `span`, in the order of their times; None: there is no such table."""
        table = self.table(workspace["id"], name)
        if table is None:
            return None
        types = {c["name"]: columns.normal(c["type"]) for c in table["properties"]["schema"]["columns"]}
        start, end = (format_time(span[0]), format_time(span[1])) if span else ("", "~")
        found = self._ctx.store.execute(
            "SELECT row FROM log_rows "
            "WHERE workspace=? AND name=? AND time BETWEEN ? AND ? ORDER BY time, seq",
            (workspace["id"].lower(), name, start, end),
        )
        standard = {"TenantId": workspace["properties"]["customerId"], "Type": name, "_ResourceId": ""}
        rows = [{**_typed(json.loads(row[0]), types), **standard} for row in found]
        return Table({**types, **_STANDARD}, rows)

    def drop(self, workspace_id: str, name: str) -> None:
        """Delete a table's rows."""
        self._ctx.store.execute(
            "DELETE FROM log_rows WHERE workspace=? AND name=?", (workspace_id.lower(), name)
        )

    def _keep(self, workspace_id: str, name: str, rows: Sequence[dict[str, Any]]) -> int:
        table = self.table(workspace_id, name)
        if table is None:
            return 0
        schema = table["properties"]["schema"]["columns"]
        with self._ctx.store.transaction():
            for row in rows:
                kept = columns.into_table(row, schema)
                self._ctx.store.execute(
                    "INSERT INTO log_rows (workspace, name, time, row) VALUES (?, ?, ?, ?)",
                    (
                        workspace_id.lower(),
                        name,
                        row["TimeGenerated"],
                        json.dumps(kept, separators=(",", ":")),
                    ),
                )
        return len(rows)


def _targets(rule: dict[str, Any], flow: dict[str, Any]) -> list[str]:
    destinations = rule["properties"]["destinations"]["logAnalytics"]
    return [d["workspaceResourceId"] for d in destinations if d["name"] in flow["destinations"]]


def _typed(row: dict[str, Any], types: dict[str, str]) -> dict[str, Any]:
    return {name: _value(row.get(name), kind) for name, kind in types.items()}


def _value(value: Any, kind: str) -> Any:
    if kind in ("string", "guid"):
        return value or ""  # a string is never null in Kusto
    if kind == "datetime":
        return parse_time(value) if value else None
    if kind == "dynamic" and value is not None:
        return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return value
