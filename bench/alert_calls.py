"""What the processor asks of Azure for each alert, recorded: the script of the app that does nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import orjson

from vibedata.alerts.message import Message
from vibedata.flows import process_alert
from vibedata.operations_table import table
from vibedata.wiring.functions import FunctionWires

_ENTITY = re.compile(r"/?(\w+)\(PartitionKey='(.*)',RowKey='(.*)'\)")
Call = dict[str, Any]


def record(wires: FunctionWires, messages: Sequence[Message], travel_together: int) -> list[list[Call]]:
    """Process the messages one after the other; return each one's calls, rows put together as the host's load does.

    Alone, each message uploads its own rows. In the host, those of several travel in one request: so many messages'.
    """
    ports = wires.process_alert()
    script: list[list[Call]] = []
    uploads: list[Call] = []
    for number, message in enumerate(messages):
        with _recorded(wires) as calls:
            process_alert.run(message, **ports)
        uploads += [call for call in calls if call["do"] == "upload"]
        kept = [call for call in calls if call["do"] != "upload"]
        if uploads and (number % travel_together == travel_together - 1 or number == len(messages) - 1):
            rows = [row for upload in uploads for row in upload["rows"]]
            kept.insert(max(0, len(kept) - 1), {**uploads[0], "rows": rows})  # before the delivery
            uploads = []
        script.append(kept)
    return script


def lines(script: Sequence[Sequence[Call]]) -> str:
    """Return a script as the bare app reads it."""
    return "".join(json.dumps(calls) + "\n" for calls in script)


@contextmanager
def _recorded(wires: FunctionWires) -> Iterator[list[Call]]:
    """Note every call of the tables' and the log's adapters in the block."""
    calls: list[Call] = []
    stores = [wires.incidents()._rows._rest, wires.deliveries()._rows._rest]
    sender = wires.rows()._sender
    rest_calls, deliver = [store.call for store in stores], sender.deliver

    def noting(real: Any) -> Any:
        def call(method: str, path: str, **given: Any) -> Any:
            calls.append(_call(method, path, given))
            return real(method, path, **given)

        return call

    def delivering(sent: Sequence[bytes], deadline: float) -> Any:
        rows = [orjson.loads(line) for line in sent]
        calls.append({"do": "upload", "stream": table().stream, "rows": rows})
        return deliver(sent, deadline)

    for store, real in zip(stores, rest_calls, strict=True):
        store.call = noting(real)  # type: ignore[method-assign]
    sender.deliver = delivering
    try:
        yield calls
    finally:
        for store, real in zip(stores, rest_calls, strict=True):
            store.call = real  # type: ignore[method-assign]
        sender.deliver = deliver


def _call(method: str, path: str, given: dict[str, Any]) -> Call:
    body = given.get("body")
    if method == "POST" and body is not None:
        return {
            "do": "insert",
            "table": path.strip("/"),
            "partition": body["PartitionKey"],
            "row": body["RowKey"],
            "entity": body,
        }
    found = _ENTITY.fullmatch(path)
    if found is None:
        return {
            "do": "query",
            "table": path.strip("/").rstrip("()"),
            "filter": (given.get("params") or {}).get("$filter", ""),
            "partition": "",
            "row": "",
        }
    name, partition, row = (unquote(part) for part in found.groups())
    word = {"GET": "get", "DELETE": "delete"}.get(method, "replace")
    return {"do": word, "table": name, "partition": partition, "row": row, "entity": body}
