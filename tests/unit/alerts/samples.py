"""The project's own payloads, one per kind, written from the documented formats."""

from __future__ import annotations

import copy
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from vibedata import alerts
from vibedata.alerts import Alert

FOLDER = Path(__file__).parents[2] / "data" / "alerts"
SUBSCRIPTION = "/subscriptions/5c0f1a52-7d5e-4c58-9b0e-2f6a1d0c8e11"
GROUP = f"{SUBSCRIPTION}/resourcegroups/mrg-vibedata"
POSTGRES = f"{GROUP}/providers/microsoft.dbforpostgresql/flexibleservers/psql-vibedata-x7k2"
WORKSPACE = f"{GROUP}/providers/microsoft.operationalinsights/workspaces/log-vibedata-x7k2"
CLUSTER = f"{GROUP}/providers/microsoft.containerservice/managedclusters/aks-vibedata-x7k2"
WEB = f"{GROUP}/providers/microsoft.web/sites/app-web-x7k2"


def names() -> list[str]:
    """Return the names of all samples."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def raw(name: str) -> bytes:
    """Return a sample as it is received."""
    return (FOLDER / f"{name}.json").read_bytes()


def document(name: str) -> dict[str, Any]:
    """Return a sample as JSON, free to be changed."""
    return copy.deepcopy(_document(name))


def parsed(given: Any) -> Alert:
    """Return the alert that a sample's name, or a document, is."""
    alert = alerts.parse(document(given) if isinstance(given, str) else given)
    assert alert is not None
    return alert


@lru_cache(maxsize=64)
def _document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(raw(name))
    return found
