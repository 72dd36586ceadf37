"""Receive alerts: what is one goes to the queue `alerts`, what is none is kept with the reason; both are acknowledged.

Whoever delivers hears of nothing but trouble of our own: the queue or the blobs, which pass. Then nothing of the
delivery is acknowledged, and it comes again; what of it was enqueued already is a repetition, which the processor
knows by its delivery key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from vibedata import alerts
from vibedata.alerts.message import Message, Origin
from vibedata.parallel import in_parallel
from vibedata.ports.alerts import AlertQueue, RejectedAlerts

A = TypeVar("A")
B = TypeVar("B")

AT_ONCE = 16
MAX_TOLD = 10


@dataclass(frozen=True)
class Rejection:
    """What of a body was no alert: why, and where the body is kept."""

    code: str
    reason: str
    kept: str


@dataclass(frozen=True)
class Received:
    """What was done: the delivery keys that were enqueued, and what was kept instead."""

    enqueued: tuple[str, ...] = ()
    rejected: tuple[Rejection, ...] = ()


def run(
    raw: bytes,
    *,
    origin: Origin,
    queue: AlertQueue,
    rejected: RejectedAlerts,
    clock: Callable[[], datetime],
) -> Received:
    """Enqueue every alert of a body; keep the body where something in it is none. Raises Transient."""
    return run_all([raw], origin=origin, queue=queue, rejected=rejected, clock=clock)


def run_all(
    raws: Sequence[bytes],
    *,
    origin: Origin,
    queue: AlertQueue,
    rejected: RejectedAlerts,
    clock: Callable[[], datetime],
) -> Received:
    """Do so for several bodies, several sends at once; the first error ends it. Raises Transient.

    Alerts go first: what cannot be kept does not hold them up.
    """
    now = clock()
    messages, rejections = _sort(raws, origin, now)

    def keep(one: tuple[bytes, str, str]) -> Rejection:
        raw, code, reason = one
        kept = rejected.keep(raw, code=code, reason=reason, received_at=now, origin=origin)
        return Rejection(code, reason, kept)

    _each(queue.send, messages)
    kept = _each(keep, rejections)
    return Received(tuple(message.delivery_key for message in messages), tuple(kept))


def _sort(
    raws: Sequence[bytes], origin: Origin, now: datetime
) -> tuple[list[Message], list[tuple[bytes, str, str]]]:
    """Return a message for each alert, and each body that holds what is none, with code and reason."""
    messages, rejections = [], []
    for raw in raws:
        try:
            found = list(alerts.read_to_send(raw))
            messages += [_message(*one, origin, now) for one in found if one[0].shape.is_alert]
        except Exception as error:  # noqa: BLE001 - a body that we misread must not hold up those behind it
            rejections.append((raw, "unreadable", f"reading it failed ({type(error).__name__})"))
            continue
        wrong = [(place, body.shape) for place, (body, _) in enumerate(found, 1) if not body.shape.is_alert]
        if wrong:
            rejections.append((raw, wrong[0][1].code, _reason(wrong, len(found))))
    return messages, rejections


def _each(fn: Callable[[A], B], items: Sequence[A]) -> list[B]:
    """Do so with each, at once where there are several: a body mostly holds one alert, which needs no thread."""
    return in_parallel(fn, items, at_once=AT_ONCE) if len(items) > 1 else [fn(item) for item in items]


def _message(body: alerts.Body, document: bytes, origin: Origin, now: datetime) -> Message:
    return Message(alerts.delivery_key(body.document, body.shape), origin, now, document)


def _reason(wrong: list[tuple[int, alerts.Shape]], of: int) -> str:
    if of == 1:
        return wrong[0][1].reason
    told = "; ".join(f"number {place}: {shape.reason}" for place, shape in wrong[:MAX_TOLD])
    more = f"; and {len(wrong) - MAX_TOLD} more" if len(wrong) > MAX_TOLD else ""
    return f"{len(wrong)} of {of}: {told}{more}"
