"""The one definition of `VibeData_Operations_CL`, in the shapes that others need it.

`contracts/operations_columns.json` is the definition. From it come the workspace table's schema, the data
collection rule's stream, the page docs/operations-table.md (`python -m vibedata.operations_table`), and the
check of a row. The page's queries are `contracts/operations_queries.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vibedata import contracts

_TABLE_TYPES = {"datetime": "dateTime"}  # the table's API spells it so, the rule's does not
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "datetime": (str,),
    "string": (str,),
    "int": (int,),
    "long": (int,),
    "dynamic": (dict,),
}


@dataclass(frozen=True)
class Column:
    """One column, in the contract's own words."""

    name: str
    type: str
    unit: str
    description: str
    required: bool
    source: str


@dataclass(frozen=True)
class Table:
    """The table, the stream that feeds it, and its columns in order."""

    schema_version: int
    name: str
    stream: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Ready:
    """A question of an on-call engineer, the query that answers it, and the answer's columns with their types."""

    question: str
    about: str
    query: str
    columns: Mapping[str, str]


def queries() -> list[Ready]:
    """Return the queries that the page shows."""
    found = contracts.load("operations_queries.json")["queries"]
    return [Ready(one["question"], one["about"], "\n".join(one["query"]), one["columns"]) for one in found]


@lru_cache(maxsize=1)
def table() -> Table:
    """Read the contract."""
    document = contracts.load("operations_columns.json")
    columns = tuple(Column(**column) for column in document["columns"])
    return Table(document["schemaVersion"], document["table"], document["stream"], columns)


def stream_declarations() -> dict[str, Any]:
    """Return `properties.streamDeclarations` of the data collection rule."""
    columns = [{"name": column.name, "type": column.type} for column in table().columns]
    return {table().stream: {"columns": columns}}


def data_flows(destination: str) -> list[dict[str, Any]]:
    """Return `properties.dataFlows` of the rule: the stream, unchanged, into the table at `destination`."""
    return [
        {
            "streams": [table().stream],
            "destinations": [destination],
            "transformKql": "source",
            "outputStream": f"Custom-{table().name}",
        }
    ]


def table_schema() -> dict[str, Any]:
    """Return `properties.schema` of the workspace's table."""
    columns = [
        {
            "name": column.name,
            "type": _TABLE_TYPES.get(column.type, column.type),
            "description": column.description,
        }
        for column in table().columns
    ]
    return {"name": table().name, "columns": columns}


def problems(row: Mapping[str, Any]) -> list[str]:
    """Say what keeps `row` from being a complete row of the table (nothing: it is one)."""
    known = {column.name: column for column in table().columns}
    found = [f"{name} is no column" for name in row if name not in known]
    return found + [text for column in known.values() if (text := _problem(column, row))]


def docs_page() -> str:
    """Return docs/operations-table.md."""
    head = (
        f"# {table().name}\n\n"
        "The record of everything the suite does: append-only, one row where a step starts and one where it\n"
        "ends. Rows may arrive twice; read them folded:\n\n"
        "```kusto\n"
        f"{table().name}\n"
        "| where TimeGenerated > ago(1h)\n"
        "| summarize arg_max(TimeGenerated, *) by EventId\n"
        "| order by EventTime asc\n"
        "```\n\n"
        "`vibedata logs` does exactly that. No row holds a secret or customer data, "
        "but [what an alert says](alerts.md#what-an-alert-may-do).\n\n"
        f"Schema version {table().schema_version}; stream `{table().stream}`. This page is made by\n"
        "`python -m vibedata.operations_table` from `vibedata/contracts/operations_columns.json`.\n\n"
        "| column | type | unit | required | source | meaning |\n|---|---|---|---|---|---|\n"
    )
    columns = "".join(_docs_row(column) for column in table().columns)
    asked = (
        "\n## Questions of an on-call engineer\n\n"
        "Each is folded by EventId first. All rows of an incident share an OperationId; what else the Details of an\n"
        "alert hold is in [alerts.md](alerts.md). In Azure paste one into the workspace's *Logs*, or say\n"
        '`az monitor log-analytics query -w WORKSPACE_ID --analytics-query "$(cat query.kql)" -o table`;\n'
        "on the local stack `python -m local_stack query query.kql`. Quoted names (`'postgres'`,\n"
        "`'00000000-…'`) are examples: put in your own.\n"
    )
    return head + columns + asked + "".join(map(_docs_query, queries()))


def _problem(column: Column, row: Mapping[str, Any]) -> str:
    if column.name not in row:
        return f"{column.name} is missing"
    value = row[column.name]
    if value is None:
        return f"{column.name} is required and empty" if column.required else ""
    if not isinstance(value, _PYTHON_TYPES[column.type]) or isinstance(value, bool):
        return f"{column.name} is {type(value).__name__}, the column is {column.type}"
    return f"{column.name} is required and empty" if column.required and value == "" else ""


def _docs_query(ready: Ready) -> str:
    about = f"{ready.about}\n\n" if ready.about else ""
    columns = ", ".join(f"`{name}` {kind}" for name, kind in ready.columns.items())
    return f"\n### {ready.question}\n\n{about}```kusto\n{ready.query}\n```\n\nAnswer: {columns}.\n"


def _docs_row(column: Column) -> str:
    required = "yes" if column.required else "no"
    cells = (column.name, column.type, column.unit, required, column.source, column.description)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    print(docs_page(), end="")
