"""The words of `python -m local_stack`: commands, options, help with examples."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from local_stack.core import asking, commands
from local_stack.core.errors import StackError

DEFAULT_DIRECTORY = Path(".local/stack")
_EXAMPLES = """examples:
  python -m local_stack up                          start it (again: say where it is)
  eval "$(python -m local_stack env)"               point this shell's Azure clients at it
  python -m local_stack faults add storage 'table.*' --status 503 --times 2
  python -m local_stack faults component orders-api down
  python -m local_stack writes --follow
  python -m local_stack down

exit codes: 0 done; 2 wrong words; 3 the stack cannot do it (the message says what to do)
"""
_FAULT_EXAMPLES = """examples:
  faults add oci_registry '*' --status 429 --retry-after 2 --times 3
  faults add logs logs.ingest --latency 1.5 --rate 0.2
  faults add storage blob.PutBlob --reset --after --times 1     the write happens, its answer is lost
  faults set roles.propagation_seconds 20                       new role assignments take 20 s to count
"""
_ONE_LINERS = {
    "up": "python -m local_stack up --directory .local/mine",
    "down": "python -m local_stack down --directory .local/mine",
    "status": "python -m local_stack status --json",
    "env": 'eval "$(python -m local_stack env)"',
    "writes": "python -m local_stack writes --follow",
    "query": "python -m local_stack query - <<< 'VibeData_Operations_CL | count'",
    "clock": "python -m local_stack clock --advance 3600",
    "list": "python -m local_stack faults list --json",
    "add": "python -m local_stack faults add storage blob.PutBlob --status 503 --times 2",
    "set": "python -m local_stack faults set roles.propagation_seconds 20",
    "clear": "python -m local_stack faults clear",
    "restart": "python -m local_stack faults restart",
    "component": "python -m local_stack faults component orders-api down",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    given = _parser().parse_args(arguments)
    try:
        given.command(given)
    except StackError as error:
        print(f"local_stack: {error}", file=sys.stderr)
        return 3
    except (KeyboardInterrupt, BrokenPipeError):
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m local_stack",
        description="The outside world on localhost.",
        epilog=_EXAMPLES,
        formatter_class=raw,
    )
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_up(verbs)
    _verb(verbs, "down", "stop it; its state stays in the directory", commands.down)
    _verb(verbs, "status", "what runs and where", commands.status, json=True)
    _verb(verbs, "env", "shell exports that point Azure clients at the stack", commands.env, json=True)
    _add_faults(
        verbs.add_parser(
            "faults", help="see, set and clear faults", epilog=_FAULT_EXAMPLES, formatter_class=raw
        )
    )
    _add_writes(verbs)
    query = _verb(verbs, "query", "ask the stack's logs in Kusto", asking.query, json=True)
    query.add_argument("file", type=Path, metavar="FILE", help="the query; - is standard input")
    clock = _verb(verbs, "clock", "move the stack's time forward and print it", commands.clock)
    clock.add_argument(
        "--advance", type=float, default=0.0, metavar="SECONDS", help="by how much (default 0)"
    )
    return parser


def _add_up(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    up = _verb(verbs, "up", "start it, wait until it answers, print the addresses", commands.up)
    up.add_argument("--foreground", action="store_true", help="stay in this terminal; Ctrl-C stops it")
    up.add_argument(
        "--account", action="append", default=[], metavar="NAME", help="storage account to reserve"
    )


def _add_writes(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    writes = _verb(
        verbs, "writes", "the log of every request that changed something", commands.writes, json=True
    )
    writes.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    writes.add_argument("--since", type=int, default=0, metavar="SEQ", help="only entries after this number")


def _add_faults(faults: argparse.ArgumentParser) -> None:
    verbs = faults.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _verb(verbs, "list", "what is set", commands.faults_list, json=True)
    add = _verb(verbs, "add", "set a fault", commands.faults_add)
    add.add_argument("service", help="arm, storage, logs, ... or '*'")
    add.add_argument("operation", nargs="?", default="*", help="operation name, with wildcards (default '*')")
    add.add_argument("--status", type=int, help="answer with this status instead of the service")
    add.add_argument("--retry-after", type=int, metavar="SECONDS", help="with a Retry-After header")
    add.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="wait before answering")
    add.add_argument("--reset", action="store_true", help="cut the connection")
    add.add_argument("--after", action="store_true", help="let the service do its work first")
    add.add_argument(
        "--cut-after", type=int, metavar="BYTES", help="cut the answer's body after so many bytes"
    )
    add.add_argument("--skip", type=int, default=0, metavar="N", help="spare the first N requests")
    add.add_argument("--times", type=int, help="how often (default: until cleared)")
    add.add_argument("--rate", type=float, default=1.0, help="probability per request (default 1)")
    add.add_argument("--path", default="*", help="only paths like this, with wildcards")
    setting = _verb(verbs, "set", "bend a behaviour, as roles.propagation_seconds", commands.faults_set)
    setting.add_argument("name")
    setting.add_argument("value")
    _verb(verbs, "clear", "remove every fault and setting", commands.faults_clear)
    _verb(verbs, "restart", "restart Azurite under those who use it", commands.faults_restart)
    component = _verb(verbs, "component", "put a sample component into a state", commands.faults_component)
    component.add_argument("name")
    component.add_argument("state", help="healthy, down, slow, error-500, expired-certificate, ...")
    component.add_argument("--seconds", type=float, help="how slow, for the state slow")


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    command: Callable[[argparse.Namespace], None],
    json: bool = False,
) -> argparse.ArgumentParser:
    example = _ONE_LINERS.get(name)
    parser = verbs.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=f"example:\n  {example}" if example else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--directory",
        type=Path,
        default=DEFAULT_DIRECTORY,
        help=f"the stack's state (default {DEFAULT_DIRECTORY})",
    )
    if json:
        parser.add_argument("--json", action="store_true", help="JSON instead of text")
    parser.set_defaults(command=command)
    return parser
