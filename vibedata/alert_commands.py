"""The commands of whoever looks after alerts: what the processor makes of a payload, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vibedata import console
from vibedata.alert_send_command import COMMANDS as SEND_COMMANDS
from vibedata.alert_store_commands import COMMANDS as STORE_COMMANDS
from vibedata.errors import BadInput
from vibedata.options import Output, OutputOption
from vibedata.registry import Row

if TYPE_CHECKING:
    from vibedata.alerts import Body

MAX_REGISTRY_BYTES = 16 * 1024 * 1024
STDIN = Path("-")


def alerts_explain(
    files: Annotated[
        list[Path], typer.Argument(help="Payloads of alerts; `-` is standard input.", allow_dash=True)
    ],
    registry: Annotated[
        Path | None, typer.Option(help="Rows of the registry, to find the component.", dir_okay=False)
    ] = None,
    output: OutputOption = Output.text,
) -> None:
    """Tell what the processor makes of a payload, and why.

    And what it could not place. Of a file with several alerts each is told of by its number: two.json#1, two.json#2.
    Asks nobody, writes nothing.

    Example: vibedata alerts explain alert.json --registry rows.json --output json
    """
    from vibedata import alerts
    from vibedata.alerts import explaining

    rows = None if registry is None else list(_rows(registry))
    read = [(str(file), _bodies(file)) for file in files]
    entries = [entry for name, bodies in read for entry in explaining.explain(name, bodies, rows)]
    if output is Output.json:
        console.print_json(entries)
    else:
        parsed = [alerts.parse(body.document, body.shape) for _, bodies in read for body in bodies]
        for entry, alert in zip(entries, parsed, strict=True):
            console.plain(line.replace("\n", " ") for line in explaining.lines(entry, alert))
    none = [entry["file"] for entry in entries if entry["kind"] == "none"]
    if none and output is Output.json:
        raise typer.Exit(BadInput.exit_code)  # the array is the one document, and says why
    if none:
        raise BadInput(
            "alert-unrecognised",
            f"{', '.join(none[:20])}: no alert of Azure Monitor",
            hint='Give the body as the action group sent it: an object, an array of them, or {"records": […]}.',
            detail={"files": none},
        )


def _bodies(file: Path) -> list[Body]:
    """Return what a file holds; a file that cannot be read is no alert, and does not spoil the others."""
    from vibedata import alerts

    try:
        return alerts.read(_read(file, alerts.MAX_BYTES + 1))
    except BadInput as error:
        return [alerts.Body(None, alerts.Shape("none", code=error.code, reason=error.message))]


def _read(file: Path, limit: int) -> bytes:
    try:
        if file == STDIN:
            return sys.stdin.buffer.read(limit)
        with file.open("rb") as opened:
            return opened.read(limit)
    except OSError as error:
        raise BadInput(
            "file-unreadable", f"{file}: {error.strerror}", hint="Name a file that you can read."
        ) from error


def _rows(file: Path) -> Iterator[Row]:
    """Yield the registry's rows of a file: a list of {key, …} or {key, values}, or an object of them by key."""
    try:
        document = json.loads(_read(file, MAX_REGISTRY_BYTES))
    except (ValueError, RecursionError) as error:
        raise _unreadable(file, str(error)) from error
    listed = document
    if isinstance(document, dict):  # `items` is how `az storage entity query` puts the table's rows
        listed = document.get("rows", document.get("items", document))
    if isinstance(listed, dict):
        listed = [{"key": key, "values": values} for key, values in listed.items()]
    for row in listed if isinstance(listed, list) else [None]:
        yield _row(file, row)


def _row(file: Path, row: Any) -> Row:
    if not isinstance(row, dict) or not isinstance(row.get("key"), str):
        raise _unreadable(file, "a row has no key")
    if not isinstance(row.get("values", {}), dict):
        raise _unreadable(file, f"{row['key'][:80]} has no properties")
    values = (
        row["values"] if isinstance(row.get("values"), dict) else {k: v for k, v in row.items() if k != "key"}
    )
    return Row(row["key"], values)


def _unreadable(file: Path, why: str) -> BadInput:
    return BadInput(
        "registry-file-unreadable",
        f"{file} holds no rows of a registry: {why[:200]}",
        hint='Give a JSON list of rows, each with its "key" as in docs/registry.md and its properties.',
    )


GROUPS: dict[str, tuple[str, dict[str, Any]]] = {
    "alerts": ("Look into alerts.", {"explain": alerts_explain, **SEND_COMMANDS, **STORE_COMMANDS}),
}
