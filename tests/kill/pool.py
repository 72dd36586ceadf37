"""Runs cells in processes of their own, each with a rig of its own: clients of one process trust one stack only."""

from __future__ import annotations

import multiprocessing
import os
import queue
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from local_stack.core.errors import StackError
from tests.kill.cells import Cell
from tests.kill.running import Result, Table

Pick = Callable[[list[Cell]], list[Cell]]
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE")


class Broken(Exception):
    """A worker could not prepare its rig, or died."""


def run(
    base: Path,
    workers: int,
    pick: Pick,
    told: Callable[[list[Cell], list[Cell]], None],
    *,
    quick: bool = False,
) -> Iterator[Result]:
    """Yield the results of the cells that `pick` chooses, as they end; `told` hears all cells and the chosen ones.

    `quick` prepares without an undisturbed run of its own.
    """
    spawn = multiprocessing.get_context("spawn")
    tasks: Any = spawn.Queue()
    answers: Any = spawn.Queue()
    processes = [
        spawn.Process(target=_work, args=(base / f"worker-{number}", quick, tasks, answers), daemon=True)
        for number in range(workers)
    ]
    for process in processes:
        process.start()
    try:
        yield from _collect(tasks, answers, processes, pick, told)
        for _ in processes:
            tasks.put(None)
        for process in processes:
            process.join(30)
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()


def _collect(
    tasks: Any,
    answers: Any,
    processes: Sequence[Any],
    pick: Pick,
    told: Callable[[list[Cell], list[Cell]], None],
) -> Iterator[Result]:
    left: int | None = None
    while left is None or left > 0:
        try:
            kind, answer = answers.get(timeout=5)
        except queue.Empty:
            if not any(process.is_alive() for process in processes):
                raise Broken("every worker has ended before its cells") from None
            continue
        if kind == "broken":
            raise Broken(answer)
        if kind == "ready" and left is None:
            chosen = pick(answer)
            told(answer, chosen)
            left = len(chosen)
            for cell in chosen:
                tasks.put(cell)
        elif kind == "result":
            left = (left or 0) - 1
            yield answer


def _work(base: Path, quick: bool, tasks: Any, answers: Any) -> None:
    """Prepare a rig, tell its cells, then run what comes until there is no more."""
    for name in CA_VARIABLES:
        os.environ.pop(name, None)
    try:
        table = Table(base, quick=quick)
        answers.put(("ready", table.cells))
        while (cell := tasks.get()) is not None:
            try:
                answers.put(("result", table.run(cell)))
            except StackError:  # another program took one of the rig's ports while its stack was down
                table = Table(base.with_name(f"{base.name}-again"), quick=quick)
                answers.put(("result", table.run(cell)))
    except BaseException:
        answers.put(("broken", traceback.format_exc()))
        raise
