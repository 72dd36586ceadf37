"""The commands of whoever is on call: what is open, what happened to an alert, what was given up, and once more."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from vibedata import alert_console, console, settings
from vibedata.errors import BadInput
from vibedata.options import Output, OutputOption
from vibedata.ports import Summary

MAX_REPLAYED_BYTES = 2 * 1024 * 1024


class Severity(str, Enum):
    """How grave an incident is, in the words of the operations table."""

    error = "Error"
    warning = "Warning"
    information = "Information"


def alerts_list(
    closed_too: Annotated[bool, typer.Option("--all", help="Closed incidents too.")] = False,
    since: Annotated[
        str, typer.Option(help="Only what had a delivery since: 30m, 2h, 1d, or an ISO time.")
    ] = "",
    component: Annotated[str, typer.Option(help="Only this component's.")] = "",
    severity: Annotated[
        Severity | None, typer.Option(help="Only this severity.", case_sensitive=False)
    ] = None,
    output: OutputOption = Output.text,
) -> None:
    """List the open incidents, gravest first.

    Example: vibedata alerts list --all --since 1d --component web
    """
    from vibedata.wiring import alerts

    summary = alerts.list_alerts(
        settings.load(os.environ),
        closed_too=closed_too,
        since=since,
        component=component,
        severity=severity.value if severity else "",
    )
    _show(summary, output, alert_console.incidents)


def alerts_show(
    alert: Annotated[str, typer.Argument(help="An alertId, or the first letters of its last part.")],
    output: OutputOption = Output.text,
) -> None:
    """Show an incident: its deliveries, its rows in the log, and where to look further.

    Example: vibedata alerts show 5c0f1a52
    """
    from vibedata.wiring import alerts

    _show(alerts.show_alert(settings.load(os.environ), alert), output, alert_console.incident)


def alerts_replay(
    source: Annotated[
        str,
        typer.Argument(
            help="A file, `-` for standard input, or a kept body: alerts-rejected/…, alerts-claims/…",
            metavar="WHAT",
        ),
    ],
    output: OutputOption = Output.text,
) -> None:
    """Put an alert on the queue again; one that was processed before writes nothing.

    Example: vibedata alerts replay alert.json
    """
    from vibedata.wiring import alerts

    summary = alerts.replay_alert(settings.load(os.environ), source, _file(source))
    _show(summary, output, alert_console.closing)


def poison_list(
    requeued_too: Annotated[bool, typer.Option("--all", help="Those that were put back, too.")] = False,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Instead, what intake took for no alert; newest first.")
    ] = False,
    output: OutputOption = Output.text,
) -> None:
    """List the messages that the processor gave up, or the bodies that intake took for no alert.

    Example: vibedata alerts poison list --rejected
    """
    from vibedata.wiring import alerts

    if rejected and requeued_too:
        raise BadInput(
            "usage",
            "Either --all or --rejected.",
            hint="What was rejected is never put back: it is no alert.",
        )
    if rejected:
        _show(alerts.list_rejected(settings.load(os.environ)), output, alert_console.rejected)
        return
    summary = alerts.list_poisoned(settings.load(os.environ), requeued_too=requeued_too)
    _show(summary, output, alert_console.poisoned)


def poison_show(
    name: Annotated[
        str, typer.Argument(help="Its name, or the first letters; or a kept body: alerts-rejected/…")
    ],
    output: OutputOption = Output.text,
) -> None:
    """Show a message that was given up: why, and the message itself; or a body that intake kept.

    Example: vibedata alerts poison show 3f9a01c2 --output json
    """
    from vibedata.wiring import alerts

    _show(alerts.show_poisoned(settings.load(os.environ), name), output, alert_console.poisoned_one)


def poison_requeue(
    names: Annotated[
        list[str] | None, typer.Argument(help="Their names, or the first letters.", metavar="NAME…")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every one that waits, but those that would only come back.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --all: those that would come back, too.")
    ] = False,
    output: OutputOption = Output.text,
) -> None:
    """Put messages that were given up back on the queue, once each.

    Example: vibedata alerts poison requeue 3f9a01c2
    """
    if bool(names) == everything or (force and not everything):
        raise BadInput(
            "usage",
            "Either names, or --all (perhaps with --force).",
            hint="`vibedata alerts poison list` shows the names.",
        )
    from vibedata.wiring import alerts

    summary = alerts.requeue_poisoned(settings.load(os.environ), names or [], force=force)
    _show(summary, output, alert_console.closing)


def _show(summary: Summary, output: Output, show: Any) -> None:
    if output is Output.json:
        console.print_json(dict(summary.data))
    else:
        show(summary)


def _file(source: str) -> bytes | None:
    """Return the bytes of a file or of standard input; None where there is no such file: then it is a kept body."""
    path = Path(source)
    try:
        if source == "-":
            raw = sys.stdin.buffer.read(MAX_REPLAYED_BYTES + 1)
        else:
            with path.open("rb") as opened:
                raw = opened.read(MAX_REPLAYED_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(
            "file-unreadable", f"{path}: {error.strerror}", hint="Name a file that you can read."
        ) from error
    if len(raw) > MAX_REPLAYED_BYTES:
        raise BadInput(
            "file-unreadable", f"{path} is larger than any alert.", hint="Name an alert's own body."
        )
    return raw


COMMANDS: dict[str, Any] = {
    "list": alerts_list,
    "show": alerts_show,
    "replay": alerts_replay,
    "poison": (
        "What the processor gave up: list it, look at it, put it back.",
        {"list": poison_list, "show": poison_show, "requeue": poison_requeue},
    ),
}
