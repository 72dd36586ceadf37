"""One alert of each kind, made of the project's own samples to concern this instance, sent and awaited."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from demo.instance import Instance
from vibedata import alerts

SAMPLES = Path(__file__).resolve().parent.parent / "tests" / "data" / "alerts"
SUBSCRIPTION = "5c0f1a52-7d5e-4c58-9b0e-2f6a1d0c8e11"  # what the samples are about
CATEGORY = "Alert"
COLUMNS = ("kind", "component", "condition", "severity", "row")
WAIT_SECONDS = 60.0
LOOK_SECONDS = 0.5


def write(directory: Path, instance: Instance) -> list[Path]:
    """Write one alert of each kind about the instance's own resources into `directory`; return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for sample in one_of_each_kind():
        files.append(directory / sample.name)
        files[-1].write_text(about(sample.read_text("utf-8"), instance), "utf-8")
    return files


def one_of_each_kind() -> list[Path]:
    """Return a sample of each kind of alert, one that fires where there is one."""
    found: dict[str, tuple[bool, Path]] = {}
    for file in sorted(SAMPLES.glob("*.json")):
        for body in alerts.read(file.read_bytes()):
            alert = alerts.parse(body.document, body.shape)
            known = found.get(alert.kind) if alert else None
            if alert and (known is None or (alert.condition == "Fired" and not known[0])):
                found[alert.kind] = (alert.condition == "Fired", file)
    return [file for _, file in sorted(found.values(), key=lambda one: one[1].name)]


def about(text: str, instance: Instance) -> str:
    """Return a sample as if it had fired for the instance's resources."""
    suffix = instance.names.suffix
    names = {
        SUBSCRIPTION: instance.settings.subscription_id,
        "mrg-vibedata/": f"{instance.names.group}/",
        "app-web-x7k2": f"app-studio-{suffix}",
        "psql-vibedata-x7k2": f"psql-{suffix}",
        "aks-vibedata-x7k2": f"aks-{suffix}",
        "log-vibedata-x7k2": f"log-{suffix}",
        "stvibedatax7k2": f"st{suffix}",
        "x7k2": suffix,
    }
    for old, new in names.items():
        text = text.replace(old, new)
    return text


def await_rows(count: int, known: Iterable[str]) -> tuple[list[dict[str, Any]], float]:
    """Wait until so many new rows of alerts are in the log; return them, and how many seconds that took."""
    began, before = time.monotonic(), set(known)
    rows: list[dict[str, Any]] = []
    while time.monotonic() - began < WAIT_SECONDS:
        rows = [row for row in logged() if row["EventId"] not in before]
        if len(rows) >= count:
            break
        time.sleep(LOOK_SECONDS)
    return rows, time.monotonic() - began


def logged() -> list[dict[str, Any]]:
    """Return the rows of alerts in the operations log, each event once."""
    words = [sys.executable, "-m", "vibedata", "cli", "logs", "--since", "1h", "--output", "json"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    rows: list[dict[str, Any]] = json.loads(told)["rows"]
    return [row for row in rows if row["Category"] == CATEGORY and (row.get("Details") or {}).get("kind")]


def shown(rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return the table of the rows: kind, component, condition, severity, and the row's status."""
    told = []
    for row in rows:
        details = row["Details"]
        outcome = (
            f"{row['Severity']}, notice suppressed" if details.get("suppressed") else str(row["Severity"])
        )
        condition, grave = str(row["Status"]), str(details.get("severity") or "-")
        told.append((str(details["kind"]), str(row["Component"] or "-"), condition, grave, outcome))
    return sorted(told)
