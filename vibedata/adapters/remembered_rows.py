"""The component registry as a busy process reads it: once in a while, not for every alert, and by one thread at a time.

A registry that does not answer holds up nobody but the one who asks: the others go on with what was known, and where
nothing is known they fail as that one did.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from vibedata.errors import VibedataError
from vibedata.ports.alerts import RegistryRows
from vibedata.registry import Row

SECONDS = (
    30.0  # a component that is new is known that late; an alert of one is rarely the first thing it sends
)
AT_MOST_SECONDS = 3600.0  # how old what is known may be while the registry does not answer
FAILED_SECONDS = 5.0  # how long nobody asks after a failure
WAIT_SECONDS = 20.0  # for the answer to another thread, where nothing is known; more than a read may take

Error = TypeVar("Error", bound=VibedataError)


@dataclass
class _Known:
    """What is known of the rows under a prefix; times are monotonic seconds."""

    rows: Sequence[Row] | None = None
    read_at: float = 0.0
    failure: VibedataError | None = None
    failed_at: float = 0.0
    is_reading: bool = False


class RememberedRows:
    """Rows of a registry that are read again when they are old. Safe to use from several threads."""

    def __init__(
        self,
        registry: RegistryRows,
        *,
        seconds: float = SECONDS,
        wait_seconds: float = WAIT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._seconds, self._monotonic = registry, seconds, monotonic
        self._wait_seconds = wait_seconds
        self._known: dict[str, _Known] = {}
        self._turn = threading.Condition()

    def read(self, prefix: str = "") -> Sequence[Row]:
        """Return the rows under `prefix`, at most half a minute old, or an hour while the registry does not answer.

        Raises as the registry does.
        """
        with self._turn:
            known = self._known.setdefault(prefix, _Known())
            rows = self._remembered(known)
            if rows is None and known.is_reading:
                self._turn.wait_for(lambda: not known.is_reading, self._wait_seconds)
                rows = self._remembered(known)
            if rows is not None:
                return rows
            known.is_reading = True
        return self._read(prefix, known)

    def _remembered(self, known: _Known) -> Sequence[Row] | None:
        """Return what is known and good enough; None: it is to be read. Raises the failure of a moment ago."""
        now = self._monotonic()
        has_failed = known.failure is not None and now - known.failed_at < FAILED_SECONDS
        good_for = AT_MOST_SECONDS if known.is_reading or has_failed else self._seconds
        if known.rows is not None and now - known.read_at < good_for:
            return known.rows
        if known.failure is not None and has_failed:
            raise _same(known.failure)
        return None

    def _read(self, prefix: str, known: _Known) -> Sequence[Row]:
        began = self._monotonic()
        try:
            rows = self._registry.read(prefix)
        except VibedataError as error:
            with self._turn:
                known.failure, known.failed_at = _same(error), self._monotonic()
            if known.rows is None or known.failed_at - known.read_at >= AT_MOST_SECONDS:
                raise
            return known.rows
        else:
            with self._turn:
                known.rows, known.read_at, known.failure = rows, began, None
            return rows
        finally:
            with self._turn:
                known.is_reading = False
                self._turn.notify_all()


def _same(error: Error) -> Error:
    """Return another of the same error: without a traceback, which keeps alive what was being processed."""
    made = type(error).__new__(type(error), *error.args)
    vars(made).update(vars(error))
    return made
