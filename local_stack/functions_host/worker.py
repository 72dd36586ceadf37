"""A worker: one process with the listeners and the app's code, as an instance of the app is in Azure.

The host speaks to it over the socket pair whose descriptor is the first argument. It ends when the host is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from typing import Any

from local_stack.functions_host.channel import Channel
from local_stack.functions_host.errors import HostError
from local_stack.functions_host.instance import Worker


async def _main(end: socket.socket) -> int:
    started: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    worker: Worker | None = None

    async def handle(kind: str, fields: dict[str, Any]) -> dict[str, Any] | None:
        if kind == "start":
            started.set_result(fields)
            return None
        if kind == "stop" and worker is None:
            os._exit(0)
        return await worker.answer(kind, fields) if worker else None

    channel = Channel(handle)
    await channel.open(end)
    told = await started
    os.environ.update(told["environment"])
    os.chdir(told["app"])
    sys.path.pop(0)  # where this package lies; the app's folder takes its place
    try:
        worker = Worker(told)
        functions = worker.index()
    except HostError as error:
        await channel.ask("failed", message=str(error))
        return 1
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stopping.set)
    running = asyncio.ensure_future(worker.run(channel))
    channel.tell("ready", functions=functions)
    gone = asyncio.ensure_future(channel.closed.wait())
    await asyncio.wait((running, gone), return_when=asyncio.FIRST_COMPLETED)
    return 0 if running.done() and not running.exception() else 1


def main() -> None:
    """Run a worker on the descriptor that the host gave."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the host, which tells its workers
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    code = 1
    with contextlib.suppress(KeyboardInterrupt):
        code = asyncio.run(_main(socket.socket(fileno=int(sys.argv[1]))))
    logging.shutdown()
    os._exit(code)  # a thread that still runs a function must not hold the process


if __name__ == "__main__":
    main()
