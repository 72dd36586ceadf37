"""Answers a parsed query over rows, one operator of its pipe after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_stack.logs.errors import semantic_error
from local_stack.logs.kql import Aggregate, Call, Column, Query, Step
from local_stack.logs.kql_types import require_bool, type_of
from local_stack.logs.kql_values import Row, Values, columns_of

_KEPT_TYPES = ("min", "max", "minif", "maxif")  # aggregates whose result is of their argument's type


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
            require_bool(step.expression, table.columns)
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
        _once([name for name, _ in named], where)
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
        used = [
            name
            for one in step.aggregates
            for name in (*columns_of((one.argument, one.condition)), *one.beside)
        ]
        _known([*used, *([step.newest_by] if step.newest_by else [])], table, "summarize")
        _once([*keys, *(name for one in step.aggregates for name in (one.name, *one.beside))], "summarize")
        grouped = self._named(step.named, table, "summarize", {})
        newest = [table.columns[step.newest_by]] if step.newest_by else []
        made = {}
        for one in step.aggregates:
            made[one.name] = _aggregate_type(one, table.columns)
            made.update({name: table.columns[name] for name in one.beside})
        _plain([*grouped.columns.values(), *newest], "summarize")
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row, key in zip(table.rows, grouped.rows):  # noqa: B905 - one for each
            groups.setdefault(tuple(key[name] for name in keys), []).append(row)
        if step.newest_by:
            return _newest(step, table, grouped.columns, groups)
        if not keys and not groups:
            groups = {(): []}
        columns = {**grouped.columns, **made}
        answered = []
        for group, rows in groups.items():
            answer: Row = dict(zip(keys, group))  # noqa: B905 - one for each
            for one in step.aggregates:
                answer |= self._aggregated_with(one, rows)
            answered.append(answer)
        return Table(columns, answered)

    def _aggregated_with(self, aggregate: Aggregate, rows: list[Row]) -> Row:
        """Return an aggregate, and what else it answers."""
        if aggregate.function == "arg_max":
            names = (aggregate.name, *aggregate.beside)
            newest = max(rows, key=_nulls_first(aggregate.name), default=dict.fromkeys(names))
            return {name: newest[name] for name in names}
        return {aggregate.name: self._aggregated(aggregate, rows)}

    def _aggregated(self, aggregate: Aggregate, rows: list[Row]) -> Any:
        if aggregate.condition:
            rows = [row for row in rows if self._values.truth(aggregate.condition, row)]
        if aggregate.function == "count":
            return len(rows)
        if aggregate.function == "countif":
            return sum(self._values.truth(aggregate.argument, row) for row in rows)
        values = [self._values.value(aggregate.argument, row) for row in rows]
        found = [value for value in values if value is not None]
        if aggregate.function in ("dcount", "dcountif"):
            return len(set(map(str, found)))
        if aggregate.function == "make_set":
            return json.dumps(
                list({str(value): value for value in found}.values()), separators=(",", ":"), default=str
            )
        if aggregate.function == "avg":
            return sum(found) / len(found) if found else None
        return (min if aggregate.function in ("min", "minif") else max)(found, default=None)


def _newest(
    step: Step, table: Table, keys: Mapping[str, str], groups: Mapping[tuple[Any, ...], list[Row]]
) -> Table:
    """Return the row of each group in which a column is greatest; a column that is the key is not there twice."""
    by = step.newest_by
    grouping = {_column_itself(part, table.columns) for _, part in step.named}
    rest = [by, *(name for name in table.columns if name != by and name not in grouping)]
    named = {f"{name}1" if name in keys else name: name for name in rest}
    columns = {**keys, **{new: table.columns[name] for new, name in named.items()}}
    rows = []
    for key, group in groups.items():
        newest = max(group, key=_nulls_first(by))
        rows.append({**dict(zip(keys, key)), **{new: newest[name] for new, name in named.items()}})  # noqa: B905
    return Table(columns, rows)


def _column_itself(part: Any, columns: Mapping[str, str]) -> str:
    """Return the column that an expression is no more than: also a cast of one to the type that it has."""
    if isinstance(part, Call) and part.name in ("tostring", "tolong", "todouble"):
        (inner,) = part.arguments
        same = isinstance(inner, Column) and columns[inner.name] == type_of(part, columns)
        return inner.name if same else ""
    return part.name if isinstance(part, Column) else ""


def _aggregate_type(aggregate: Aggregate, columns: Mapping[str, str]) -> str:
    name, argument = aggregate.function, aggregate.argument
    if name == "count":
        return "long"
    if name == "countif":
        require_bool(argument, columns)
        return "long"
    if aggregate.condition:
        require_bool(aggregate.condition, columns)
    kind = type_of(argument, columns)
    if name == "arg_max":
        _plain([kind], "summarize")
        return kind
    if name in _KEPT_TYPES:
        _plain([kind], "summarize")
        return kind
    if name == "avg" and kind not in ("int", "long", "real"):
        raise semantic_error(f"avg() answers numbers here, not {kind}.")
    return {"make_set": "dynamic", "avg": "real"}.get(name, "long")


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


def _once(names: Sequence[str], where: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise semantic_error(
                f"'{where}' operator: A column with the name '{name}' is already declared: give it another."
            )


def _known(names: list[str], table: Table, where: str) -> None:
    for name in names:
        if name not in table.columns:
            raise semantic_error(
                f"'{where}' operator: Failed to resolve column or scalar expression named '{name}'"
            )
