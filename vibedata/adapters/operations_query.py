"""Reads the operations log back through the Logs Query API, folded by EventId in the service."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from azure.core.credentials import TokenCredential
from azure.monitor.query import LogsQueryClient, LogsQueryPartialResult

from vibedata.adapters.azure_errors import azure_errors
from vibedata.errors import Transient
from vibedata.operations_table import table
from vibedata.retry import ATTEMPTS
from vibedata.settings import Settings

AUDIENCE = "https://api.loganalytics.io"
MAX_ROWS = 10_000


class AzureOperationsReader:
    """See `ports.OperationsReader`. Needs Reader at the workspace or above, or Log Analytics Reader."""

    def __init__(self, endpoint: str, workspace_id: str, credential: TokenCredential) -> None:
        self._workspace_id = workspace_id
        self._client = LogsQueryClient(
            credential, endpoint=endpoint.rstrip("/"), audience=AUDIENCE, retry_total=ATTEMPTS
        )

    def rows(self, *, since: datetime, operation_id: str | None = None) -> list[dict[str, Any]]:
        """See `ports.OperationsReader.rows`; at most the 10 000 newest rows."""
        with azure_errors("read the operations log", needs="inventory"):
            found = self._client.query_workspace(
                self._workspace_id, query(since, operation_id), timespan=None
            )
        if isinstance(found, LogsQueryPartialResult):
            raise Transient(
                "logs-incomplete",
                "The workspace answered with a part of the rows only.",
                hint="Ask for less: a later --since, or one --operation-id.",
            )
        return [_row(dict(zip(page.columns, row))) for page in found.tables for row in page.rows]  # noqa: B905


def query(since: datetime, operation_id: str | None) -> str:
    """Return the KQL: filter, fold by EventId, the newest rows, oldest first."""
    start = since.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    lines = [table().name, f"| where TimeGenerated >= datetime({start})"]
    if operation_id is not None:
        lines.append(f"| where OperationId == {quoted(operation_id)}")
    lines += [
        "| summarize arg_max(TimeGenerated, *) by EventId",
        "| order by EventTime desc, EventId desc",
        f"| take {MAX_ROWS}",
        "| order by EventTime asc, EventId asc",
    ]
    return "\n".join(lines)


def quoted(text: str) -> str:
    """Return `text` as a KQL string literal: whatever it holds stays inside."""
    escapes = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return "'" + "".join(escapes.get(character, character) for character in text) + "'"


def operations_reader(settings: Settings, credential: TokenCredential) -> AzureOperationsReader:
    """Return the reader of the instance that the settings name."""
    return AzureOperationsReader(settings.logs_query_endpoint, settings.log_workspace_id, credential)


def _row(found: dict[str, Any]) -> dict[str, Any]:
    """Return our columns in their order, as they were written."""
    return {column.name: _value(found.get(column.name), column.type) for column in table().columns}


def _value(value: Any, kind: str) -> Any:
    if kind == "string":
        return value or ""
    if kind == "datetime":
        return value.isoformat() if isinstance(value, datetime) else value
    if kind == "dynamic":
        return _object(value)
    return value


def _object(value: Any) -> Any:
    """Details arrive as JSON text, or as text cut short by the service."""
    if not isinstance(value, str):
        return value or {}
    try:
        return json.loads(value) if value else {}
    except ValueError:
        return {"text": value}
