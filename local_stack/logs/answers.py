"""Takes a request apart, asks the state, and shapes the answer as Azure's service does."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from local_stack.core.bodies import json_object
from local_stack.core.context import Context
from local_stack.core.errors import Forbidden, WireError
from local_stack.logs import errors
from local_stack.logs.kql import Query, parse
from local_stack.logs.kql_run import Table, run
from local_stack.logs.state import Logs
from local_stack.logs.times import format_span, format_time, parse_timespan

INGEST = "Microsoft.Insights/Telemetry/Write"
QUERY = "Microsoft.OperationalInsights/workspaces/query/read"


class Answers:
    """The handlers of both listeners."""

    def __init__(self, ctx: Context, logs: Logs) -> None:
        self._ctx = ctx
        self._logs = logs

    async def ingest(self, request: web.Request) -> web.StreamResponse:
        """POST /dataCollectionRules/{rule}/streams/{stream}"""
        immutable_id, stream = request.match_info["rule"], request.match_info["stream"]
        rule = self._logs.rule(immutable_id)
        if rule is None or not immutable_id.startswith("dcr-"):
            raise errors.rule_unknown(immutable_id)
        if not self._ctx.roles.allows(request["principal"], INGEST, rule["id"], data=True):
            raise errors.no_access(immutable_id)
        if stream not in rule["properties"].get("streamDeclarations", {}):
            raise errors.stream_unknown(immutable_id, stream)
        rows = await _rows(request)
        request["detail"] = {
            "stream": stream,
            "rows": len(rows),
            "tables": self._logs.take(rule, stream, rows),
        }
        return web.Response(status=204)

    async def query(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/workspaces/{workspace}/query"""
        body = await _query_body(request)
        workspace = self._logs.workspace(request.match_info["workspace"])
        if workspace is None:
            raise errors.workspace_unknown(request.match_info["workspace"])
        try:
            self._ctx.roles.require(request["principal"], QUERY, workspace["id"])
        except Forbidden:
            raise errors.query_forbidden() from None
        now = self._ctx.clock.now()
        try:
            table = self._answer(workspace, parse(body["query"]), body.get("timespan"), now)
        except errors.QueryError as error:
            raise errors.bad_query(error) from error
        return web.json_response({"tables": [_wire(table)]})

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """POST /services/logs/query on the control listener: of the first workspace that has the table"""
        try:
            query = parse((await _query_body(request))["query"])
            found = next(
                filter(None, (self._logs.read(w, query.table, None) for w in self._logs.workspaces())), None
            )
            if found is None:
                raise errors.semantic_error(f"No workspace of the stack has a table {query.table!r}.")
            return web.json_response(_wire(run(query, found, self._ctx.clock.now())))
        except errors.QueryError as error:
            raise WireError(400, "BadArgumentError", str(error)) from error

    def _answer(self, workspace: dict[str, Any], query: Query, timespan: str | None, now: datetime) -> Table:
        span = parse_timespan(timespan, now) if timespan else None
        if timespan and span is None:
            raise errors.bad_payload(f"The timespan '{timespan}' is not valid.")
        table = self._logs.read(workspace, query.table, span)
        if table is None:
            raise errors.semantic_error(
                f"'where' operator: Failed to resolve table or column expression named '{query.table}'"
            )
        return run(query, table, now)


async def _rows(request: web.Request) -> list[dict[str, Any]]:
    compressed = request.content_length or 0
    if compressed > errors.MAX_BODY_BYTES:
        raise errors.too_large(compressed)
    body = await request.read()  # already unpacked
    if len(body) > errors.MAX_BODY_BYTES:
        raise errors.too_large(len(body))
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError):
        raise errors.bad_payload("The request body is not valid JSON.") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise errors.bad_payload("The request body must be a JSON array of objects.")
    return rows


async def _query_body(request: web.Request) -> dict[str, Any]:
    body = await json_object(request, errors.bad_payload)
    if not isinstance(body.get("query"), str):
        raise errors.bad_payload("The request body must be an object with a query.")
    if body.get("workspaces"):
        raise errors.bad_payload("The local stack queries one workspace at a time.")
    return body


def _wire(table: Table) -> dict[str, Any]:
    columns = [{"name": name, "type": kind} for name, kind in table.columns.items()]
    rows = [[_value(row[name]) for name in table.columns] for row in table.rows]
    return {"name": "PrimaryResult", "columns": columns, "rows": rows}


def _value(value: Any) -> Any:
    if isinstance(value, timedelta):
        return format_span(value)
    return format_time(value) if isinstance(value, datetime) else value
