"""Writes an operation down while it happens: a start and an end row around every step.

Flows get a Recorder and never see the log behind it; what the log cannot deliver never fails the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from vibedata.errors import VibedataError
from vibedata.operations import Event, Operation, Row, row
from vibedata.ports import OperationsLog


@dataclass
class Step:
    """What a running step may still say: a sentence and facts for its end row."""

    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class Recorder:
    """Writes the rows of one operation; `watch` sees each row too, for whoever looks on."""

    def __init__(
        self,
        operation: Operation,
        log: OperationsLog,
        clock: Callable[[], datetime],
        watch: Callable[[Row], None] = lambda _: None,
    ) -> None:
        self.operation = operation
        self._log = log
        self._clock = clock
        self._watch = watch

    def of_release(self, digest: str) -> None:
        """Name the release that the rows from here on belong to."""
        self.operation = replace(self.operation, release_digest=digest)

    @contextmanager
    def step(
        self, name: str, *, component: str = "", category: str = "Deployment", key: str = ""
    ) -> Iterator[Step]:
        """Record `name` as Started, then as Succeeded or as Failed with the error's code and remedy.

        The same step twice in one operation needs a `key` each, or readers fold the two into one.
        """
        began = Event(name, "Started", self._clock(), component, category, key=key)
        self._write(began)
        step = Step()
        try:
            yield step
        except BaseException as error:
            self._write(_failed(self._ended(began, step), error))
            raise
        self._write(self._ended(began, step))

    def event(
        self,
        name: str,
        status: str,
        *,
        component: str = "",
        category: str = "Deployment",
        severity: str = "Information",
        message: str = "",
        details: Mapping[str, Any] | None = None,
        key: str = "",
    ) -> None:
        """Record one thing that happened, without a duration."""
        self._write(
            Event(
                name,
                status,
                self._clock(),
                component,
                category,
                severity,
                key,
                message=message,
                details=details,
            )
        )

    def tell(self, rows: Sequence[Row]) -> None:
        """Record rows of other operations, which `watch` does not see."""
        if rows:
            self._log.write(rows)

    def close(self) -> None:
        """Deliver what is still buffered; never raises, for the work itself is done by then."""
        self._log.flush()

    def check(self) -> None:
        """Raise Blocked (role-missing) when the operation's rows do not arrive for want of a role."""
        self._log.check()

    def _ended(self, began: Event, step: Step) -> Event:
        now = self._clock()
        duration = round((now - began.at).total_seconds() * 1000)
        return replace(
            began,
            status="Succeeded",
            at=now,
            duration_ms=duration,
            message=step.message,
            details=step.details,
        )

    def _write(self, event: Event) -> None:
        written = row(self.operation, event)
        self._log.write([written])
        self._watch(written)


def _failed(event: Event, error: BaseException) -> Event:
    failed = replace(event, status="Failed", severity="Error")
    if isinstance(error, VibedataError):
        details = {**(event.details or {}), **error.detail}
        return replace(
            failed, error_code=error.code, message=error.message, remedy=error.hint, details=details
        )
    if isinstance(error, Exception):  # its text may hold anything: the kind alone is told
        return replace(failed, error_code="unexpected", message=f"Unexpected {type(error).__name__}.")
    return replace(failed, error_code="interrupted", message="The step was interrupted.")
