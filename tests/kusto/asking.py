"""Asks Kusto's own parser and analyser, as Microsoft publishes it for its editors, what it makes of queries."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_stack.storage.node import node
from tests.peers import absent
from vibedata.operations_table import stream_declarations, table

HERE = Path(__file__).parent
PACKAGE = "@kusto/language-service-next"
SECONDS = 100  # on a busy machine; an idle one takes three

Columns = tuple[tuple[str, str], ...]
Tables = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Problem:
    """What Kusto objects to, in its own words, and where in the query."""

    severity: str
    code: str
    line: int
    column: int
    text: str
    message: str


@dataclass(frozen=True)
class Analysis:
    """A query, what Kusto objects to in it, and the columns of its answer (None: it cannot tell)."""

    query: str
    problems: tuple[Problem, ...]
    columns: Columns | None

    @property
    def accepted(self) -> bool:
        """Say whether there is no error; warnings and suggestions are none."""
        return not any(problem.severity == "Error" for problem in self.problems)


def workspace() -> Tables:
    """Return the tables of a workspace with their columns: ours by its one definition, Azure's, the standard ones."""
    azure = json.loads((HERE / "azure_tables.json").read_text("utf-8"))
    ours = {column.name: column.type for column in table().columns}
    tables = {table().name: ours, **azure["tables"]}
    return {name: {**columns, **azure["standard"]} for name, columns in tables.items()}


def stream() -> Tables:
    """Return what a transformation in a data collection rule asks: `source`, which has the stream's columns."""
    (declared,) = stream_declarations().values()
    return {"source": {column["name"]: column["type"] for column in declared["columns"]}}


def analysed(*batches: tuple[Sequence[str], Tables]) -> list[list[Analysis]]:
    """Return what Kusto makes of each query over its tables. Skips the test where its parser is not installed.

    Ask everything in one call: the parser takes two seconds to begin, and a millisecond for a query.
    """
    if not (HERE.parents[1] / "node_modules" / PACKAGE / "package.json").is_file():
        absent(f"Kusto's parser is not installed ({PACKAGE}; `make test` installs it)")
    asked = json.dumps([{"tables": tables, "queries": list(queries)} for queries, tables in batches])
    script = [node(), str(HERE / "analyse.cjs")]
    done = subprocess.run(script, input=asked, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return [
        [_analysis(query, one) for query, one in zip(queries, found, strict=True)]
        for (queries, _), found in zip(batches, json.loads(done.stdout), strict=True)
    ]


def _analysis(query: str, found: dict[str, Any]) -> Analysis:
    problems = tuple(Problem(**one) for one in found["diagnostics"])
    columns = found["columns"]
    return Analysis(query, problems, None if columns is None else tuple((n, t) for n, t in columns))
