"""Send alerts by hand, through whichever way in: to try an instance, to practise, to load it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from vibedata import alerts, parallel
from vibedata.alerts import sending
from vibedata.ports import Summary
from vibedata.ports.alerts import AlertSender

VERB = "send_alert"
AT_ONCE = 8
SHARE = 1000  # of a large count, so many are in memory at once


def run(
    files: Sequence[tuple[str, bytes]],
    *,
    count: int | None,
    sender: AlertSender,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    beat: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Send each file as it is or, with a count, that many alerts made of each; `beat` gets how many were sent.

    What is no alert is sent all the same, and said: intake keeps it. Raises BadInput (alert-unrecognised,
    alert-not-repeatable) before anything is sent, and what the sender raises.
    """
    for name, raw in files if count else ():
        sending.another(raw, name=name, new_id=new_id(), now=clock())
    bodies = (
        (name, _body(name, raw, number, count, new_id, clock))
        for number in range(count or 1)
        for name, raw in files
    )
    answers: dict[str, Mapping[str, Any]] = {}
    sent = 0
    while share := list(islice(bodies, SHARE)):
        told = parallel.in_parallel(lambda one: sender.send(one[1]), share, at_once=AT_ONCE)
        answers.update((name, answer) for (name, _), answer in zip(share, told, strict=True))
        sent += len(share)
        beat(sent)
    shown = [
        {"file": name, "sent": count or 1, "answer": dict(answers[name]), "noAlert": _no_alert(raw)}
        for name, raw in files
    ]
    return Summary(VERB, {"alerts": sent}, f"{sent} sent.", {"sent": sent, "files": shown})


def _no_alert(raw: bytes) -> str | None:
    """Return why something in a body is no alert, None where everything is one."""
    return next((one.shape.reason for one in alerts.read(raw) if not one.shape.is_alert), None)


def _body(
    name: str,
    raw: bytes,
    number: int,
    count: int | None,
    new_id: Callable[[], str],
    clock: Callable[[], datetime],
) -> bytes:
    if count is None:
        return raw
    moment = clock() + timedelta(microseconds=number)  # two of one clock tick differ all the same
    return sending.another(raw, name=name, new_id=new_id(), now=moment)
