"""`python -m local_stack.functions_host`: run a function app beside the local stack."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from local_stack.core.client import ControlClient
from local_stack.core.errors import StackError
from local_stack.functions_host import app_settings
from local_stack.functions_host.errors import HostError
from local_stack.functions_host.host import Host
from local_stack.functions_host.options import DRAIN_SECONDS, LEASE_SECONDS, Identity, Options

_EXAMPLE = """example:
  python -m local_stack.functions_host --app . --settings local.settings.json --directory .local/stack \\
      --resource-id /subscriptions/…/providers/Microsoft.Web/sites/func-operations

exit codes: 0 stopped; 2 wrong words; 3 the app, its host.json or its settings are wrong (the message says what)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a host until SIGTERM or SIGINT and return the exit code."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        asyncio.run(_run(Host(given.app, app_settings.load(given.settings), _options(given))))
    except (HostError, StackError) as error:
        print(f"functions_host: {error}", file=sys.stderr)
        return 3
    return 0


async def _run(host: Host) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await host.start()
    print(f"The functions host is up at {host.url}, workers {[slot.pid for slot in host.slots]}.")
    for each in host.functions:
        print(f"  {each['name']:<24} {each['kind']}", flush=True)
    await stop.wait()
    await host.stop()


def _options(given: argparse.Namespace) -> Options:
    return Options(
        workers=given.workers,
        port=given.port,
        directory=given.directory,
        events=given.events,
        lease=given.lease,
        drain=given.drain,
        identity=_identity(given),
    )


def _identity(given: argparse.Namespace) -> Identity:
    if not given.resource_id:
        return Identity.of(os.environ)
    if not given.directory:
        raise HostError("--resource-id needs the stack's --directory.")
    told = ControlClient(given.directory).call("POST", "/services/identity/apps", {"id": given.resource_id})
    return Identity.of(told)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m local_stack.functions_host",
        description="Run a Python function app (v2 model) as Azure's host does.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--app", type=Path, required=True, help="the app's root: function_app.py and host.json")
    add("--settings", type=Path, required=True, help="local.settings.json")
    add("--directory", type=Path, help="a running stack's state: TLS, CA, clock and keys")
    add("--resource-id", help="the app's ARM id in that stack, whose identities it has")
    add("--workers", type=int, default=1, choices=range(1, 11), metavar="N", help="processes (default 1)")
    add(
        "--port",
        type=int,
        default=0,
        help="where HTTP functions answer (default: the last one, or a free one)",
    )
    add("--events", type=Path, metavar="FILE", help="append each invocation's start and end as a JSON line")
    add("--lease", type=float, default=LEASE_SECONDS, help="seconds that a message is hidden (default 600)")
    add("--drain", type=float, default=DRAIN_SECONDS, help="seconds that a stop may take (default 30)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
