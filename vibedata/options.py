"""The options that several commands of `vibedata` share."""

from __future__ import annotations

import uuid
from enum import Enum
from typing import Annotated

import typer


class Output(str, Enum):
    """How a command answers: for people, or as one JSON document."""

    text = "text"
    json = "json"


def _guid(text: str | None) -> str | None:
    try:
        return str(uuid.UUID(text)) if text else None
    except ValueError:
        raise typer.BadParameter(f"{str(text)[:100]!r} is no GUID.") from None


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="text for people, json for programs.")]
OperationOption = Annotated[
    str | None,
    typer.Option(
        "--operation-id",
        help="Continue an earlier invocation under its id (a GUID); default: a new one.",
        callback=_guid,
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")]
