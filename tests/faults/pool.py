"""Rigs in processes of their own, each with its own stack: cells go to whoever is free."""

from __future__ import annotations

import multiprocessing
import os
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from local_stack.threaded import ThreadedStack
from tests import environment
from tests.environment import World
from tests.faults.cells import cells
from tests.faults.rig import Result, Rig

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE")


class Broken(Exception):
    """A process ended before its cells did; the words are its last."""


def run(base: Path, workers: int, titles: Sequence[str]) -> Iterator[Result]:
    """Yield the results of the cells with these titles, as they end. Raises Broken."""
    spawn = multiprocessing.get_context("spawn")
    tasks, answers = spawn.Queue(), spawn.Queue()
    for title in [*titles, *[None] * workers]:
        tasks.put(title)
    processes = [
        spawn.Process(target=_work, args=(base / f"rig-{number}", tasks, answers))
        for number in range(workers)
    ]
    for process in processes:
        process.start()
    try:
        for _ in titles:
            answer = answers.get()
            if isinstance(answer, str):
                raise Broken(answer)
            yield answer
    finally:
        for process in processes:
            process.join(20)
            process.terminate()


def _work(
    base: Path, tasks: multiprocessing.Queue[str | None], answers: multiprocessing.Queue[Result | str]
) -> None:
    """Prepare a rig, then play what comes until there is no more."""
    for name in CA_VARIABLES:
        os.environ.pop(name, None)
    by_title = {cell.title: cell for cell in cells()}
    try:
        with Started(base) as rig:
            while (title := tasks.get()) is not None:
                answers.put(rig.play(by_title[title]).plain())
    except BaseException:
        answers.put(traceback.format_exc())
        raise


class Started:
    """A rig on a stack of its own, which ends with the block."""

    def __init__(self, base: Path) -> None:
        base.mkdir(parents=True, exist_ok=True)
        base.chmod(0o711)
        self._base = base
        self._stack = ThreadedStack(base / "stack")

    def __enter__(self) -> Rig:
        self._stack.start()
        world = World(self._stack, self._base)
        world.release()  # fetches wheels, before this process trusts the stack's CA alone
        environment.use(self._stack)
        return Rig(world, self._base)

    def __exit__(self, *_: object) -> None:
        self._stack.stop()
