"""The command that sends alerts by hand: to try an instance, to practise, to load it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from vibedata import console, settings
from vibedata.errors import BadInput
from vibedata.options import Output, OutputOption
from vibedata.ports import Summary

MAX_FILE_BYTES = 2 * 1024 * 1024  # twice what a hub takes: what is too large is for the hub to say
MAX_COUNT = 1_000_000


class Way(str, Enum):
    """Where an alert goes in."""

    actiongroup = "actiongroup"
    eventhub = "eventhub"
    http = "http"
    queue = "queue"


def alerts_send(
    files: Annotated[
        list[Path], typer.Argument(help="Payloads of alerts; `-` is standard input.", allow_dash=True)
    ],
    through: Annotated[
        Way, typer.Option(help="Where they go in; actiongroup is the local stack's alone.")
    ] = Way.actiongroup,
    count: Annotated[
        int | None,
        typer.Option(
            help="Send so many alerts of each file, with ids and times of their own; default: it as it is.",
            min=1,
            max=MAX_COUNT,
        ),
    ] = None,
    output: OutputOption = Output.text,
) -> None:
    """Send alerts into the instance, as Azure Monitor would.

    Example: vibedata alerts send alert.json --through actiongroup --count 5
    """
    from vibedata.wiring import alert_senders

    summary = alert_senders.send_alerts(
        settings.load(os.environ),
        [(str(file), _read(file)) for file in files],
        through=through.value,
        count=count,
        beat=_told(output),
    )
    if output is Output.json:
        console.print_json({"through": through.value, **summary.data})
    else:
        console.plain(list(_lines(summary, through.value)))


def _lines(summary: Summary, through: str) -> list[str]:
    lines = [
        f"{each['file']}: {each['sent']} sent{_said(each['answer'])}{_kept(each)}"
        for each in summary.data["files"]
    ]
    return [*lines, f"{summary.data['sent']} sent through {through}."]


def _said(answer: dict[str, Any]) -> str:
    receivers, rejected = answer.get("receivers") or [], answer.get("rejected") or []
    return "".join(
        [f", receiver {each['name']} answered {each['status']}" for each in receivers]
        + [
            f", kept as alerts-rejected/{each['kept']} because it is no alert: {each['reason']}"
            for each in rejected
        ]
    )


def _kept(each: dict[str, Any]) -> str:
    """Return where to look for what is no alert, unless intake has answered that already."""
    if not each["noAlert"] or each["answer"].get("rejected"):
        return ""
    return f"; it is no alert ({each['noAlert']}), and is kept: `vibedata alerts poison list --rejected` shows it"


def _told(output: Output) -> Callable[[int], None]:
    def beat(sent: int) -> None:
        if output is Output.text and sys.stderr.isatty():
            print(f"{sent} sent", end="\r", file=sys.stderr, flush=True)

    return beat


def _read(file: Path) -> bytes:
    try:
        if str(file) == "-":
            raw = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with file.open("rb") as opened:
                raw = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadInput(
            "file-unreadable", f"{file}: {error.strerror}", hint="Name a file that you can read."
        ) from error
    if len(raw) > MAX_FILE_BYTES:
        raise BadInput(
            "file-unreadable", f"{file} is larger than any alert.", hint="Name an alert's own body."
        )
    return raw


COMMANDS: dict[str, Any] = {"send": alerts_send}
