"""Requeue poisoned alerts: put them back on the queue `alerts`, once each.

Sent first, marked then: whoever dies between the two has it sent again next time, and the processor knows the delivery
by its key; the other way round it would be lost. Each is read when its turn comes: together they may be gigabytes.
"""

from __future__ import annotations

from collections import Counter
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
    force: bool = False,
) -> Summary:
    """Requeue those named, or all that wait when none is; what was requeued already is left alone.

    Of all that wait, those that would only come back stay (with `force` only those that hold no message); and one
    that cannot be put back does not keep the others. Raises BadInput (alert-poison-unknown, alert-poison-ambiguous;
    alert-poison-unreadable for one that is named and holds no message) and, for one that is named, Failed
    (alert-claim-*).
    """
    kept = poisoned.kept()
    chosen = [poison.chosen(kept, one) for one in wanted] if wanted else [one for one in kept if one.waits]
    waiting = [one for one in dict.fromkeys(chosen) if one.waits]
    read = _named if wanted else _held if force else _worth_it
    if wanted and (none := [one.name for one in waiting if read(one, poisoned, claims)[0] is None]):
        raise _unreadable(none)
    sent: list[str] = []
    stay: dict[str, str] = {}
    for one in waiting:
        message, code = read(one, poisoned, claims)
        if message is None:
            stay[one.name] = code
            continue
        queue.send(replace(message, requeued=True))
        poisoned.requeued(one.name, clock())
        sent.append(one.name)
    before = [one.name for one in chosen if not one.waits]
    staying = [{"name": name, "code": code} for name, code in stay.items()]
    data = {"requeued": sent, "requeuedBefore": before, "stay": staying}
    return Summary(VERB, {"messages": len(sent)}, _told(sent, before, Counter(stay.values())), data)


def _named(one: Poisoned, poisoned: PoisonedAlerts, claims: AlertClaims) -> tuple[Message | None, str]:
    """Return the message with its body inline, and why there is none.

    What it claims may have expired meanwhile, and was kept beside it. Raises Failed (alert-claim-*).
    """
    _, raw, claimed = poisoned.read(one.name)
    message = poison.message_of(raw)
    if message is None:
        return None, poison.diagnose(raw, None).code
    if message.claim is None:
        return message, ""
    return replace(message, claim=None, body=claims.read(message.claim) if claimed is None else claimed), ""


def _held(one: Poisoned, poisoned: PoisonedAlerts, claims: AlertClaims) -> tuple[Message | None, str]:
    try:
        return _named(one, poisoned, claims)
    except Failed as error:  # its body is gone, or another
        return None, error.code


def _worth_it(one: Poisoned, poisoned: PoisonedAlerts, claims: AlertClaims) -> tuple[Message | None, str]:
    """Return the message unless it would only come back; what tells is how we read it now, not when it was kept."""
    message, why = _held(one, poisoned, claims)
    if message is None:
        return None, why
    told = poison.diagnose_body(message, message.body or b"")
    return (message, "") if told.code == poison.FAILED else (None, told.code)


def _told(sent: list[str], before: list[str], stay: Counter[str]) -> str:
    told = f"{len(sent)} put back on the queue."
    if before:
        told += f" {len(before)} had been before; nothing was done about them."
    if stay:
        why = ", ".join(f"{number} {code}" for code, number in sorted(stay.items()))
        told += (
            f" {sum(stay.values())} stay, for they would only come back: {why}."
            " `vibedata alerts poison show` shows each."
        )
    return told


def _unreadable(names: list[str]) -> BadInput:
    return BadInput(
        "alert-poison-unreadable",
        f"No message can be read from {', '.join(name[:12] for name in names)}: it would only be poisoned again.",
        hint="Look at it with `vibedata alerts poison show`, correct the body, and `vibedata alerts replay` it.",
        detail={"names": names},
    )
