"""Does one thing to many items at once, in bounded number, without losing the order or the first error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")

BEAT_SECONDS = 5.0


def in_parallel(
    fn: Callable[[A], B], items: Sequence[A], *, at_once: int, beat: Callable[[], None] = lambda: None
) -> list[B]:
    """Return `fn` of each item, in the items' order; calls `beat` every few seconds meanwhile.

    Raises what `beat` raises, or the first item's error in that order; nothing new is started after an error.
    """
    with ThreadPoolExecutor(max_workers=max(1, min(at_once, len(items)))) as pool:
        futures = [pool.submit(fn, item) for item in items]
        try:
            _watch(set(futures), beat)
        finally:
            for future in futures:
                future.cancel()
    failed = [error for future in futures if not future.cancelled() and (error := future.exception())]
    if failed:
        raise failed[0]
    return [future.result() for future in futures]


class Ahead(Generic[B]):
    """Begins `fn` at once; its first call returns what came of it, or raises it, and every later one asks anew."""

    def __init__(self, fn: Callable[[], B]) -> None:
        self._fn = fn
        pool = ThreadPoolExecutor(max_workers=1)
        self._begun: Future[B] | None = pool.submit(fn)
        pool.shutdown(wait=False)

    def __call__(self) -> B:
        """Return the answer. Raises what `fn` raises."""
        begun, self._begun = self._begun, None
        return begun.result() if begun else self._fn()


def _watch(pending: set[Future[B]], beat: Callable[[], None]) -> None:
    while pending:
        done, pending = wait(pending, timeout=BEAT_SECONDS, return_when=FIRST_EXCEPTION)
        if any(future.exception() for future in done):
            return
        beat()
