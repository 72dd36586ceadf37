"""The commands of whoever asks what was done to an instance, and whether the record of it is whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated

import typer

from vibedata import console, settings
from vibedata.options import Output, OutputOption

HeadOption = Annotated[
    list[str] | None,
    typer.Option("--head", help="A head noted earlier, SEQ:HASH; again for more. The chain must hold it."),
]


def receipts_verify(
    head: HeadOption = None,
    with_log: Annotated[
        bool, typer.Option("--with-log", help="Also hold it against every head in the operations log.")
    ] = False,
    since: Annotated[str, typer.Option(help="With --with-log: how far back, as for `logs`.")] = "30d",
    output: OutputOption = Output.text,
) -> None:
    """Verify that no receipt was edited, removed or moved.

    A whole chain that was written anew, or emptied, shows only against a noted head or the log.

    Example: vibedata receipts verify --head 12:sha256:… --with-log
    """
    from vibedata.wiring import auditor

    summary = auditor.verify_receipts(settings.load(os.environ), head or [], with_log=with_log, since=since)
    if output is Output.json:
        console.print_json(dict(summary.data))
    else:
        console.plain([summary.message])


def receipts_list(
    subject: Annotated[
        str, typer.Option(help="Only subjects that begin with this, as in registry/ or runbook/.")
    ] = "",
    operation_id: Annotated[
        str | None, typer.Option("--operation-id", help="Only what this operation changed.")
    ] = None,
    last: Annotated[int | None, typer.Option(help="Only the last so many.", min=1)] = None,
    output: OutputOption = Output.text,
) -> None:
    """List what was done, when, from which digest to which.

    Shows the receipts as they are; whether they are whole, `verify` tells.

    Example: vibedata receipts list --subject runbook/ --last 20
    """
    from vibedata.wiring import auditor

    summary = auditor.list_receipts(
        settings.load(os.environ), subject=subject, operation_id=operation_id, last=last
    )
    if output is Output.json:
        console.print_json(dict(summary.data))
    else:
        console.receipts(summary.data)


GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "receipts": (
        "Verify and list the receipts of what was done.",
        {"verify": receipts_verify, "list": receipts_list},
    ),
}
