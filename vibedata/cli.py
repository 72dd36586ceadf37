"""The command line: each command is a thin skin over one verb.

Exit codes: 0 done or nothing to do, 2 bad input, 3 blocked (someone must act), 4 transient (try again), 5 failed.
With `--output json` standard output holds one JSON document, and standard error nothing when all is well.
"""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from vibedata import __version__
from vibedata.errors import BadInput, expected

if TYPE_CHECKING:
    import typer


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    if words == ["--version"]:  # answered without loading what only commands need
        print(f"vibedata {__version__}")
        return 0
    import typer

    try:
        code = app()(words, standalone_mode=False, prog_name="vibedata")
        return code if isinstance(code, int) else 0
    except typer.Exit as done:
        return done.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except typer.TyperException as error:
        return _usage(error, _wants_json(words))
    except BrokenPipeError:  # the reader has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as caught:  # noqa: BLE001 - the reader gets a code and a remedy, not a traceback
        from vibedata import console

        error_shown = expected(caught)
        console.print_error(error_shown, _wants_json(words))
        return error_shown.exit_code


def command_names() -> set[str]:
    """Return the names of all top-level commands."""
    from vibedata import commands

    return commands.names()


def app() -> typer.Typer:
    """Build the command tree."""
    import typer

    from vibedata import commands

    tree = typer.Typer(
        help="Operate a Vibedata instance: Day-0, runbooks, registry, health and the operations log.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    commands.add_to(tree)
    return tree


def _wants_json(words: list[str]) -> bool:
    return bool({"--output=json", "-ojson"} & set(words)) or any(
        first in ("--output", "-o") and second == "json" for first, second in pairwise(words)
    )


def _usage(error: Any, as_json: bool) -> int:
    from vibedata import console

    context, told = getattr(error, "ctx", None), str(error.format_message())
    if told.startswith("Usage:") and not as_json:  # a group without a command: its help says what there is
        print(told, file=sys.stderr)
        return BadInput.exit_code
    hint = f"See `{context.command_path} --help`." if context else "See `vibedata --help`."
    console.print_error(BadInput("usage", told.replace("Value error, ", "", 1), hint=hint), as_json)
    return BadInput.exit_code
