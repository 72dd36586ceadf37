"""Requeue poisoned alerts: put them back on the queue `alerts`, once each.

Sent first, marked then: whoever dies between the two has it sent again next time, and the processor knows the delivery
by its key; the other way round it would be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from vibedata.alerts import poison
from vibedata.alerts.message import Message
from vibedata.alerts.poison import Poisoned
from vibedata.errors import BadInput, Failed
from vibedata.ports import Summary
from vibedata.ports.alerts import AlertClaims, AlertQueue, PoisonedAlerts

VERB = "requeue_poisoned"


def run(
    wanted: Sequence[str],
    *,
    poisoned: PoisonedAlerts,
    claims: AlertClaims,
    queue: AlertQueue,
    clock: Callable[[], datetime],
) -> Summary:
    """Requeue those named, or all that wait when none is; what was requeued already is left alone.

    Raises BadInput (alert-poison-unknown, alert-poison-ambiguous; alert-poison-unreadable for one that is named and
    holds no message: it would only come back) and, for one that is named, Failed (alert-claim-*). Of all that wait,
    one that cannot be put back does not keep the others.
    """
    kept = poisoned.kept()
    chosen = [poison.chosen(kept, one) for one in wanted] if wanted else [one for one in kept if one.waits]
    read = _message if wanted else _message_or_none
    found = [(one, read(one, poisoned, claims)) for one in dict.fromkeys(chosen) if one.waits]
    unreadable = [one.name for one, message in found if message is None]
    if wanted and unreadable:
        raise _unreadable(unreadable)
    sent = [one.name for one, message in found if _requeue(one, message, poisoned, queue, clock)]
    before = [one.name for one in chosen if not one.waits]
    data = {"requeued": sent, "requeuedBefore": before, "unreadable": unreadable}
    return Summary(VERB, {"messages": len(sent)}, _told(sent, before, unreadable), data)


def _requeue(
    one: Poisoned,
    message: Message | None,
    poisoned: PoisonedAlerts,
    queue: AlertQueue,
    clock: Callable[[], datetime],
) -> bool:
    if message is None:
        return False
    queue.send(message)
    poisoned.requeued(one.name, clock())
    return True


def _message(one: Poisoned, poisoned: PoisonedAlerts, claims: AlertClaims) -> Message | None:
    """Return the message with its body inline: what it claims may have expired meanwhile, and was kept beside it."""
    _, raw, claimed = poisoned.read(one.name)
    message = poison.message_of(raw)
    if message is None or message.claim is None:
        return message
    return replace(message, claim=None, body=claims.read(message.claim) if claimed is None else claimed)


def _message_or_none(one: Poisoned, poisoned: PoisonedAlerts, claims: AlertClaims) -> Message | None:
    try:
        return _message(one, poisoned, claims)
    except Failed:  # its body is gone, or another
        return None


def _told(sent: list[str], before: list[str], unreadable: list[str]) -> str:
    told = f"{len(sent)} put back on the queue."
    if before:
        told += f" {len(before)} had been before; nothing was done about them."
    if unreadable:
        told += f" {len(unreadable)} hold no message that could be read, and stay."
    return told


def _unreadable(names: list[str]) -> BadInput:
    return BadInput(
        "alert-poison-unreadable",
        f"No message can be read from {', '.join(name[:12] for name in names)}: it would only be poisoned again.",
        hint="Look at it with `vibedata alerts poison show`, correct the body, and `vibedata alerts replay` it.",
        detail={"names": names},
    )
