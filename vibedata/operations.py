"""Rows of `VibeData_Operations_CL`: the append-only record of everything the suite does (PRD-19 NFR-7).

A row's EventId is a function of what happened, never of when or in which attempt, so a retried step writes
the same id again and every reader folds by it (D12). Columns, types and units live in
contracts/operations_columns.json.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vibedata import redact
from vibedata.envelope import NAMESPACE
from vibedata.operations_table import table

MAX_DETAILS_BYTES = 32 * 1024
MAX_MESSAGE_CHARS = 4096
MAX_FIELD_BYTES = 64 * 1024  # Azure cuts a longer value without a word
MAX_PREVIEW_CHARS = 256
MAX_PREVIEW_FIELDS = 16

Row = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One invocation of a verb: what every row of it has in common."""

    operation_id: str
    verb: str
    instance_id: str
    phase: int | None = None
    actor: str = ""
    job_id: str = ""
    release_digest: str = ""


@dataclass(frozen=True)
class Event:
    """One thing that happened: the columns that differ from row to row. `key` tells equal events apart."""

    name: str
    status: str
    at: datetime
    component: str = ""
    category: str = "Deployment"
    severity: str = "Information"
    key: str = ""
    duration_ms: int | None = None
    error_code: str = ""
    message: str = ""
    remedy: str = ""
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Overflow:
    """Details that are too large for a row: the name of the blob they go to, and their bytes."""

    name: str
    content: bytes


def event_id(operation_id: str, *parts: str) -> str:
    """Return the deterministic EventId of what `parts` name within an operation."""
    name = "/".join(("event", operation_id, *parts))
    return str(uuid.uuid5(NAMESPACE, name.encode(errors="replace").decode()))


def row(operation: Operation, event: Event) -> Row:
    """Return the complete row of `event`: bounded, without credentials, every column present."""
    identity = [operation.verb, event.name, event.component, event.status]
    time = event.at.isoformat()
    return {
        "TimeGenerated": time,
        "EventTime": time,
        "SchemaVersion": table().schema_version,
        "EventId": event_id(operation.operation_id, *identity, *([event.key] if event.key else [])),
        "OperationId": operation.operation_id,
        "InstanceId": _field(operation.instance_id),
        "Category": _field(event.category),
        "Operation": _field(f"{operation.verb}/{event.name}" if event.name else operation.verb),
        "Phase": operation.phase,
        "Component": _field(event.component),
        "Status": _field(event.status),
        "Severity": _field(event.severity),
        "DurationMs": event.duration_ms,
        "ErrorCode": _field(event.error_code),
        "Message": _sentence(event.message),
        "Remedy": _sentence(event.remedy),
        "Actor": _field(operation.actor),
        "JobId": _field(operation.job_id),
        "ReleaseDigest": _field(operation.release_digest),
        "Details": redact.data(dict(event.details or {})),
    }


def details_bytes(row: Mapping[str, Any]) -> int:
    """Return the size of a row's Details as JSON, in bytes."""
    return len(_json(row.get("Details") or {}))


def overflow(row: Mapping[str, Any]) -> tuple[Row, Overflow | None]:
    """Return the row as it fits the table, and the Details that go to a blob when they exceed 32 KiB."""
    content = _json(row.get("Details") or {})
    if len(content) <= MAX_DETAILS_BYTES:
        return dict(row), None
    name = f"sha256/{hashlib.sha256(content).hexdigest()}"
    details = {"blob": name, "bytes": len(content), "preview": _preview(row["Details"])}
    return {**row, "Details": details}, Overflow(name, content)


def fold(rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return one row per EventId (the newest TimeGenerated stands), oldest event first."""
    newest: dict[str, Row] = {}
    for candidate in rows:
        known = newest.get(candidate["EventId"])
        if known is None or _order(candidate, "TimeGenerated") >= _order(known, "TimeGenerated"):
            newest[candidate["EventId"]] = dict(candidate)
    return sorted(newest.values(), key=lambda folded: (_order(folded, "EventTime"), folded["EventId"]))


def _order(row: Mapping[str, Any], column: str) -> str:
    return str(row[column])


def _sentence(text: str) -> str:
    return redact.text(text)[:MAX_MESSAGE_CHARS]


def _field(text: str) -> str:
    return redact.text(text).encode()[:MAX_FIELD_BYTES].decode(errors="ignore")


def _preview(details: Mapping[str, Any]) -> Row:
    shown = list(details.items())[:MAX_PREVIEW_FIELDS]
    return {key[:MAX_PREVIEW_CHARS]: _short(value) for key, value in shown}


def _short(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return f"{len(value)} items"
    return value[:MAX_PREVIEW_CHARS] if isinstance(value, str) else value


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        errors="replace"
    )
