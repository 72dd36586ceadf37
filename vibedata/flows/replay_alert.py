"""Replay an alert: put a body on the queue again, whether it was kept or comes from a file.

A delivery that was processed before is not enqueued: its row is in the log, and the processor would write nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from vibedata import alerts
from vibedata.alerts import poison
from vibedata.alerts.message import Message
from vibedata.errors import BadInput
from vibedata.ports import Summary
from vibedata.ports.alerts import AlertClaims, AlertQueue, Deliveries

VERB = "replay_alert"
MAX_ALERTS = (
    100_000  # of a body: whoever replays waits for it, and the intake has left the rest of a large one
)


def run(
    raw: bytes,
    *,
    source: str,
    queue: AlertQueue,
    claims: AlertClaims,
    deliveries: Deliveries,
    clock: Callable[[], datetime],
) -> Summary:
    """Enqueue each alert of a body (or of a message that holds one) unless its delivery is done.

    Raises BadInput (alert-unrecognised) when something in it is no alert: then nothing is enqueued.
    """
    messages = [
        _message(*one, source, clock()) for one in alerts.read_to_send(_body(raw, claims), MAX_ALERTS)
    ]
    seen = [message.delivery_key for message in messages if deliveries.seen(message.delivery_key)]
    for message in messages:
        if message.delivery_key not in seen:
            queue.send(message)
    sent = [message.delivery_key for message in messages if message.delivery_key not in seen]
    told = (
        f"{len(sent)} enqueued, {len(seen)} seen before: their rows are in the log, so nothing was written."
    )
    return Summary(
        VERB,
        {"messages": len(sent)},
        told if seen else f"{len(sent)} enqueued.",
        {"source": source, "enqueued": sent, "seen": seen},
    )


def _body(raw: bytes, claims: AlertClaims) -> bytes:
    """Return the alert's body: of a message that one, else all of it."""
    message = poison.message_of(raw)
    if message is None:
        return raw
    return claims.read(message.claim) if message.claim else message.body or b""


def _message(body: alerts.Body, document: bytes, source: str, now: datetime) -> Message:
    if not body.shape.is_alert:
        raise BadInput(
            "alert-unrecognised",
            f"{source}: {body.shape.reason}",
            hint="What is no alert cannot be replayed: `vibedata alerts explain FILE` tells why, and `vibedata alerts "
            "poison show NAME` shows a kept one; mend it in a file and replay that.",
            detail={"code": body.shape.code},
        )
    return Message(alerts.delivery_key(body.document, body.shape), "replayed", now, document)
