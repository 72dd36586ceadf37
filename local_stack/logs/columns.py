"""What becomes of a row on its way into a table: Azure takes what fits and says nothing of the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from local_stack.logs.times import format_time, parse_time

MAX_FIELD_BYTES = 64 * 1024
OLDEST = timedelta(days=2)
NEWEST = timedelta(days=1)
TYPES = frozenset(("string", "int", "long", "real", "boolean", "bool", "datetime", "dynamic", "guid"))


def normal(kind: str) -> str:
    """Return a column type's one spelling; tables say dateTime and boolean, queries datetime and bool."""
    lowered = kind.lower()
    return "bool" if lowered == "boolean" else lowered


def fit(row: Mapping[str, Any], stream: Sequence[Mapping[str, Any]], received: datetime) -> dict[str, Any]:
    """Return the stream's columns of `row`: undeclared ones dropped, wrong types null, a plausible time."""
    fitted = {column["name"]: value_of(row.get(column["name"]), normal(column["type"])) for column in stream}
    fitted["TimeGenerated"] = _plausible(fitted.get("TimeGenerated"), received)
    return fitted


def into_table(row: Mapping[str, Any], table: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the row with the table's columns, each null where the stream has nothing that fits."""
    return {column["name"]: value_of(row.get(column["name"]), normal(column["type"])) for column in table}


def value_of(value: Any, kind: str) -> Any:
    """Return the value as the type keeps it (datetime as text), cut at 64 KB; None when it does not fit."""
    if value is None:
        return None
    if kind == "dynamic":
        text = json.dumps(value, separators=(",", ":"))
        return value if len(text.encode()) <= MAX_FIELD_BYTES else _cut(text)
    if kind in ("string", "guid"):
        return _cut(value) if isinstance(value, str) else None
    if kind == "datetime":
        moment = parse_time(value) if isinstance(value, str) else None
        return format_time(moment) if moment else None
    if kind == "bool":
        return value if isinstance(value, bool) else None
    return _number(value, kind)


def _number(value: Any, kind: str) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if kind == "real":
        return value
    bits = 31 if kind == "int" else 63
    return value if isinstance(value, int) and -(2**bits) <= value < 2**bits else None


def _plausible(text: str | None, received: datetime) -> str:
    moment = parse_time(text) if text else None
    if moment is None or moment < received - OLDEST or moment > received + NEWEST:
        return format_time(received)
    return format_time(moment)


def _cut(text: str) -> str:
    return text.encode()[:MAX_FIELD_BYTES].decode(errors="ignore")
