"""Answers a parsed query over rows, one operator of its pipe after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_stack.logs.errors import semantic_error
from local_stack.logs.kql import Aggregate, Query, Step
from local_stack.logs.kql_values import Row, Values, columns_of, type_of

_KEPT_TYPES = ("min", "max")  # aggregates whose result is of their argument's type


@dataclass(frozen=True)
class Table:
    """Rows with their columns (name → type), in order."""

    columns: Mapping[str, str]
    rows: list[Row]


def run(query: Query, table: Table, now: datetime) -> Table:
    """Return what the query's pipe makes of the table. Raises QueryError (SemanticError)."""
    runner = _Runner(Values(now))
    for step in query.steps:
        table = runner.step(step, table)
    return table


class _Runner:
    def __init__(self, values: Values) -> None:
        self._values = values

    def step(self, step: Step, table: Table) -> Table:
        if step.name == "where":
            _known(columns_of(step.expression), table, "where")
            rows = [row for row in table.rows if self._values.truth(step.expression, row)]
            return Table(table.columns, rows)
        if step.name == "take":
            return Table(table.columns, table.rows[: step.count])
        if step.name == "count":
            return Table({"Count": "long"}, [{"Count": len(table.rows)}])
        if step.name == "order":
            return _ordered(step, table)
        if step.name == "extend":
            return self._named(step.named, table, "extend", table.columns)
        if step.name == "project":
            return self._named(step.named, table, "project", {})
        return self._summarized(step, table)

    def _named(
        self, named: Sequence[tuple[str, Any]], table: Table, where: str, kept: Mapping[str, str]
    ) -> Table:
        """Return the columns that are kept, and those that the expressions make."""
        _known([name for _, part in named for name in columns_of(part)], table, where)
        columns = {**kept, **{name: type_of(part, table.columns) for name, part in named}}
        rows = [
            {
                **{name: row[name] for name in kept},
                **{name: self._values.value(part, row) for name, part in named},
            }
            for row in table.rows
        ]
        return Table(columns, rows)

    def _summarized(self, step: Step, table: Table) -> Table:
        keys = [name for name, _ in step.named]
        used = [name for one in step.aggregates for name in columns_of(one.argument)]
        _known([*used, *([step.newest_by] if step.newest_by else [])], table, "summarize")
        grouped = self._named(step.named, table, "summarize", {})
        least = [one.argument for one in step.aggregates if one.function in _KEPT_TYPES]
        _plain([*grouped.columns.values(), *(type_of(part, table.columns) for part in least)], "summarize")
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row, key in zip(table.rows, grouped.rows):  # noqa: B905 - one for each
            groups.setdefault(tuple(key[name] for name in keys), []).append(row)
        if step.newest_by:
            return _newest(step.newest_by, table, grouped.columns, groups)
        if not keys and not groups:
            groups = {(): []}
        columns = {
            **grouped.columns,
            **{one.name: _aggregate_type(one, table.columns) for one in step.aggregates},
        }
        rows = [
            {**dict(zip(keys, key)), **{one.name: self._aggregated(one, rows) for one in step.aggregates}}  # noqa: B905
            for key, rows in groups.items()
        ]
        return Table(columns, rows)

    def _aggregated(self, aggregate: Aggregate, rows: list[Row]) -> Any:
        if aggregate.function == "count":
            return len(rows)
        if aggregate.function == "countif":
            return sum(self._values.truth(aggregate.argument, row) for row in rows)
        values = [self._values.value(aggregate.argument, row) for row in rows]
        found = [value for value in values if value is not None]
        if aggregate.function == "dcount":
            return len(set(map(str, found)))
        if aggregate.function == "make_set":
            return json.dumps(
                list({str(value): value for value in found}.values()), separators=(",", ":"), default=str
            )
        return (min if aggregate.function == "min" else max)(found, default=None)


def _newest(
    by: str, table: Table, keys: Mapping[str, str], groups: Mapping[tuple[Any, ...], list[Row]]
) -> Table:
    """Return the row of each group in which a column is greatest."""
    rest = {name: kind for name, kind in table.columns.items() if name not in keys and name != by}
    columns = {**keys, **({} if by in keys else {by: table.columns[by]}), **rest}
    rows = []
    for key, group in groups.items():
        newest = max(group, key=_nulls_first(by))
        rows.append({**{name: newest[name] for name in columns if name not in keys}, **dict(zip(keys, key))})  # noqa: B905
    return Table(columns, rows)


def _aggregate_type(aggregate: Aggregate, columns: Mapping[str, str]) -> str:
    if aggregate.function in _KEPT_TYPES:
        return type_of(aggregate.argument, columns)
    return "dynamic" if aggregate.function == "make_set" else "long"


def _ordered(step: Step, table: Table) -> Table:
    _known([name for name, _ in step.columns], table, "order")
    _plain([table.columns[name] for name, _ in step.columns], "order")
    rows = list(table.rows)
    for name, direction in reversed(step.columns):
        rows.sort(key=_nulls_first(name), reverse=direction == "desc")
    return Table(table.columns, rows)


def _nulls_first(name: str) -> Callable[[Row], tuple[bool, Any]]:
    return lambda row: (row[name] is not None, row[name])


def _plain(kinds: Sequence[str], where: str) -> None:
    if "dynamic" in kinds:
        raise semantic_error(
            f"'{where}' operator: a key is of a 'dynamic' type. Please use an explicit cast."
        )


def _known(names: list[str], table: Table, where: str) -> None:
    for name in names:
        if name not in table.columns:
            raise semantic_error(
                f"'{where}' operator: Failed to resolve column or scalar expression named '{name}'"
            )
