"""Every query that the project ships, with the file and the line that it is in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from vibedata import contracts
from vibedata.adapters import operations_query
from vibedata.operations_table import queries

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = "vibedata/contracts"
PLACES = (
    "vibedata",
    "functions_app",
    "runbooks",
    "oci",
    "local_stack",
    "demo",
    "bench",
    "tools",
    "bicep",
    "docs",
)
KINDS = {".py", ".md", ".json", ".bicep", ".bicepparam", ".sh", ".ps1", ".kql", ".csl", ".yml", ".yaml"}
_BLOCK = re.compile(r"^```(?:kusto|kql|csl)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_HERE_STRING = re.compile(r"query - (?:--json )?<<< '([^'\n]+)'")
PIPED = re.compile(
    r"^(?!\s*\|.*\|\s*$)"  # a row of a page's table is none
    r".*(?:\|\s*(where|extend|summarize|project|project-away|distinct|mv-expand|make-series|render|parse|lookup|evaluate)"
    r"\s+[\w(*]|\|\s*(order|sort) by |\|\s*(top|take|limit) \d|\|\s*(join|union) )"
)
_HOSTILE = "it's \\ \"quoted\" // | take 1\n\r\t'"


@dataclass(frozen=True)
class Shipped:
    """A query and where it is."""

    file: str
    line: int
    query: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def shipped() -> list[Shipped]:
    """Return every query over a workspace."""
    return [*_ready(), *_rules(), *_of_the_reader(), *_written(), *_compiled("query")]


def transformations() -> list[Shipped]:
    """Return what the template's data collection rules do with a row on its way into the table."""
    return list(_compiled("transformKql"))


def texts() -> Iterator[tuple[str, str]]:
    """Return each file that ships and may hold a query, with its text."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("*.py")]
    for place in PLACES:
        files += [path for path in (ROOT / place).rglob("*") if path.suffix in KINDS]
    for path in sorted(files):
        yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def _ready() -> Iterator[Shipped]:
    file = f"{CONTRACTS}/operations_queries.json"
    for ready in queries():
        yield Shipped(file, _line(file, json.dumps(ready.question)), ready.query)


def _rules() -> Iterator[Shipped]:
    file = f"{CONTRACTS}/alert_rules.json"
    for rule in contracts.load("alert_rules.json")["rules"]:
        yield Shipped(file, _line(file, f'"name": "{rule["name"]}"'), "\n".join(rule["query"]))


def _of_the_reader() -> Iterator[Shipped]:
    file = "vibedata/adapters/operations_query.py"
    since = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
    for operation in (None, "00000000-0000-0000-0000-000000000000", _HOSTILE):
        yield Shipped(file, _line(file, "def query("), operations_query.query(since, operation))


def _written() -> Iterator[Shipped]:
    """What is shown in pages and helps: blocks of code, and what is handed to `local_stack query`."""
    for file, text in texts():
        for pattern in (_BLOCK, _HERE_STRING):
            for found in pattern.finditer(text):
                yield Shipped(file, text.count("\n", 0, found.start(1)) + 1, found[1])


def _compiled(key: str) -> Iterator[Shipped]:
    """What the compiled template says in so many words; its expressions come from the contracts above."""
    file = "bicep/main.json"
    for text in _strings(json.loads((ROOT / file).read_text("utf-8")), key):
        yield Shipped(file, _line(file, json.dumps(text)), text)


def _strings(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        text = value.get(key)
        if isinstance(text, str) and not text.startswith("["):
            yield text
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(inner, key)


def _line(file: str, text: str) -> int:
    before, found, _ = (ROOT / file).read_text("utf-8").partition(text)
    assert found, f"{text} is not in {file}"
    return before.count("\n") + 1
